use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::tasks;
use crate::project::python::role::is_command;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder, join};

pub(in crate::rules::celery) static RULE: Rule = Rule {
    entry: &catalogue::CEL011,
    page: include_str!("task_outside_tasks_py.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if is_home(file.path) || is_command(file.path) {
        return Ok(());
    }
    let home = join(folder(file.path), "tasks.py");
    for task in tasks::of_module(file.project(), file.path, file.module)? {
        // Celery's own example: https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html
        if task.name() == "debug_task" {
            continue;
        }
        let headline = format!("Task {} is in {}", code(task.name()), code(file.path));
        let consequence = "A worker's `autodiscover_tasks()` imports `tasks` of every app and nothing else: it may answer `Received unregistered task`.";
        let node = task.function.node;
        out.say(&node.name, task.name(), "outside tasks", headline, consequence)
            .because_of(node)
            .fix(format!("Move it to {}.", code(&home)));
    }
    Ok(())
}

/// `tasks.py`, or a module of a package `tasks`.
fn is_home(path: &str) -> bool {
    file_name(path) == "tasks.py" || folder(path).split('/').any(|part| part == "tasks")
}
