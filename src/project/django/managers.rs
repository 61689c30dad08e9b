//! Managers and query sets: of which model's rows an expression surely is.

use ruff_python_ast::{Expr, ExprCall};

use crate::source::NotLoaded;
use crate::syntax::python::{Module, string};

use crate::project::Project;
use crate::project::django::bases;
use crate::project::django::lineage::{ClassRef, Lineages};

/// Calls and names that one chain may have.
const MAX_CHAIN: usize = 64;

/// Methods that give a query set of the same model: https://docs.djangoproject.com/en/5.2/ref/models/querysets/
const QUERY_SETS: &[&str] = &[
    "all",
    "filter",
    "exclude",
    "annotate",
    "alias",
    "order_by",
    "reverse",
    "distinct",
    "select_related",
    "prefetch_related",
    "select_for_update",
    "defer",
    "only",
    "using",
    "extra",
    "union",
    "intersection",
    "difference",
    "get_queryset",
];

/// Managers that every model has.
pub const MANAGERS: &[&str] = &["objects", "_default_manager", "_base_manager"];

/// A model as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedModel {
    /// `Post`
    pub name: String,
    /// Its class; `None`: it is not in the repository.
    pub own: Option<ClassRef>,
}

impl Project {
    /// The model on whose rows a method is called: `Post` of `Post.objects.filter(…).get(…)`, also where the query set
    /// has a name. `None` for what may be anything else.
    pub fn on_manager(
        &self,
        path: &str,
        module: &Module,
        call: &ExprCall,
    ) -> Result<Option<NamedModel>, NotLoaded> {
        match call.func.as_attribute_expr() {
            Some(method) => self.rows(path, module, &method.value),
            None => Ok(None),
        }
    }

    /// The model whose manager or query set an expression surely is.
    pub fn rows(&self, path: &str, module: &Module, expr: &Expr) -> Result<Option<NamedModel>, NotLoaded> {
        let mut rest = expr;
        for _ in 0..MAX_CHAIN {
            rest = match rest {
                Expr::Call(call) => match call.func.as_attribute_expr() {
                    Some(method) if QUERY_SETS.contains(&method.attr.as_str()) => &method.value,
                    _ => return Ok(None),
                },
                Expr::Name(name) => match module.index().held_once(name) {
                    Some(held) => held,
                    None => return Ok(None),
                },
                Expr::Attribute(attribute) => {
                    return self.managed(path, module, &attribute.value, attribute.attr.as_str());
                }
                _ => return Ok(None),
            };
        }
        Ok(None)
    }

    /// The model that an expression names, if it has a manager by this name.
    fn managed(
        &self,
        path: &str,
        module: &Module,
        model: &Expr,
        manager: &str,
    ) -> Result<Option<NamedModel>, NotLoaded> {
        let Some(model) = self.model_behind(path, module, model)? else { return Ok(None) };
        if MANAGERS.contains(&manager) {
            return Ok(Some(model));
        }
        let Some(own) = &model.own else { return Ok(None) };
        let Some(defined) = self.module(&own.path)? else { return Ok(None) };
        let value = defined.class(&own.name).and_then(|class| defined.attribute(class, manager));
        Ok(value.is_some_and(|value| is_manager(&defined, value)).then_some(model))
    }

    /// The model that an expression names: a class, `get_user_model()`, or `apps.get_model("blog", "Post")`.
    pub fn model_behind(
        &self,
        path: &str,
        module: &Module,
        expr: &Expr,
    ) -> Result<Option<NamedModel>, NotLoaded> {
        let held = expr.as_name_expr().and_then(|name| module.index().held_once(name));
        if let Some(call) = held.unwrap_or(expr).as_call_expr() {
            return Ok(asked_for(module, call));
        }
        let Some(dotted) = module.qualified(expr).map(|name| name.to_string()) else { return Ok(None) };
        if bases::find(&dotted).is_some_and(|base| base.is_model && base.is_concrete) {
            let name = dotted.rsplit('.').next().unwrap_or(&dotted).to_owned();
            return Ok(Some(NamedModel { name, own: None }));
        }
        let Some(found) = self.definition(path, &dotted)? else { return Ok(None) };
        if found.module.class(&found.name).is_some() {
            let lineages = self.fact::<Lineages>(&found.path)?;
            let is_model = lineages.of(&found.name).is_some_and(|lineage| lineage.is_model());
            let own = ClassRef { path: found.path, name: found.name.clone() };
            return Ok(is_model.then_some(NamedModel { name: found.name, own: Some(own) }));
        }
        let value = found.module.assigned(&found.name).and_then(Expr::as_call_expr);
        Ok(value.and_then(|call| asked_for(&found.module, call)))
    }
}

