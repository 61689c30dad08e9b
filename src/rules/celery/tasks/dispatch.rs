//! Where code hands work to a task: `push.delay(order.pk)`, `push.apply_async(…)`, `push.s(…)`, `partial(push.delay, …)`.

use ruff_python_ast::{Arguments, Expr, ExprAttribute};
use ruff_text_size::Ranged;

use crate::rules::python::PythonFile;
use crate::source::NotLoaded;
use crate::syntax::python::Call;

/// Methods that hand their own arguments on.
const PLAIN: [&str; 4] = ["delay", "delay_on_commit", "s", "si"];
/// Methods that take `args` and `kwargs`.
const PACKED: [&str; 4] = ["apply_async", "apply_async_on_commit", "signature", "subtask"];

/// One call that hands work to a task.
#[derive(Debug)]
pub(super) struct Dispatch<'a> {
    pub(super) call: &'a Call<'a>,
    /// `push`, `tasks.push`
    pub(super) task: &'a Expr,
    /// `delay`
    pub(super) method: &'a str,
    /// What the task gets.
    pub(super) arguments: Vec<&'a Expr>,
}

/// Every hand-over of a file to a task of the repository, in source order.
pub(super) fn all<'a>(file: &PythonFile<'a>) -> Result<Vec<Dispatch<'a>>, NotLoaded> {
    let methods = PLAIN.into_iter().chain(PACKED).chain(["partial", "send_task"]);
    let calls = methods.flat_map(|method| file.index().calls_of(method));
    let found = NotLoaded::all(calls.map(|call| of(file, call)))?;
    let mut found: Vec<Dispatch<'a>> = found.into_iter().flatten().collect();
    found.sort_by_key(|dispatch| dispatch.call.node.start());
    Ok(found)
}

fn of<'a>(file: &PythonFile<'a>, call: &'a Call<'a>) -> Result<Option<Dispatch<'a>>, NotLoaded> {
    let arguments = &call.node.arguments;
    if file.module.qualified(&call.node.func).is_some_and(|name| name == "functools.partial") {
        let Some((Expr::Attribute(method), rest)) = arguments.args.split_first() else { return Ok(None) };
        let rest = rest.iter().chain(arguments.keywords.iter().map(|keyword| &keyword.value));
        return on_task(file, call, method, rest.collect());
    }
    let Some(method) = call.node.func.as_attribute_expr() else { return Ok(None) };
    match method.attr.as_str() {
        "send_task" if file.project().is_celery_app(file.path, file.module, &method.value)? => {
            let Some(task) = arguments.args.first() else { return Ok(None) };
            let arguments = packed(arguments, 1);
            Ok(Some(Dispatch { call, task, method: "send_task", arguments }))
        }
        name if PLAIN.contains(&name) => on_task(file, call, method, plain(arguments)),
        name if PACKED.contains(&name) => on_task(file, call, method, packed(arguments, 0)),
        _ => Ok(None),
    }
}

/// Only where the method is that of a task which this repository defines.
fn on_task<'a>(
    file: &PythonFile<'a>,
    call: &'a Call<'a>,
    method: &'a ExprAttribute,
    arguments: Vec<&'a Expr>,
) -> Result<Option<Dispatch<'a>>, NotLoaded> {
    let name = method.attr.as_str();
    if !PLAIN.contains(&name) && !PACKED.contains(&name) {
        return Ok(None);
    }
    let Some(task) = file.module.qualified(&method.value).map(|name| name.to_string()) else {
        return Ok(None);
    };
    let found = file.project().task_named(file.path, &task)?;
    Ok(found.map(|_| Dispatch { call, task: &method.value, method: name, arguments }))
}

fn plain(arguments: &Arguments) -> Vec<&Expr> {
    let named = arguments.keywords.iter().filter(|keyword| keyword.arg.is_some());
    let positional = arguments.args.iter().filter(|argument| !argument.is_starred_expr());
    positional.chain(named.map(|keyword| &keyword.value)).collect()
}

/// `args=(…)` and `kwargs={…}`, or the arguments from this position on.
fn packed(arguments: &Arguments, from: usize) -> Vec<&Expr> {
    let args = arguments.find_argument_value("args", from);
    let kwargs = arguments.find_argument_value("kwargs", from + 1);
    let listed = match args {
        Some(Expr::List(list)) => list.elts.as_slice(),
        Some(Expr::Tuple(tuple)) => tuple.elts.as_slice(),
        _ => &[],
    };
    let named = kwargs.and_then(Expr::as_dict_expr).map_or(&[][..], |dict| dict.items.as_slice());
    let named = named.iter().filter(|item| item.key.is_some()).map(|item| &item.value);
    listed.iter().filter(|argument| !argument.is_starred_expr()).chain(named).collect()
}

impl Dispatch<'_> {
    /// `push.delay`
    pub(super) fn said(&self, file: &PythonFile<'_>) -> String {
        match self.method {
            "send_task" => format!("send_task({})", file.module.source(self.task)),
            method => format!("{}.{method}", file.module.source(self.task)),
        }
    }

    /// The name of the task.
    pub(super) fn task_name(&self, file: &PythonFile<'_>) -> String {
        let written = file.module.source(self.task);
        written.rsplit('.').next().unwrap_or(written).trim_matches(['"', '\'']).to_owned()
    }
}
