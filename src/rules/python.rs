//! A changed Python file as rules look at it, and how they tell what they find there.

use std::sync::Arc;

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::change::ChangedFile;
use crate::model::finding::{Confidence, Edit, Finding, Fix, FixSafety, NodeText, Place, Severity};
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

    /// Does a comment stand on the lines of a node, or up to two lines above it?
    pub fn has_comment(&self, node: &impl Ranged) -> bool {
        let lines = self.module.span(node).lines();
        !self.index().comments_on(lines.start.saturating_sub(2).max(1)..=lines.end - 1).is_empty()
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