/// The model that a call gives.
fn asked_for(module: &Module, call: &ExprCall) -> Option<NamedModel> {
    let callee = module.qualified(&call.func)?;
    if callee == "django.contrib.auth.get_user_model" {
        return Some(NamedModel { name: "User".to_owned(), own: None });
    }
    if callee != "django.apps.apps.get_model" {
        return None;
    }
    let first = call.arguments.find_argument_value("app_label", 0).and_then(string)?;
    let second = call.arguments.find_argument_value("model_name", 1);
    let name = match second {
        Some(name) => string(name)?,
        None => first.split_once('.')?.1,
    };
    Some(NamedModel { name: name.to_owned(), own: None })
}

/// Does this value of a class body make a manager: `PublishedManager()`, `PostQuerySet.as_manager()`,
/// `Manager.from_queryset(PostQuerySet)()`?
fn is_manager(module: &Module, value: &Expr) -> bool {
    let Some(call) = value.as_call_expr() else { return false };
    let callee = match &*call.func {
        Expr::Call(maker) => &maker.func,
        other => other,
    };
    let Some(name) = module.qualified(callee) else { return false };
    name.ends_with("Manager") || matches!(name.last(), "as_manager" | "from_queryset")
}

#[cfg(test)]
mod tests {
    use crate::project::django::tests::project;

    const MODELS: &str = "\
from django.db import models
class Post(models.Model):
    objects = models.Manager()
    published = PublishedManager()
    title = models.CharField()
class Form:
    objects = {}
";

    /// The model on whose rows the first `get` of a file works.
    fn got_of(views: &str) -> Option<String> {
        let project = project(&[("blog/models.py", MODELS), ("blog/views.py", views)]);
        let module = project.module("blog/views.py").unwrap().unwrap();
        let call = module.index().calls_of("get").next().unwrap().node;
        project.on_manager("blog/views.py", &module, call).unwrap().map(|model| model.name)
    }

    #[test]
    fn rows_are_known_by_their_model() {
        for got in [
            "Post.objects.get(pk=1)",
            "Post.published.get(pk=1)",
            "Post._default_manager.filter(a=1).order_by('b').get()",
            "rows = Post.objects.all()\nrows.get(pk=1)",
            "P = Post\nP.objects.get(pk=1)",
        ] {
            let views = format!("from .models import Post\n{got}\n");
            assert_eq!(got_of(&views).as_deref(), Some("Post"), "{got}");
        }
        let user =
            "from django.contrib.auth import get_user_model\nUser = get_user_model()\nUser.objects.get()\n";
        assert_eq!(got_of(user).as_deref(), Some("User"));
        let group = "from django.contrib.auth.models import Group\nGroup.objects.get()\n";
        assert_eq!(got_of(group).as_deref(), Some("Group"));
    }

    #[test]
    fn what_may_be_anything_else_is_no_query_set() {
        for other in [
            "request.GET.get('x')",
            "Form.objects.get('x')",
            "Post.title.get('x')",
            "Post.objects.values().get(pk=1)",
            "rows.get(pk=1)",
            "from somewhere import Thing\nThing.objects.get(pk=1)",
            "rows = Post.objects.all()\nrows = {}\nrows.get('x')",
        ] {
            let views = format!("from .models import Form, Post\n{other}\n");
            assert_eq!(got_of(&views), None, "{other}");
        }
    }
}
