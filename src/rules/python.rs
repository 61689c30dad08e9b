//! A changed Python file as rules look at it, and how they tell what they find there.

use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::change::ChangedFile;
use crate::model::finding::{Confidence, Edit, Finding, Fix, FixSafety, NodeText, Place, Severity, Span};
use crate::project::Project;
use crate::source::NotLoaded;
use crate::syntax::python::{Index, Module, normalised_expr};

use super::{Context, Rule, ScopedFile};

/// A changed file that parses, on the side that is judged.
#[derive(Clone, Copy, Debug)]
pub struct PythonFile<'a> {
    pub context: &'a Context<'a>,
    pub path: &'a str,
    pub changed: &'a ChangedFile,
    pub module: &'a Module,
}

impl<'a> PythonFile<'a> {
    /// Lets a rule look at a file; nothing is found in one that does not parse.
    pub(super) fn look(
        rule: &'static Rule,
        context: &Context<'_>,
        file: ScopedFile<'_>,
        check: impl FnOnce(&PythonFile<'_>, &mut Report<'_>) -> Result<(), NotLoaded>,
    ) -> Result<Vec<Finding>, NotLoaded> {
        let Some(module) = context.here.module(file.path)?.filter(|module| module.fault().is_none()) else {
            return Ok(Vec::new());
        };
        let file = PythonFile { context, path: file.path, changed: file.changed, module: &module };
        let mut report = Report { rule, file: &file, findings: Vec::new() };
        check(&file, &mut report)?;
        Ok(report.findings)
    }

    pub fn project(&self) -> &'a Arc<Project> {
        self.context.here
    }

    pub fn index(&self) -> &'a Index<'a> {
        self.module.index()
    }

    /// Something else in place of a node.
    pub fn replace(&self, node: &impl Ranged, replacement: impl Into<String>) -> Edit {
        Edit { span: self.module.span(node), replacement: replacement.into() }
    }

    /// More text, before what stands there.
    pub fn insert(&self, at: TextSize, text: impl Into<String>) -> Edit {
        self.replace(&TextRange::empty(at), text)
    }

    /// Takes a statement away with its lines; `None` where something else stands on them.
    pub fn take_out(&self, statement: &impl Ranged) -> Option<Edit> {
        let text = self.module.text();
        let span = self.module.span(statement);
        let (first, last) = (text.line_bytes(span.start.line), text.line_bytes(span.end.line));
        let before = text.as_str().get(first.start..statement.start().to_usize())?;
        let behind = text.as_str().get(statement.end().to_usize()..last.end)?;
        let lines = TextRange::new(first.start.try_into().ok()?, last.end.try_into().ok()?);
        (before.trim().is_empty() && behind.trim().is_empty()).then(|| self.replace(&lines, ""))
    }

    /// Takes an argument with its name out of a call, and the comma with it; `None` where a comment or bracket is in the way.
    pub fn take_argument(&self, call: &ExprCall, name: &str) -> Option<Edit> {
        let all: Vec<TextRange> = call.arguments.iter_source_order().map(|it| it.range()).collect();
        let own = call.arguments.find_keyword(name)?.range();
        let at = all.iter().position(|range| *range == own)?;
        let is_comma = |range: TextRange| self.module.source(&range).trim() == ",";
        let before =
            at.checked_sub(1).and_then(|at| all.get(at)).map(|it| TextRange::new(it.end(), own.start()));
        let behind = all.get(at + 1).map(|it| TextRange::new(own.end(), it.start()));
        match (before, behind) {
            (_, Some(behind)) if is_comma(behind) => Some(own.cover(behind)),
            (Some(before), None) if is_comma(before) => Some(own.cover(before)),
            _ => None,
        }
        .map(|range| self.replace(&range, ""))
    }

    /// More lines, below the last one of a node.
    pub fn insert_below(&self, node: &impl Ranged, lines: &str) -> Edit {
        let last = self.module.span(node).end.line;
        let end = self.module.text().line_span(last).end;
        Edit { span: Span { start: end, end }, replacement: format!("\n{lines}") }
    }

    /// A further argument of a call, on a line of its own where the last one has one; `None` where brackets around the
    /// last one hide its end.
    pub fn add_argument(&self, call: &ExprCall, argument: &str) -> Option<Edit> {
        let inside = call.arguments.end() - TextSize::of(')');
        let Some(last) = call.arguments.iter_source_order().last() else {
            return Some(self.insert(inside, argument));
        };
        let behind = self.module.source(&TextRange::new(last.end(), inside));
        if behind.trim_start().starts_with(')') {
            return None;
        }
        Some(match self.module.indentation(&last) {
            Some(blanks) => self.insert(last.end(), format!(",\n{blanks}{argument}")),
            None => self.insert(last.end(), format!(", {argument}")),
        })
    }

    /// Does a person's comment stand on the lines of a node, or alone on one of the two lines above it?
    pub fn has_comment(&self, node: &impl Ranged) -> bool {
        let lines = self.module.span(node).lines();
        let near = self.index().comments_on(lines.start.saturating_sub(2).max(1)..=lines.end - 1);
        let stands_alone = |line| self.module.text().line(line).trim_start().starts_with('#');
        near.iter().any(|comment| {
            !comment.is_for_a_tool() && (comment.line >= lines.start || stands_alone(comment.line))
        })
    }
}

