use std::collections::BTreeSet;

use ruff_python_ast::{Alias, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::apps::looks_like_migration;
use crate::project::django::settings::is_settings;
use crate::project::python::origin::{Origin, OwnModules};
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{Module, assignment};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY001,
    page: include_str!("import_order.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(reading, check)],
};

/// Migrations are written by Django, in its order.
fn reading(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py") && !looks_like_migration(path))
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if file.module.comments().iter().any(|comment| is_left_alone(comment.text)) {
        return Ok(());
    }
    let (tree, own) = (file.project().tree()?, file.project().fact::<OwnModules>(&())?);
    let sources = Sources { file, tree: &tree, own: &own };
    for run in runs(file.module) {
        let imports: Vec<Import<'_>> = run.iter().map(|statement| sources.import(statement)).collect();
        out_of_order(file, &imports, out);
        imports.iter().for_each(|import| several_in_one(file, import, out));
    }
    // Settings may be read before what depends on them is imported.
    if !is_settings(file.path) {
        late(file, out);
    }
    Ok(())
}

/// `# isort: skip_file`, `# isort: off`
fn is_left_alone(comment: &str) -> bool {
    comment
        .split("isort:")
        .skip(1)
        .any(|said| matches!(said.split_whitespace().next(), Some("skip_file" | "off")))
}

/// Imports at the top of a module with nothing between them.
fn runs(module: &Module) -> Vec<&[Stmt]> {
    let body = module.body();
    let split = |a: &Stmt, b: &Stmt| {
        let lines = module.span(a).end.line..=module.span(b).start.line;
        module
            .index()
            .comments_on(lines)
            .iter()
            .any(|comment| comment.text.contains("isort:") && comment.text.contains("split"))
    };
    let runs = body.chunk_by(|a, b| is_import(a) && is_import(b) && !split(a, b));
    runs.filter(|run| run.first().is_some_and(is_import)).collect()
}

fn is_import(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_))
}

/// One statement of a run.
struct Import<'a> {
    statement: &'a Stmt,
    /// `.models`
    name: String,
    /// `None`: nobody can tell, or it is to stay where it is.
    origin: Option<Origin>,
}

struct Sources<'a> {
    file: &'a PythonFile<'a>,
    tree: &'a Tree,
    own: &'a OwnModules,
}

impl Sources<'_> {
    fn import<'s>(&self, statement: &'s Stmt) -> Import<'s> {
        let (name, origin) = match statement {
            Stmt::ImportFrom(from) => {
                let module = from.module.as_ref().map_or("", |name| name.as_str());
                let origin = if from.level > 0 { Some(Origin::Relative) } else { self.origin(module) };
                (format!("{}{module}", ".".repeat(from.level as usize)), origin)
            }
            Stmt::Import(import) => {
                let origins: BTreeSet<_> =
                    import.names.iter().map(|alias| self.origin(alias.name.as_str())).collect();
                let only = origins.first().copied().flatten().filter(|_| origins.len() == 1);
                (import.names.first().map_or_else(String::new, |alias| alias.name.to_string()), only)
            }
            _ => (String::new(), None),
        };
        let lines = self.file.module.span(statement).lines();
        let comments = self.file.index().comments_on(lines.start..=lines.end - 1);
        let stays =
            comments.iter().any(|comment| comment.text.contains("isort") || comment.text.contains("noqa"));
        Import { statement, name, origin: origin.filter(|_| !stays) }
    }

    fn origin(&self, module: &str) -> Option<Origin> {
        let top = module.split('.').next().unwrap_or(module);
        self.own.origin(self.tree, self.file.path, top)
    }
}

/// Tells of each import that stands below one of a later group.
fn out_of_order(file: &PythonFile<'_>, imports: &[Import<'_>], out: &mut Report<'_>) {
    let known: Vec<(&Import<'_>, Origin)> =
        imports.iter().filter_map(|import| Some((import, import.origin?))).collect();
    let mut fix = None;
    for pair in known.windows(2) {
        let [(before, higher), (import, origin)] = pair else { continue };
        if origin >= higher {
            continue;
        }
        let headline = format!(
            "{} ({}) is imported below {} ({})",
            code(&import.name),
            words(*origin),
            code(&before.name),
            words(*higher)
        );
        let between = TextRange::new(before.statement.start(), import.statement.end());
        let fault = format!("{} < {}", before.name, import.name);
        let said = out
            .say(
                import.statement,
                "imports",
                fault,
                headline,
                "Imports are read by group: the standard library, packages, then this project; here one hides among the others.",
            )
            .because_of(&between);
        let said = if *origin == Origin::Own { said.advice() } else { said };
        match fix.get_or_insert_with(|| sorted(file, imports)) {
            Some((safety, edit)) => {
                let text = "Right if none of these modules has to be imported before another.";
                said.edit(*safety, text, vec![edit.clone()]);
            }
            None => {
                said.fix(format!("Move it above {}, to the others of its group.", code(&before.name)));
            }
        }
    }
}

