use ruff_python_ast::{Expr, ParameterWithDefault, Parameters, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::apps::looks_like_migration;
use crate::rules::model::Model;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Function, Module, normalised_expr, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY006,
    page: include_str!("mutable_default.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(reading, check), Look::Model(check_model)],
};

fn reading(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py") && !looks_like_migration(path))
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for function in file.index().functions().iter().filter(|function| !is_fixture(file.module, function.node))
    {
        for parameter in mutable_parameters(file.module, &function.node.parameters) {
            of_function(file, function, parameter, out);
        }
    }
    walk_exprs(file.module.body(), &mut |expr| {
        let parameters = expr.as_lambda_expr().and_then(|lambda| lambda.parameters.as_deref());
        for parameter in parameters.into_iter().flat_map(|own| mutable_parameters(file.module, own)) {
            tell(parameter, "a lambda".to_owned(), "lambda".to_owned(), out);
        }
    });
    dataclasses(file, out);
    Ok(())
}

/// Parameters whose default is one object for all calls, which any of them may change.
fn mutable_parameters<'a>(
    module: &'a Module,
    parameters: &'a Parameters,
) -> impl Iterator<Item = &'a ParameterWithDefault> {
    let own = parameters.iter_non_variadic_params();
    own.filter(|parameter| parameter.default.as_deref().is_some_and(|default| is_mutable(module, default)))
}

fn of_function(
    file: &PythonFile<'_>,
    function: &Function<'_>,
    parameter: &ParameterWithDefault,
    out: &mut Report<'_>,
) {
    let subject = file.index().name_of(function.body);
    let annotation = parameter.parameter.annotation.as_deref();
    let edits = edits(file, function.node, parameter);
    let said = tell(parameter, code(function.node.name.as_str()), subject, out);
    let said =
        if annotation.is_some_and(|kind| is_read_only(file.module, kind)) { said.advice() } else { said };
    let name = parameter.parameter.name.as_str();
    match edits {
        Some(edits) => {
            said.edit(
                FixSafety::Ask,
                format!("Right if no caller gives {} for {}.", code("None"), code(name)),
                edits,
            );
        }
        None => {
            said.fix(format!(
                "Write {} and make the object in the body where it is {}.",
                code(&format!("{name}=None")),
                code("None")
            ));
        }
    }
}

fn tell<'r>(
    parameter: &ParameterWithDefault,
    of: String,
    subject: String,
    out: &'r mut Report<'_>,
) -> crate::rules::python::Remark<'r> {
    let name = parameter.parameter.name.as_str();
    let value = parameter.default.as_deref().map(normalised_expr).unwrap_or_default();
    let fault = format!("{name}={value}");
    let headline = format!("The default {} of {of} is one object for all calls", code(&fault));
    let consequence = "What one call puts into it, the next one finds there, until the process ends.";
    out.say(parameter, subject, fault, headline, consequence)
}

/// `None` instead, and the object made first thing in the body.
fn edits(
    file: &PythonFile<'_>,
    function: &StmtFunctionDef,
    parameter: &ParameterWithDefault,
) -> Option<Vec<Edit>> {
    // What `list | None` needs, nobody knows of an older Python.
    if parameter.parameter.annotation.is_some() {
        return None;
    }
    let default = parameter.default.as_deref()?;
    let first = match function.body.as_slice() {
        [Stmt::Expr(docstring), next, ..] if docstring.value.is_string_literal_expr() => next,
        [Stmt::Expr(only)] if only.value.is_string_literal_expr() => return None,
        [first, ..] => first,
        [] => return None,
    };
    let indentation = file.module.indentation(first)?;
    let name = parameter.parameter.name.as_str();
    let made = format!(
        "if {name} is None:\n{indentation}    {name} = {}\n{indentation}",
        file.module.source(default)
    );
    Some(vec![file.replace(default, "None"), file.insert(first.start(), made)])
}

/// A fixture is called by the framework, once for each use.
fn is_fixture(module: &Module, function: &StmtFunctionDef) -> bool {
    let names = function.decorator_list.iter().filter_map(|decorator| {
        let called = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
        module.qualified(called)
    });
    names.into_iter().any(|name| name == "pytest.fixture" || name == "pytest_asyncio.fixture")
}

