//! What one urls module says of its routes, by its own text.

use ruff_python_ast::{Expr, ExprCall, Operator};
use ruff_text_size::{Ranged, TextRange};

use super::pattern::{Pattern, Syntax};
use crate::syntax::python::{BindingKind, Dotted, Module, ScopeId, has_unpacking, string};

/// Expressions that are looked at for one module: names that double each other would go on for ever.
const MAX_STEPS: usize = 10_000;
/// Lists and includes within each other.
const MAX_DEPTH: usize = 12;
/// Decorators around a view.
const MAX_WRAPPERS: usize = 12;

/// The `urlpatterns` of a module.
#[derive(Debug)]
pub struct UrlConf<'a> {
    pub module: &'a Module,
    /// In the order in which Django tries them.
    pub entries: Vec<Entry<'a>>,
    /// Nothing stands in the list but these.
    pub is_complete: bool,
}

/// One `path(…)`, or the URLs of a router that stand in the list without one.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub at: TextRange,
    /// `None`: of a router alone.
    pub pattern: Option<Pattern<'a>>,
    pub target: Target<'a>,
    pub name: Said<'a>,
    /// It stands under a condition, such as `if settings.DEBUG`.
    pub is_conditional: bool,
    /// A language comes before it: `i18n_patterns`.
    pub is_localised: bool,
}

/// A text that may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    Nothing,
    Text(&'a str),
    Unknown,
}

#[derive(Clone, Debug)]
pub enum Target<'a> {
    View(RoutedView<'a>),
    Include(Include<'a>),
    /// What brings its own URLs: `admin.site.urls`.
    Site,
    Unknown,
}

/// A view as a route names it.
#[derive(Clone, Debug)]
pub struct RoutedView<'a> {
    /// `.views.post_list`; of `PostList.as_view()` the class.
    pub name: Dotted<'a>,
    pub as_view: Option<&'a ExprCall>,
    /// The decorators that the route puts around it, outermost first; `None` for what has no name.
    pub wrappers: Vec<Option<Dotted<'a>>>,
}

#[derive(Clone, Debug)]
pub struct Include<'a> {
    pub what: Included<'a>,
    pub app_name: Said<'a>,
    pub namespace: Said<'a>,
    /// Not Django's own `include`.
    pub is_wrapped: bool,
}

#[derive(Clone, Debug)]
pub enum Included<'a> {
    /// `include("blog.urls")`, or an imported module or list.
    Module(Dotted<'a>),
    Text(&'a str),
    Entries(Vec<Entry<'a>>),
    /// The name of a router in this file.
    Router(&'a str),
    Unknown,
}

impl<'a> UrlConf<'a> {
    /// The list of a module; `None` where it has none.
    pub fn read(module: &'a Module) -> Option<Self> {
        Self::of_list(module, "urlpatterns")
    }

    /// The same of a list by another name.
    pub fn of_list(module: &'a Module, name: &'a str) -> Option<Self> {
        module.index().given_in(ScopeId::MODULE, name).next()?;
        let mut reader = Reader { module, steps: MAX_STEPS, is_complete: true, names: Vec::new() };
        let mut entries = Vec::new();
        reader.name(name, Around::default(), &mut entries);
        Some(Self { module, entries, is_complete: reader.is_complete })
    }

    /// Every entry, those of lists that are included in place too.
    pub fn all(&self) -> Vec<&Entry<'a>> {
        let mut all = Vec::new();
        let mut next: Vec<&Entry<'a>> = self.entries.iter().rev().collect();
        while let Some(entry) = next.pop() {
            all.push(entry);
            if let Target::Include(Include { what: Included::Entries(inner), .. }) = &entry.target {
                next.extend(inner.iter().rev());
            }
        }
        all
    }

    /// The application namespace that the module gives itself.
    pub fn app_name(&self) -> Said<'a> {
        app_name(self.module)
    }
}

/// `app_name = "blog"`
pub fn app_name(module: &Module) -> Said<'_> {
    let bound = module.index().bindings_in(ScopeId::MODULE, "app_name");
    match bound.last() {
        None => Said::Nothing,
        Some(last) => last.value.and_then(string).map_or(Said::Unknown, Said::Text),
    }
}

/// Is a file for routes, by its name: `urls.py`, `api_urls.py`, or what stands in a folder `urls`?
pub fn is_urls(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(stem) = name.strip_suffix(".py") else { return false };
    stem == "urls"
        || stem.ends_with("_urls")
        || stem.starts_with("urls_")
        || folder.split('/').next_back().is_some_and(|last| last == "urls")
}

/// What stands around an entry.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    is_conditional: bool,
    is_localised: bool,
    depth: usize,
}

