//! Where the relations of models lead, and what the way back is called.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, Stmt};

use crate::source::NotLoaded;
use crate::syntax::python::{assignment, string};

use crate::project::django::bases;
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::project::django::models::{self, ModelClass};
use crate::project::{Fact, Project};

/// What stands for the model that the settings name.
const USER: &str = "User";

impl<'a> ModelClass<'a> {
    /// The class's name of the model that a relation leads to: of `"blog.Post"` and `blog.models.Post` it is `Post`, of
    /// `"self"` its own, of `settings.AUTH_USER_MODEL` it is `User`.
    pub fn target(&self, field: &ModelField<'a>) -> Option<&'a str> {
        let to = field.argument("to")?;
        match string(to) {
            Some("self") => return Some(self.name()),
            Some(text) => return text.rsplit('.').next(),
            None => {}
        }
        let (name, is_called) = match to {
            Expr::Call(call) => (self.module.qualified(&call.func)?, true),
            _ => (self.module.qualified(to)?, false),
        };
        match name.last() {
            "get_user_model" if is_called => Some(USER),
            "AUTH_USER_MODEL" => Some(USER),
            _ if is_called => None,
            last => Some(last),
        }
    }

    /// Does a relation lead to the model itself?
    pub fn leads_to_itself(&self, field: &ModelField<'a>) -> bool {
        self.target(field) == Some(self.name())
    }

    /// The attribute by which Django goes back along a relation that names none.
    pub fn default_way_back(&self, field: &ModelField<'a>) -> String {
        let own = self.name().to_lowercase();
        if field.relation() == Some(RelationKind::OneToOne) { own } else { format!("{own}_set") }
    }
}

/// Names that are taken on the models that a module has or leads to, by the model's class: its own attributes, and the
/// ways back of relations. What other modules add is not seen.
#[derive(Debug, Default)]
pub struct TakenNames(BTreeMap<String, BTreeSet<String>>);

impl TakenNames {
    pub fn has(&self, model: &str, name: &str) -> bool {
        self.0.get(model).is_some_and(|taken| taken.contains(name))
    }
}

impl Fact for TakenNames {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let Some(module) = project.module(path)? else { return Ok(Self::default()) };
        let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let user = bases::find("django.contrib.auth.models.AbstractUser");
        taken.insert(
            USER.to_owned(),
            user.iter().flat_map(|user| user.fields).map(|name| (*name).to_owned()).collect(),
        );
        for model in models::of_module(project, path, &module)? {
            let own = taken.entry(model.name().to_owned()).or_default();
            own.extend(model.all_field_names()?);
            let statements = &module.index().scope(model.class.body).statements;
            own.extend(statements.iter().filter_map(|statement| bound(statement.node)).map(str::to_owned));
            for field in model.fields().iter().filter(|field| field.relation().is_some()) {
                let Some(target) = model.target(field) else { continue };
                let name = field.text("related_name").map(str::to_owned);
                let name = name.unwrap_or_else(|| model.default_way_back(field));
                taken.entry(target.to_owned()).or_default().insert(name);
            }
        }
        Ok(Self(taken))
    }
}

/// The name that a statement of a class body binds.
fn bound(statement: &Stmt) -> Option<&str> {
    match statement {
        Stmt::FunctionDef(function) => Some(function.name.as_str()),
        Stmt::ClassDef(class) => Some(class.name.as_str()),
        other => assignment(other).map(|(name, _)| name),
    }
}