fn is_mutable(module: &Module, expr: &Expr) -> bool {
    const BUILTIN: [&str; 4] = ["list", "dict", "set", "bytearray"];
    const IMPORTED: [&str; 5] = ["defaultdict", "deque", "Counter", "OrderedDict", "ChainMap"];
    match expr {
        Expr::List(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::ListComp(_)
        | Expr::SetComp(_)
        | Expr::DictComp(_) => true,
        Expr::Call(call) => module.qualified(&call.func).is_some_and(|callee| {
            let last = callee.last();
            let is_builtin =
                callee.is_plain() && BUILTIN.contains(&last) && module.index().bindings(last).is_empty();
            is_builtin || (callee.is_in("collections") && IMPORTED.contains(&last))
        }),
        _ => false,
    }
}

/// Does an annotation promise that nothing is put in: `Sequence[str]`, `Mapping[str, int] | None`?
fn is_read_only(module: &Module, annotation: &Expr) -> bool {
    const KINDS: [&str; 8] =
        ["Sequence", "Mapping", "Collection", "Iterable", "AbstractSet", "Set", "Container", "FrozenSet"];
    let mut parts = vec![annotation];
    let mut some = false;
    while let Some(part) = parts.pop() {
        match part {
            Expr::NoneLiteral(_) => {}
            Expr::BinOp(either) => parts.extend([&*either.left, &*either.right]),
            Expr::Subscript(generic) => {
                let is_optional = module
                    .qualified(&generic.value)
                    .is_some_and(|name| matches!(name.last(), "Optional" | "Union"));
                match &*generic.slice {
                    Expr::Tuple(all) if is_optional => parts.extend(&all.elts),
                    only if is_optional => parts.push(only),
                    _ => parts.push(&generic.value),
                }
            }
            name => {
                let is_kind = module.qualified(name).is_some_and(|name| {
                    (name.is_in("typing") || name.is_in("collections.abc")) && KINDS.contains(&name.last())
                });
                if !is_kind {
                    return false;
                }
                some = true;
            }
        }
    }
    some
}

/// `items: list = []` in a dataclass: Python refuses the class.
/// https://docs.python.org/3/library/dataclasses.html#mutable-default-values
fn dataclasses(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let is_meant = |decorator: &ruff_python_ast::Decorator| {
        let called = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
        file.module.qualified(called).is_some_and(|name| name == "dataclasses.dataclass")
    };
    let classes =
        file.index().classes().iter().filter(|class| class.node.decorator_list.iter().any(is_meant));
    for class in classes {
        let statements = file.index().scope(class.body).statements.iter();
        let fields = statements.filter_map(|statement| statement.node.as_ann_assign_stmt());
        for field in fields.filter(|field| !is_class_variable(file.module, &field.annotation)) {
            let Some(value) = field.value.as_deref().filter(|value| is_refused(file.module, value)) else {
                continue;
            };
            let name = file.module.source(&*field.target);
            let shown = normalised_expr(value);
            let owner = class.node.name.as_str();
            let headline =
                format!("The default {} of {} is refused", code(&shown), code(&format!("{owner}.{name}")));
            let said = out.say(
                value,
                format!("{owner}.{name}"),
                shown,
                headline,
                "The import of this module stops with `ValueError: mutable default … is not allowed: use default_factory`.",
            );
            said.fix(format!(
                "Write {} with `field` of `dataclasses`.",
                code(&format!("{name}: … = field(default_factory=…)"))
            ));
        }
    }
}

fn is_class_variable(module: &Module, annotation: &Expr) -> bool {
    let outer = annotation.as_subscript_expr().map_or(annotation, |generic| &generic.value);
    module.qualified(outer).is_some_and(|name| name.last() == "ClassVar")
}

/// Lists, dicts and sets: what every version of Python refuses.
fn is_refused(module: &Module, value: &Expr) -> bool {
    let name = value.as_call_expr().and_then(|call| module.qualified(&call.func));
    is_mutable(module, value) && name.is_none_or(|name| name.is_plain() && name.last() != "bytearray")
}

fn check_model(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    // What a package's field makes of its default, nobody here knows.
    for field in model.fields().iter().filter(|field| field.django().is_some()) {
        let Some(default) = field.argument("default").filter(|default| is_mutable(model.module, default))
        else {
            continue;
        };
        let path = model.path_of(field);
        let shown = normalised_expr(default);
        let headline = format!("The default {} of {} is one object for all rows", code(&shown), code(&path));
        let consequence = if field.is(&["JSONField", "ArrayField", "HStoreField"]) {
            "What is put into it on one row, every new row has; `manage.py check` warns with `fields.E010`."
        } else {
            "What is put into it on one row, every new row has."
        };
        let said = out.say(default, path, format!("default={shown}"), headline, consequence).warning();
        match factory(model.module, default) {
            Some(factory) => {
                said.edit(
                    FixSafety::Ask,
                    "Needs a migration, which changes no table.",
                    vec![model.file.replace(default, factory)],
                );
            }
            None => {
                said.fix("Give a function at the top of the module that returns it.");
            }
        }
    }
    Ok(())
}

/// What makes an empty one.
fn factory<'a>(module: &'a Module, default: &'a Expr) -> Option<&'a str> {
    match default {
        Expr::List(list) if list.elts.is_empty() => Some("list"),
        Expr::Dict(dict) if dict.items.is_empty() => Some("dict"),
        Expr::Call(call) if call.arguments.is_empty() => Some(module.source(&*call.func)),
        _ => None,
    }
}
