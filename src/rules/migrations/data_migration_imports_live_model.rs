use std::collections::BTreeSet;

use ruff_python_ast::{Expr, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::change::{Change, Path};
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Severity, Span, code};
use crate::project::django::apps::looks_like_migration;
use crate::project::migrations::migration::Operation;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::tree::{folder, join};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{BindingKind, Function, Module, ScopeId, string, walk_exprs};

use super::files::{self, File};
use super::query_sets;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG014,
    page: include_str!("data_migration_imports_live_model.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: Some(wants),
};

/// Bases beyond the repository that make a class a model.
const MODELS: [&str; 8] = [
    "django.db.models.Model",
    "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.models.AbstractBaseUser",
    "django.contrib.auth.models.Group",
    "django.contrib.gis.db.models.Model",
    "mptt.models.MPTTModel",
    "wagtail.models.Page",
    "polymorphic.models.PolymorphicModel",
];

/// Models of Django itself, by their dotted name.
const DJANGO: [&str; 5] = [
    "django.contrib.auth.models.User",
    "django.contrib.auth.models.Group",
    "django.contrib.auth.models.Permission",
    "django.contrib.contenttypes.models.ContentType",
    "django.contrib.sites.models.Site",
];

/// What leads from a model to its rows.
const MANAGERS: [&str; 3] = ["objects", "_default_manager", "_base_manager"];

/// The models of the apps whose migrations change.
fn wants(change: &Change, tree: &Tree) -> Vec<Path> {
    let changed = change.files.iter().filter_map(|f| f.head_path()).filter(|p| looks_like_migration(p));
    let apps: BTreeSet<&str> = changed.map(|path| folder(folder(path))).collect();
    let files = apps.iter().flat_map(|app| {
        let package = join(app, "models");
        let inside = tree.under(&package).map(str::to_owned).collect::<Vec<_>>();
        inside.into_iter().chain([join(app, "models.py")])
    });
    files.filter(|path| path.ends_with(".py") && tree.contains(path)).collect()
}

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    files::each(context, |file, _| {
        let module = file.source.migration().module();
        let functions = data_functions(module, &file.source.operations());
        let used = functions.into_iter().flat_map(|f| uses(module, f).into_iter().map(move |used| (f, used)));
        let models = used.map(|(f, used)| live_model(context, file, &used).map(|live| (f, used, live)));
        let models = NotLoaded::all(models)?;
        Ok(models
            .iter()
            .filter_map(|(f, used, live)| Some(finding(file, f.node, used, live.as_ref()?)))
            .collect())
    })
}

/// The file's functions that a RunPython runs, forwards or backwards, and those that they call.
fn data_functions<'a>(module: &'a Module, operations: &[Operation<'_>]) -> Vec<&'a Function<'a>> {
    let index = module.index();
    let function = |name: &str| index.function_in(ScopeId::MODULE, name);
    let mut names = BTreeSet::new();
    for operation in operations.iter().filter(|o| o.django_kind() == Some("RunPython") && o.is_here()) {
        let given = [operation.argument("code", 0), operation.argument("reverse_code", 1)];
        names.extend(given.into_iter().flatten().filter_map(|e| Some(e.as_name_expr()?.id.to_string())));
    }
    let direct: Vec<&str> = names.iter().map(String::as_str).collect();
    let calls = direct.iter().filter_map(|name| function(name)).flat_map(|f| index.calls_in(f.body));
    let called = calls.filter_map(|call| Some(call.node.func.as_name_expr()?.id.as_str()));
    let all: BTreeSet<&str> = called.chain(direct.iter().copied()).collect();
    all.into_iter().filter_map(function).collect()
}

/// A use of something that may be a live model.
struct Use<'a> {
    expr: &'a Expr,
    /// As the function spells it: `Post`.
    local: String,
    /// What it stands for.
    target: String,
    /// `call_command("loaddata", …)`
    fixture: bool,
}

/// `X.objects.get` and `X(…)` of imported names, once for each name; names that the function binds itself are its own.
/// Other methods of a manager are the project's own and may never touch the table.
fn uses<'a>(module: &'a Module, function: &Function<'a>) -> Vec<Use<'a>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    walk_exprs(&function.node.body, &mut |expr| {
        let subject = match expr {
            Expr::Attribute(method) if is_query(method.attr.as_str()) => match &*method.value {
                Expr::Attribute(manager) if MANAGERS.contains(&manager.attr.as_str()) => &*manager.value,
                _ => return,
            },
            Expr::Call(call) => &*call.func,
            _ => return,
        };
        let Some(target) = module.qualified(subject).filter(|name| !name.is_plain()) else { return };
        let local = module.source(subject).to_owned();
        let first = local.split('.').next().unwrap_or(&local);
        let fixture = target.ends_with(".call_command") && is_loaddata(expr);
        if !binds(module, function, first) && seen.insert(local.clone()) {
            found.push(Use { expr, local, target: target.to_string(), fixture });
        }
    });
    found
}