impl Around {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

struct Reader<'a> {
    module: &'a Module,
    steps: usize,
    is_complete: bool,
    /// Those that are being read: a list that grows by itself ends.
    names: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// Every list that a name is given.
    fn name(&mut self, name: &'a str, around: Around, out: &mut Vec<Entry<'a>>) {
        use BindingKind as K;
        if self.names.contains(&name) {
            return;
        }
        self.names.push(name);
        let mut found = false;
        for binding in self.module.index().bindings_in(ScopeId::MODULE, name) {
            let Some(value) = binding.value else { continue };
            if !matches!(binding.kind, K::Assigned | K::Augmented | K::Grown) {
                continue;
            }
            found = true;
            let is_conditional = around.is_conditional || !self.is_direct(binding.statement);
            self.list(value, Around { is_conditional, ..around }, out);
        }
        self.is_complete &= found;
        self.names.pop();
    }

    fn is_direct(&self, statement: TextRange) -> bool {
        let body = self.module.body();
        body.binary_search_by_key(&statement.start(), |stmt| stmt.range().start()).is_ok()
    }

    /// What a list holds, or one element that it grows by.
    fn list(&mut self, expr: &'a Expr, around: Around, out: &mut Vec<Entry<'a>>) {
        if self.steps == 0 || around.depth > MAX_DEPTH {
            self.is_complete = false;
            return;
        }
        self.steps -= 1;
        match expr {
            Expr::List(list) => list.elts.iter().for_each(|element| self.list(element, around.deeper(), out)),
            Expr::Tuple(tuple) => {
                tuple.elts.iter().for_each(|element| self.list(element, around.deeper(), out));
            }
            Expr::Starred(starred) => self.list(&starred.value, around.deeper(), out),
            Expr::BinOp(op) if op.op == Operator::Add => {
                for operand in operands(expr) {
                    self.list(operand, around.deeper(), out);
                }
            }
            Expr::If(choice) => {
                let around = Around { is_conditional: true, ..around.deeper() };
                self.list(&choice.body, around, out);
                self.list(&choice.orelse, around, out);
            }
            Expr::Name(name) => self.name(name.id.as_str(), around.deeper(), out),
            Expr::Attribute(attribute) if attribute.attr.as_str() == "urls" => {
                let target = Target::Include(Include {
                    what: self.router(expr),
                    app_name: Said::Nothing,
                    namespace: Said::Nothing,
                    is_wrapped: false,
                });
                out.push(around.entry(expr.range(), None, target, Said::Nothing));
            }
            Expr::Call(call) => self.call(call, around, out),
            _ => self.is_complete = false,
        }
    }

    fn call(&mut self, call: &'a ExprCall, around: Around, out: &mut Vec<Entry<'a>>) {
        let Some(name) = self.module.qualified(&call.func) else {
            self.is_complete = false;
            return;
        };
        if let Some(syntax) = syntax(&name) {
            out.extend(self.route(call, syntax, around));
        } else if name == "django.conf.urls.i18n.i18n_patterns" {
            let around = Around { is_localised: true, ..around.deeper() };
            call.arguments.args.iter().for_each(|argument| self.list(argument, around, out));
        } else if name == "rest_framework.urlpatterns.format_suffix_patterns"
            && let Some(inner) = call.arguments.find_positional(0)
        {
            self.list(inner, around.deeper(), out);
        } else {
            self.is_complete = false;
        }
    }

