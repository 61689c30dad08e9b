//! `print` where a log belongs.

use ruff_python_ast::{Expr, Stmt};

use crate::model::finding::code;
use crate::project::python::role::{is_command, is_test};
use crate::rules::python::{PythonFile, Report};
use crate::source::tree::{file_name, folder};
use crate::syntax::python::Call;

pub(in crate::rules::style) fn check(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let calls = || ["print", "pprint", "pp"].into_iter().flat_map(|last| file.index().calls_of(last));
    if calls().next().is_none() || is_test(file.path) || is_command(file.path) || is_script(file) {
        return;
    }
    for (call, name) in calls().filter_map(|call| Some((call, printing(file, call)?))) {
        // The same words for all of a file: the report tells them in one comment.
        let headline = format!("{} in {} writes past the log", code(name), code(file_name(file.path)));
        out.say(
            &*call.node.func,
            file.index().name_of(call.scope),
            name,
            headline,
            "In production it has no level, no time and no logger, and nobody can turn it off; mostly nobody reads it.",
        )
        .fix(format!("Write {} with {}.", code("logger.info(…)"), code("logger = logging.getLogger(__name__)")));
    }
}

/// The function by which a call writes to the terminal.
fn printing(file: &PythonFile<'_>, call: &Call<'_>) -> Option<&'static str> {
    let callee = file.module.qualified(&call.node.func)?;
    if callee == "print" && file.index().bindings("print").is_empty() {
        let to = call.node.arguments.find_keyword("file").map(|keyword| &keyword.value);
        let is_terminal = |to: &Expr| {
            file.module.qualified(to).is_some_and(|name| name == "sys.stdout" || name == "sys.stderr")
        };
        return to.is_none_or(is_terminal).then_some("print");
    }
    (callee == "pprint.pprint" || callee == "pprint.pp").then_some("pprint")
}

/// Is the terminal where its output belongs?
fn is_script(file: &PythonFile<'_>) -> bool {
    const FOLDERS: [&str; 12] = [
        "docs",
        "doc",
        "example",
        "examples",
        "tool",
        "tools",
        "contrib",
        "deploy",
        "deployment",
        "docker",
        "ci",
        "benchmarks",
    ];
    const NAMES: [&str; 8] = [
        "manage.py",
        "setup.py",
        "fabfile.py",
        "noxfile.py",
        "__main__.py",
        "conf.py",
        "gunicorn.py",
        "cli.py",
    ];
    let is_run = |statement: &Stmt| statement.as_if_stmt().is_some_and(|branch| asks_for_main(&branch.test));
    folder(file.path).is_empty()
        || NAMES.contains(&file_name(file.path))
        || folder(file.path).split('/').any(|part| FOLDERS.contains(&part) || part.starts_with('.'))
        || file.module.text().as_str().starts_with("#!")
        || file.module.body().iter().any(is_run)
}

/// `__name__ == "__main__"`
fn asks_for_main(test: &Expr) -> bool {
    let left = test.as_compare_expr().and_then(|compare| compare.left.as_name_expr());
    left.is_some_and(|name| name.id.as_str() == "__name__")
}