/// Does a manager's method read or write the table? `create_user` is that of Django's own users.
fn is_query(method: &str) -> bool {
    let known = query_sets::READS.contains(&method) || query_sets::WRITES.contains(&method);
    known || matches!(method, "delete" | "raw" | "create_user")
}

fn is_loaddata(expr: &Expr) -> bool {
    let call = expr.as_call_expr();
    call.and_then(|call| call.arguments.find_positional(0)).and_then(string) == Some("loaddata")
}

/// Is it a parameter, or a name that the body assigns, other than by import?
fn binds(module: &Module, function: &Function<'_>, name: &str) -> bool {
    use BindingKind as K;
    let mut bindings = module.index().bindings_in(function.body, name).iter();
    bindings.any(|binding| matches!(binding.kind, K::Parameter | K::Assigned | K::Shared | K::Loop))
}

/// A live model: its app where the repository tells, and its class.
struct Live {
    app: Option<String>,
    class: String,
    severity: Severity,
}

fn live_model(context: &Context<'_>, file: &File<'_>, used: &Use<'_>) -> Result<Option<Live>, NotLoaded> {
    let class = used.target.rsplit('.').next().unwrap_or(&used.target).to_owned();
    let live =
        |app: Option<String>, class: &str| Live { app, class: class.to_owned(), severity: Severity::Error };
    if used.fixture {
        return Ok(Some(Live { severity: Severity::Warning, ..live(None, "loaddata") }));
    }
    if used.target == "django.contrib.auth.get_user_model" {
        return Ok(Some(live(None, "get_user_model")));
    }
    if DJANGO.contains(&used.target.as_str()) {
        let app = used.target.split('.').nth(2).map(str::to_owned);
        return Ok(Some(live(app, &class)));
    }
    if used.target.starts_with("django.") {
        return Ok(None);
    }
    let Some(ancestry) = context.here.ancestry(file.path, &used.target)? else { return Ok(None) };
    if !ancestry.foreign.iter().any(|base| MODELS.contains(&base.as_str())) {
        return Ok(None);
    }
    let Some(definition) = ancestry.own.first() else { return Ok(None) };
    let apps = context.here.apps()?;
    let homes = apps.iter().filter(|app| definition.path.starts_with(&format!("{}/", app.folder)));
    let home = homes.max_by_key(|app| app.folder.len());
    Ok(Some(live(home.map(|app| app.label.clone()), &definition.name)))
}

fn finding(file: &File<'_>, function: &StmtFunctionDef, used: &Use<'_>, live: &Live) -> Finding {
    let name = function.name.as_str();
    let (headline, consequence) = match live.class.as_str() {
        "loaddata" => (
            format!("{} loads a fixture with the live models", code(&format!("{name}()"))),
            "On a fresh database the fixture meets columns that later migrations have not made yet: `migrate` stops with `DeserializationError`.".to_owned(),
        ),
        class => {
            let (model, it) = match class {
                "get_user_model" => ("user model".to_owned(), "it".to_owned()),
                class => (format!("model {}", code(class)), code(class)),
            };
            let function = code(&format!("{name}()"));
            (
                format!("{function} in {} uses the live {model}", code(&file.name.to_string())),
                format!(
                    "Once {it} has a column that a later migration adds, `migrate` on a fresh database stops here with `OperationalError: no such column`."
                ),
            )
        }
    };
    RULE.finding(
        file.span(used.expr.range()),
        format!("{}.{name}.{}", file.name, used.local),
        NodeText::Open(used.local.clone()),
        headline,
        consequence,
    )
    .with_severity(live.severity)
    .with_fix(fix(file, function, used, live))
}

/// The historical model as the function's first statement, under the name that the function uses.
fn fix(file: &File<'_>, function: &StmtFunctionDef, used: &Use<'_>, live: &Live) -> Fix {
    let apps = function.parameters.args.first().map_or("apps", |p| p.parameter.name.as_str());
    let Some(app) = &live.app else {
        return Fix::text(match live.class.as_str() {
            "loaddata" => "Create the rows with models from `apps.get_model`.",
            _ => "Take the model from `apps.get_model` with its app and name.",
        });
    };
    let line = format!("{} = {apps}.get_model(\"{app}\", \"{}\")", used.local, live.class);
    let text = format!(
        "Begin the function with {}; methods and managers of the live class are not there.",
        code(&line)
    );
    let module = file.source.migration().module();
    let first = function.body.iter().find(|stmt| {
        !stmt.as_expr_stmt().is_some_and(|s| s.value.is_string_literal_expr()) && !stmt.is_import_from_stmt()
    });
    let plain = !used.local.contains('.') && app.chars().all(|c| c.is_alphanumeric() || c == '_');
    let runs = !function.parameters.args.is_empty();
    let first = first.filter(|_| plain && runs);
    let Some((first, indent)) = first.and_then(|first| Some((first, module.indentation(first)?))) else {
        return Fix::text(text);
    };
    let start = module.span(first).start;
    let span = Span { start, end: start };
    Fix { safety: FixSafety::Ask, text, edits: vec![Edit { span, replacement: format!("{line}\n{indent}") }] }
}