/// What a rule has to say of a file.
#[derive(Debug)]
pub struct Report<'a> {
    rule: &'static Rule,
    file: &'a PythonFile<'a>,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// Tells of a fault at a node. `subject` names what it is about under any move of lines (`Post.author`), `fault` is
    /// the smallest text that is wrong (`null=True`): the same fault of the same subject at the base is no new one. The
    /// headline names their code and the fault, the consequence what will happen; both as in [`Finding`].
    pub fn say(
        &mut self,
        at: &impl Ranged,
        subject: impl Into<String>,
        fault: impl Into<String>,
        headline: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Remark<'_> {
        let place = Place::Head { path: self.file.path.to_owned(), span: self.file.module.span(at) };
        let finding = self.rule.finding(place, subject, NodeText::Open(fault.into()), headline, consequence);
        self.push(finding)
    }

    /// The same of a line that may hold a secret: nothing of it is stored or hashed.
    pub fn say_secretly(
        &mut self,
        at: &Expr,
        subject: impl Into<String>,
        headline: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Remark<'_> {
        let place = Place::Head { path: self.file.path.to_owned(), span: self.file.module.span(at) };
        let node = NodeText::Secret(normalised_expr(at));
        let finding = self.rule.finding(place, subject, node, headline, consequence);
        self.push(finding)
    }

    /// Tells of the file as a whole.
    pub fn say_of_file(
        &mut self,
        fault: impl Into<String>,
        headline: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Remark<'_> {
        let place = Place::Path(self.file.path.to_owned());
        let finding = self.rule.finding(place, "file", NodeText::Open(fault.into()), headline, consequence);
        self.push(finding)
    }

    fn push(&mut self, finding: Finding) -> Remark<'_> {
        let at = self.findings.len();
        self.findings.push(finding);
        Remark { finding: &mut self.findings[at], module: self.file.module }
    }
}

/// What was just said, to be said more exactly.
#[derive(Debug)]
pub struct Remark<'r> {
    finding: &'r mut Finding,
    module: &'r Module,
}

impl Remark<'_> {
    pub fn severity(self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    pub fn warning(self) -> Self {
        self.severity(Severity::Warning)
    }

    pub fn advice(self) -> Self {
        self.severity(Severity::Advice)
    }

    pub fn confidence(self, confidence: Confidence) -> Self {
        self.finding.confidence = confidence;
        self
    }

    /// What makes it wrong: a change anywhere in it may have brought the fault, a line taken out of it too.
    pub fn because_of(self, cause: &impl Ranged) -> Self {
        self.finding.cause = Some(self.module.span(cause));
        self
    }

    /// One sentence that says what to write.
    pub fn fix(self, text: impl Into<String>) -> Self {
        self.finding.fix = Some(Fix::text(text));
        self
    }

    /// The exact replacement.
    pub fn edit(self, safety: FixSafety, text: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.finding.fix = Some(Fix { safety, text: text.into(), edits });
        self
    }
}
