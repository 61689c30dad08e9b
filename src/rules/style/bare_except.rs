use ruff_python_ast::{ExceptHandler, Stmt};
use ruff_text_size::{TextRange, TextSize};

use crate::model::catalogue;
use crate::model::finding::FixSafety;
use crate::rules::look::python;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY007,
    page: include_str!("bare_except.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(python, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for (scope, statement) in file.index().statements() {
        let Stmt::Try(guarded) = statement else { continue };
        for ExceptHandler::ExceptHandler(handler) in &guarded.handlers {
            if handler.type_.is_some() || handler.body.last().is_some_and(|last| last.is_raise_stmt()) {
                continue;
            }
            let keyword = TextRange::at(handler.range.start(), TextSize::of("except"));
            let name = file.index().name_of(scope);
            out.say(
                &keyword,
                name,
                "except:",
                "A bare `except:` catches everything",
                "It also swallows `KeyboardInterrupt`, `SystemExit` and every typing mistake in the block.",
            )
            .edit(
                FixSafety::Ask,
                "Right if nothing here has to catch `SystemExit`; better still, name the exception that you expect.",
                vec![file.insert(keyword.end(), " Exception")],
            );
        }
    }
    Ok(())
}
