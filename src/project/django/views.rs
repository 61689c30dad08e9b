//! Views: the functions that answer requests.

use std::sync::LazyLock;

use regex::Regex;
use ruff_python_ast::{Decorator, Expr};
use ruff_text_size::{Ranged, TextSize};

use crate::project::Project;
use crate::project::django::lineage::{Lineage, Lineages};
use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder};
use crate::syntax::python::{Class, Dotted, Function, Module, ScopeId};

/// A function that a request calls.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub module: &'a Module,
    pub function: &'a Function<'a>,
    /// The class whose method it is.
    pub class: Option<&'a Class<'a>>,
}

/// What makes an answer, by its dotted name.
const ANSWERS: &[&str] = &[
    "django.shortcuts.render",
    "django.shortcuts.redirect",
    "django.template.response.TemplateResponse",
    "django.template.response.SimpleTemplateResponse",
    "django.views.static.serve",
    "rest_framework.response.Response",
    "ninja.responses.Response",
];

/// Is this the name of what makes an answer?
pub fn is_answer(name: &Dotted<'_>) -> bool {
    let http =
        name.is_in("django.http") && (name.ends_with("Response") || name.last().starts_with("HttpResponse"));
    http || ANSWERS.iter().any(|answer| *name == *answer)
}

/// Is a file for views, by its name: `views.py`, `admin_views.py`, or what stands in a folder `views`?
pub fn is_views(path: &str) -> bool {
    static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(\w+_)?views?(_\w+)?\.py$").ok());
    let named = NAME.as_ref().is_some_and(|name| name.is_match(file_name(path)));
    named || (path.ends_with(".py") && folder(path).split('/').any(|part| part == "views"))
}

/// The views of a module for views: functions that take `request` and make an answer, and the methods of view classes
/// that do.
pub fn of_module<'a>(project: &Project, path: &str, module: &'a Module) -> Result<Vec<View<'a>>, NotLoaded> {
    if !is_views(path) {
        return Ok(Vec::new());
    }
    let index = module.index();
    let has_classes = module.classes().next().is_some();
    let lineages = if has_classes { Some(project.fact::<Lineages>(path)?) } else { None };
    let view = |function: &'a Function<'a>| {
        let scope = index.scope(function.scope);
        if function.scope == ScopeId::MODULE {
            let view = View { module, function, class: None };
            return (view.takes_request() && view.answers()).then_some(view);
        }
        let class = index.class(scope.class?);
        let is_method = class.body == function.scope && class.scope == ScopeId::MODULE;
        let lineage = lineages.as_ref().and_then(|lineages| lineages.of(class.node.name.as_str()));
        (is_method && lineage.is_some_and(|lineage| is_view_class(lineage))).then_some(View {
            module,
            function,
            class: Some(class),
        })
    };
    Ok(index.functions().iter().filter_map(view).collect())
}

/// Does a class with these bases answer requests?
pub fn is_view_class(lineage: &Lineage) -> bool {
    lineage.derives_from_any(|base| is_djangos_view(base) || is_rest_view(base))
}

/// `django.views.generic.ListView`, `django.contrib.auth.views.LoginView`
pub fn is_djangos_view(name: &str) -> bool {
    let home = ["django.views.", "django.contrib.auth.views."];
    name.ends_with("View") && home.iter().any(|home| name.starts_with(home))
}

/// `rest_framework.viewsets.ModelViewSet`
pub fn is_rest_view(name: &str) -> bool {
    name.starts_with("rest_framework.") && (name.ends_with("View") || name.ends_with("ViewSet"))
}

impl<'a> View<'a> {
    /// `post_detail`, `PostDetail.get`
    pub fn name(&self) -> String {
        self.module.index().name_of(self.function.body)
    }

    /// Names of the parameters that the route gives: all behind `request`.
    pub fn parameters(&self) -> Vec<&'a str> {
        let parameters = &self.function.node.parameters;
        let own = usize::from(self.class.is_some()) + 1;
        let all = parameters.posonlyargs.iter().chain(&parameters.args);
        let behind = all.skip(own).chain(&parameters.kwonlyargs);
        behind.map(|parameter| parameter.parameter.name.as_str()).collect()
    }

    fn takes_request(&self) -> bool {
        let parameters = &self.function.node.parameters;
        let first = parameters.posonlyargs.iter().chain(&parameters.args).next();
        first.is_some_and(|first| matches!(first.parameter.name.as_str(), "request" | "_request"))
    }

    /// Does it make an answer somewhere?
    fn answers(&self) -> bool {
        let calls = self.module.index().calls_in(self.function.body).iter();
        calls.filter_map(|call| self.module.qualified(&call.node.func)).any(|name| is_answer(&name))
    }

    pub fn decorators(&self) -> impl Iterator<Item = Option<Dotted<'a>>> {
        let (module, decorators) = (self.module, &self.function.node.decorator_list);
        decorators.iter().map(move |decorator| decorator_name(module, decorator))
    }
}

/// What a decorator is: `@login_required`, `@cache_page(60)`, `@method_decorator(login_required)`; `None` for what has no
/// name.
pub fn decorator_name<'a>(module: &'a Module, decorator: &'a Decorator) -> Option<Dotted<'a>> {
    let Expr::Call(call) = &decorator.expression else { return module.qualified(&decorator.expression) };
    let name = module.qualified(&call.func)?;
    if name == "django.utils.decorators.method_decorator" {
        return module.qualified(call.arguments.find_positional(0)?);
    }
    Some(name)
}

/// The view that a place stands in, of views in source order.
pub fn around<'v, 'a>(views: &'v [View<'a>], module: &Module, at: TextSize) -> Option<&'v View<'a>> {
    let index = module.index();
    let functions = std::iter::successors(index.function_at(at), |id| index.function_around(*id));
    let mut starts = functions.map(|id| index.function(id).node.start());
    starts.find_map(|start| {
        let found = views.binary_search_by_key(&start, |view| view.function.node.start());
        views.get(found.ok()?)
    })
}