    /// `path(route, view, kwargs=None, name=None)`
    fn route(&mut self, call: &'a ExprCall, syntax: Syntax, around: Around) -> Option<Entry<'a>> {
        let arguments = &call.arguments;
        let first = arguments
            .find_argument_value("route", 0)
            .or_else(|| arguments.find_keyword("regex").map(|k| &k.value));
        let (Some(first), Some(view)) = (first, arguments.find_argument_value("view", 1)) else {
            self.is_complete = false;
            return None;
        };
        let name = match arguments.find_argument_value("name", 3) {
            Some(name) => string(name).map_or(Said::Unknown, Said::Text),
            None if has_unpacking(arguments) => Said::Unknown,
            None => Said::Nothing,
        };
        let target = self.target(view, around);
        Some(around.entry(call.range(), Some(Pattern::read(self.module, syntax, first)), target, name))
    }

    fn target(&mut self, view: &'a Expr, around: Around) -> Target<'a> {
        if let Expr::Call(call) = view
            && let Some(name) = self.module.qualified(&call.func)
            && (is_include(&name) || name.last() == "decorator_include")
        {
            return Target::Include(self.include(call, !is_include(&name), around));
        }
        if view.as_attribute_expr().is_some_and(|attribute| attribute.attr.as_str() == "urls") {
            return Target::Site;
        }
        view_of(self.module, view).map_or(Target::Unknown, Target::View)
    }

    /// `include(what, namespace=None)`; `what` may be a pair of it and an application namespace.
    fn include(&mut self, call: &'a ExprCall, is_wrapped: bool, around: Around) -> Include<'a> {
        let first = usize::from(is_wrapped);
        let said = |expr: Option<&'a Expr>| match expr {
            None => Said::Nothing,
            Some(expr) if expr.is_none_literal_expr() => Said::Nothing,
            Some(expr) => string(expr).map_or(Said::Unknown, Said::Text),
        };
        let namespace = said(call.arguments.find_argument_value("namespace", first + 1));
        let (what, app_name) = match call.arguments.find_argument_value("arg", first) {
            Some(Expr::Tuple(pair)) => match pair.elts.as_slice() {
                [what, app_name, ..] => (Some(what), said(Some(app_name))),
                _ => (None, Said::Unknown),
            },
            what => (what, Said::Nothing),
        };
        let what = what.map_or(Included::Unknown, |what| self.included(what, around));
        Include { what, app_name, namespace, is_wrapped }
    }

    fn included(&mut self, what: &'a Expr, around: Around) -> Included<'a> {
        match what {
            Expr::StringLiteral(_) => string(what).map_or(Included::Unknown, Included::Text),
            Expr::List(_) | Expr::BinOp(_) => self.inside(what, around),
            Expr::Name(name) => {
                let mut own = self.module.index().given_in(ScopeId::MODULE, name.id.as_str());
                let is_own = own.next().is_some();
                if is_own { self.inside(what, around) } else { self.imported(what) }
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "urls" => self.router(what),
            Expr::Attribute(_) => self.imported(what),
            _ => Included::Unknown,
        }
    }

    fn inside(&mut self, list: &'a Expr, around: Around) -> Included<'a> {
        let mut entries = Vec::new();
        self.list(list, around.deeper(), &mut entries);
        Included::Entries(entries)
    }

    fn imported(&self, what: &'a Expr) -> Included<'a> {
        let name = self.module.qualified(what).filter(|name| !name.is_plain());
        name.map_or(Included::Unknown, Included::Module)
    }

    /// `router.urls` of this file, else what may be an imported module by that name.
    fn router(&self, urls: &'a Expr) -> Included<'a> {
        let owner = urls.as_attribute_expr().and_then(|attribute| attribute.value.as_name_expr());
        let is_own = |name: &str| self.module.assigned(name).is_some_and(Expr::is_call_expr);
        match owner.filter(|owner| is_own(owner.id.as_str())) {
            Some(owner) => Included::Router(owner.id.as_str()),
            None => self.imported(urls),
        }
    }
}

impl Around {
    fn entry<'a>(
        self,
        at: TextRange,
        pattern: Option<Pattern<'a>>,
        target: Target<'a>,
        name: Said<'a>,
    ) -> Entry<'a> {
        let Self { is_conditional, is_localised, .. } = self;
        Entry { at, pattern, target, name, is_conditional, is_localised }
    }
}

/// The operands of `a + b + c`, read from the left without recursion.
fn operands(expr: &Expr) -> Vec<&Expr> {
    let (mut operands, mut rest) = (Vec::new(), expr);
    while let Expr::BinOp(op) = rest
        && op.op == Operator::Add
        && operands.len() < MAX_STEPS
    {
        operands.push(&*op.right);
        rest = &op.left;
    }
    operands.push(rest);
    operands.reverse();
    operands
}

/// What function makes a route, and how its pattern is written.
pub fn syntax(name: &Dotted<'_>) -> Option<Syntax> {
    if *name == "django.urls.path" || *name == "django.urls.conf.path" {
        return Some(Syntax::Path);
    }
    let regex = ["django.urls.re_path", "django.urls.conf.re_path", "django.conf.urls.url"];
    regex.iter().any(|known| *name == *known).then_some(Syntax::Regex)
}

fn is_include(name: &Dotted<'_>) -> bool {
    ["django.urls.include", "django.urls.conf.include", "django.conf.urls.include"]
        .iter()
        .any(|known| *name == *known)
}

/// The view behind what a route puts around it: `login_required(cache_page(60)(views.post_list))`.
fn view_of<'a>(module: &'a Module, view: &'a Expr) -> Option<RoutedView<'a>> {
    let (mut rest, mut wrappers) = (view, Vec::new());
    for _ in 0..MAX_WRAPPERS {
        let named = rest.as_name_expr().and_then(|name| module.assigned(name.id.as_str()));
        let call = match named.unwrap_or(rest) {
            Expr::Call(call) => call,
            _ => return Some(RoutedView { name: module.qualified(rest)?, as_view: None, wrappers }),
        };
        if let Expr::Attribute(method) = &*call.func
            && method.attr.as_str() == "as_view"
        {
            return Some(RoutedView {
                name: module.qualified(&method.value)?,
                as_view: Some(call),
                wrappers,
            });
        }
        let decorator = match &*call.func {
            Expr::Call(maker) => &maker.func,
            other => other,
        };
        wrappers.push(module.qualified(decorator));
        rest = call.arguments.find_positional(0)?;
    }
    None
}