fn words(origin: Origin) -> &'static str {
    match origin {
        Origin::Future => "of `__future__`",
        Origin::Standard => "standard library",
        Origin::ThirdParty => "a package",
        Origin::Own => "this project",
        Origin::Relative => "this project, relative",
    }
}

/// The run by groups. `None` where a comment, an unknown module or a name that is bound twice says that only a person can.
fn sorted(file: &PythonFile<'_>, imports: &[Import<'_>]) -> Option<(FixSafety, Edit)> {
    let (first, last) = (imports.first()?, imports.last()?);
    let run = TextRange::new(first.statement.start(), last.statement.end());
    let lines = file.module.span(&run).lines();
    let is_alone = |import: &Import<'_>| {
        file.module.indentation(import.statement) == Some("") && ends_its_line(file, import.statement)
    };
    let mut names = BTreeSet::new();
    let is_plain = imports.iter().flat_map(|import| aliases(import.statement)).all(|alias| {
        let local = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
        local != "*" && names.insert(local)
    });
    if !file.index().comments_on(lines.start..=lines.end - 1).is_empty()
        || !is_plain
        || !imports.iter().all(is_alone)
    {
        return None;
    }
    let mut order: Vec<(Origin, &Import<'_>)> =
        imports.iter().map(|import| Some((import.origin?, import))).collect::<Option<_>>()?;
    // Nothing waits for a module of the standard library: it may always come first.
    let rest: Vec<Origin> =
        order.iter().map(|(origin, _)| *origin).filter(|origin| *origin > Origin::Standard).collect();
    let safety = if rest.is_sorted() { FixSafety::Safe } else { FixSafety::Ask };
    order.sort_by_key(|(origin, _)| *origin);
    let groups = order.chunk_by(|a, b| a.0 == b.0).map(|group| {
        let lines: Vec<&str> = group.iter().map(|(_, import)| file.module.source(import.statement)).collect();
        lines.join("\n")
    });
    Some((safety, file.replace(&run, groups.collect::<Vec<_>>().join("\n\n"))))
}

fn aliases(statement: &Stmt) -> &[Alias] {
    match statement {
        Stmt::Import(import) => &import.names,
        Stmt::ImportFrom(import) => &import.names,
        _ => &[],
    }
}

fn ends_its_line(file: &PythonFile<'_>, statement: &Stmt) -> bool {
    let behind = file.module.text().as_str().get(statement.end().to_usize()..).unwrap_or("");
    behind.lines().next().unwrap_or("").trim().is_empty()
}

/// `import os, sys`
fn several_in_one(file: &PythonFile<'_>, import: &Import<'_>, out: &mut Report<'_>) {
    let names = aliases(import.statement);
    if !import.statement.is_import_stmt() || names.len() < 2 {
        return;
    }
    let shown = file.module.source(import.statement);
    let said = out
        .say(
            import.statement,
            "imports",
            shown,
            format!("{} imports {} modules in one line", code(shown), names.len()),
            "A change of one of them shows as a change of all.",
        )
        .advice();
    let lines: Vec<String> =
        names.iter().map(|name| format!("import {}", file.module.source(name))).collect();
    if file.module.indentation(import.statement) == Some("") && ends_its_line(file, import.statement) {
        said.edit(
            FixSafety::Safe,
            "One line for each module.",
            vec![file.replace(import.statement, lines.join("\n"))],
        );
    } else {
        said.fix("One line for each module.");
    }
}

/// Tells of an import behind code that surely needs not run before it.
fn late(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let mut before: Option<&Stmt> = None;
    let body = file.module.body().iter().enumerate();
    for (at, statement) in body {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                let Some(code_before) = before.take() else { continue };
                let from = file.module.span(code_before).start.line;
                if !file.index().comments_on(from..=file.module.span(statement).start.line).is_empty() {
                    continue;
                }
                let shown = file.module.source(code_before).lines().next().unwrap_or("");
                out.say(
                    statement,
                    "imports",
                    format!("late {}", file.module.source(statement)),
                    format!("An import stands below {}", code(shown)),
                    "Who looks for what this file needs reads its top, and misses it.",
                )
                .because_of(&TextRange::new(code_before.start(), statement.end()))
                .advice()
                .fix("Move it to the other imports.");
            }
            Stmt::Expr(docstring) if at == 0 && docstring.value.is_string_literal_expr() => {}
            other if is_dunder(other) => {}
            other if is_plain_value(file.module, other) => before = before.or(Some(other)),
            // Anything else may be why the rest is imported later.
            _ => return,
        }
    }
}

/// `__version__ = "1"`: PEP 8 wants it above the imports.
fn is_dunder(statement: &Stmt) -> bool {
    let assigned = assignment(statement);
    assigned.is_some_and(|(name, _)| name.starts_with("__") && name.ends_with("__"))
}

/// `LIMIT = 3`, `logger = logging.getLogger(__name__)`
fn is_plain_value(module: &Module, statement: &Stmt) -> bool {
    let Some((_, value)) = assignment(statement) else { return false };
    match value {
        Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {
            true
        }
        Expr::Call(call) => module.qualified(&call.func).is_some_and(|callee| callee == "logging.getLogger"),
        _ => false,
    }
}
