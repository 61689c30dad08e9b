//! Forms of models as their classes and Django's factories say: which fields of which model they let in.

use ruff_python_ast::{Expr, ExprCall, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use crate::source::NotLoaded;
use crate::syntax::python::{Class, Folded, Module, ScopeId, has_unpacking};

use crate::project::Project;
use crate::project::django::lineage::Lineages;
use crate::project::python::imports::Definition;

/// How many classes are looked at for one option of a `Meta`.
const MAX_METAS: usize = 16;

/// Classes that make a form of a model.
const MODEL_FORMS: &[&str] = &[
    "django.forms.ModelForm",
    "django.forms.BaseModelForm",
    "django.forms.models.ModelForm",
    "django.forms.models.BaseModelForm",
    "django.contrib.gis.forms.ModelForm",
    "django.contrib.auth.forms.BaseUserCreationForm",
    "django.contrib.auth.forms.UserCreationForm",
    "django.contrib.auth.forms.AdminUserCreationForm",
    "django.contrib.auth.forms.UserChangeForm",
    "django.contrib.flatpages.forms.FlatpageForm",
    "wagtail.admin.forms.WagtailAdminModelForm",
    "wagtail.admin.forms.WagtailAdminPageForm",
    "wagtail.admin.forms.models.WagtailAdminModelForm",
    "wagtail.admin.forms.pages.WagtailAdminPageForm",
    "wagtail.users.forms.UserCreationForm",
    "wagtail.users.forms.UserEditForm",
    "wagtail.images.forms.BaseImageForm",
    "wagtail.documents.forms.BaseDocumentForm",
    "modelcluster.forms.ClusterForm",
    "mptt.forms.MPTTAdminForm",
    "treebeard.forms.MoveNodeForm",
    "parler.forms.TranslatableModelForm",
    "hvad.forms.TranslatableModelForm",
    "dal.forms.FutureModelForm",
    "dal.autocomplete.FutureModelForm",
    "floppyforms.ModelForm",
    "floppyforms.__future__.ModelForm",
    "betterforms.forms.BetterModelForm",
    "django_superform.SuperModelForm",
    "bootstrap_modal_forms.forms.BSModalModelForm",
];

/// One of Django's functions that make a form of a model, with the positions of their arguments.
/// https://docs.djangoproject.com/en/5.2/ref/forms/models/
#[derive(Debug)]
struct Factory {
    name: &'static str,
    /// `model`, `form`, `fields`, `exclude`
    positions: [usize; 4],
}

const OPTIONS: [&str; 4] = ["model", "form", "fields", "exclude"];

const FACTORIES: [Factory; 4] = [
    Factory { name: "modelform_factory", positions: [0, 1, 2, 3] },
    Factory { name: "modelformset_factory", positions: [0, 1, 8, 9] },
    Factory { name: "inlineformset_factory", positions: [1, 2, 5, 6] },
    Factory { name: "generic_inlineformset_factory", positions: [0, 1, 5, 6] },
];

const FACTORY_HOMES: [&str; 4] =
    ["django.forms", "django.forms.models", "django.contrib.gis.forms", "django.contrib.contenttypes.forms"];

/// A form of a model with options of its own: a class with a `Meta`, or a call of a factory.
#[derive(Clone, Debug)]
pub struct ModelForm<'a> {
    pub project: &'a Project,
    pub path: &'a str,
    pub module: &'a Module,
    written: Written<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Written<'a> {
    /// `is_plain`: all its bases from elsewhere are Django's, whose metaclass asks for `fields`.
    Class {
        node: &'a StmtClassDef,
        meta: &'a Class<'a>,
        is_plain: bool,
    },
    Call {
        call: &'a ExprCall,
        factory: &'static Factory,
    },
}

/// An option as the form itself gives it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub value: &'a Expr,
    /// The statement, or the argument with its name.
    pub whole: TextRange,
}

/// What an option is worth, with what a form inherits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Nothing gives it, or `None` is given.
    Missing,
    /// `"__all__"`
    All,
    /// `["__all__"]`, which means a field of that name.
    NamedAll,
    /// Something else.
    Given,
    /// A `Meta` that nobody here knows may give it.
    Unknown,
}

/// The forms of a module, classes before calls.
pub fn of_module<'a>(
    project: &'a Project,
    path: &'a str,
    module: &'a Module,
) -> Result<Vec<ModelForm<'a>>, NotLoaded> {
    let form = |written| ModelForm { project, path, module, written };
    let mut forms: Vec<_> = classes(project, path, module)?.into_iter().map(form).collect();
    for factory in &FACTORIES {
        for call in module.index().calls_of(factory.name) {
            let home = module.qualified(&call.node.func).and_then(|name| Some(name.split()?.0.to_string()));
            if home.is_some_and(|home| FACTORY_HOMES.contains(&home.as_str())) {
                forms.push(form(Written::Call { call: call.node, factory }));
            }
        }
    }
    Ok(forms)
}

/// The classes that make forms and have a `Meta` of their own, also those within functions.
fn classes<'a>(project: &Project, path: &str, module: &'a Module) -> Result<Vec<Written<'a>>, NotLoaded> {
    let written = |class: &'a Class<'a>| {
        let Some(meta) = module.index().class_in(class.body, "Meta") else { return Ok(None) };
        let foreign = match class.scope {
            ScopeId::MODULE => {
                let lineages = project.fact::<Lineages>(path)?;
                lineages.of(class.node.name.as_str()).map(|lineage| lineage.foreign.clone())
            }
            _ => Some(foreign_bases(project, path, module, class.node)?),
        };
        let foreign = foreign.filter(|foreign| foreign.iter().any(|base| is_model_form(base)));
        let is_plain =
            |foreign: &[String]| foreign.iter().all(|base| base.starts_with("django.") || base == "object");
        Ok(foreign.map(|foreign| Written::Class { node: class.node, meta, is_plain: is_plain(&foreign) }))
    };
    Ok(NotLoaded::all(module.index().classes().iter().map(written))?.into_iter().flatten().collect())
}

/// What a class within a function or class derives from, outside of the repository.
fn foreign_bases(
    project: &Project,
    path: &str,
    module: &Module,
    class: &StmtClassDef,
) -> Result<Vec<String>, NotLoaded> {
    let of_base = |base: &Expr| {
        let Some(name) = module.qualified(base).map(|name| name.to_string()) else {
            return Ok(vec![module.source(base).to_owned()]);
        };
        Ok(project.ancestry(path, &name)?.map_or_else(|| vec![name], |ancestry| ancestry.foreign))
    };
    Ok(NotLoaded::all(class.bases().iter().map(of_base))?.concat())
}

fn is_model_form(base: &str) -> bool {
    MODEL_FORMS.contains(&base)
}

impl<'a> ModelForm<'a> {
    /// Is it a class, and no call of a factory?
    pub fn is_class(&self) -> bool {
        matches!(self.written, Written::Class { .. })
    }

    /// `PostForm`, or the factory's name.
    pub fn name(&self) -> &'a str {
        match self.written {
            Written::Class { node, .. } => node.name.as_str(),
            Written::Call { factory, .. } => factory.name,
        }
    }

    /// Where a fault of the whole form is shown: the name `Meta`, or that of the factory.
    pub fn at(&self) -> TextRange {
        match self.written {
            Written::Class { meta, .. } => meta.node.name.range(),
            Written::Call { call, .. } => call.func.range(),
        }
    }

    /// All of it.
    pub fn whole(&self) -> TextRange {
        match self.written {
            Written::Class { node, .. } => node.range(),
            Written::Call { call, .. } => call.range(),
        }
    }

    /// Does its `Meta` derive from others, or the factory from a form?
    pub fn has_bases(&self) -> bool {
        match self.written {
            Written::Class { meta, .. } => !meta.node.bases().is_empty(),
            Written::Call { .. } => self.own("form").is_some(),
        }
    }

    /// Does nothing but Django decide what it needs?
    pub fn is_plain(&self) -> bool {
        match self.written {
            Written::Class { is_plain, .. } => is_plain,
            Written::Call { call, .. } => !has_unpacking(&call.arguments),
        }
    }

    /// An option in its own `Meta`, or among the factory's arguments.
    pub fn own(&self, option: &str) -> Option<Given<'a>> {
        match self.written {
            Written::Class { meta, .. } => {
                let bindings = self.module.index().bindings_in(meta.body, option).iter();
                let last = bindings.rev().find_map(|binding| Some((binding.value?, binding.statement)));
                last.map(|(value, whole)| Given { value, whole })
            }
            Written::Call { call, factory } => {
                if let Some(keyword) = call.arguments.find_keyword(option) {
                    return Some(Given { value: &keyword.value, whole: keyword.range() });
                }
                let at = OPTIONS.iter().position(|known| *known == option)?;
                let before = call.arguments.args.get(..=*factory.positions.get(at)?)?;
                let value = before.last().filter(|_| !before.iter().any(Expr::is_starred_expr))?;
                Some(Given { value, whole: value.range() })
            }
        }
    }

    /// What an option is worth, with what the `Meta` or the factory's form inherits.
    pub fn worth(&self, option: &str) -> Result<Worth, NotLoaded> {
        let asked = Asked { project: self.project, option };
        let room = &mut MAX_METAS.clone();
        match self.written {
            Written::Class { meta, .. } => asked.of_meta(self.path, self.module, meta, room),
            Written::Call { .. } => match (self.own(option), self.own("form")) {
                (Some(own), _) => asked.of_value(self.path, self.module, own.value),
                (None, Some(form)) => asked.of_form(self.path, self.module, form.value, room),
                (None, None) => Ok(Worth::Missing),
            },
        }
    }

    /// The model that it names itself, where that is a class of the repository.
    pub fn model(&self) -> Result<Option<Definition>, NotLoaded> {
        let name = self.own("model").and_then(|model| self.module.qualified(model.value));
        let Some(name) = name.map(|name| name.to_string()) else { return Ok(None) };
        let found = self.project.definition(self.path, &name)?;
        Ok(found.filter(|found| found.module.class(&found.name).is_some()))
    }
}

/// A question for one option.
struct Asked<'q> {
    project: &'q Project,
    option: &'q str,
}

impl Asked<'_> {
    /// In a `Meta` and those that it derives from.
    fn of_meta(
        &self,
        path: &str,
        module: &Module,
        meta: &Class<'_>,
        room: &mut usize,
    ) -> Result<Worth, NotLoaded> {
        if *room == 0 {
            return Ok(Worth::Unknown);
        }
        *room -= 1;
        if let Some(binding) = module.index().bindings_in(meta.body, self.option).last() {
            return binding.value.map_or(Ok(Worth::Given), |value| self.of_value(path, module, value));
        }
        for base in meta.node.bases() {
            let worth = self.of_base(path, module, base, room)?;
            if worth != Worth::Missing {
                return Ok(worth);
            }
        }
        Ok(Worth::Missing)
    }

    /// `Parent.Meta`, or a class that is only a `Meta`.
    fn of_base(
        &self,
        path: &str,
        module: &Module,
        base: &Expr,
        room: &mut usize,
    ) -> Result<Worth, NotLoaded> {
        let Some(name) = module.qualified(base).map(|name| name.to_string()) else {
            return Ok(Worth::Unknown);
        };
        if name == "object" {
            return Ok(Worth::Missing);
        }
        if let Some(form) = name.strip_suffix(".Meta") {
            return self.of_form_named(path, form, room);
        }
        let Some(found) = self.project.definition(path, &name)? else { return Ok(Worth::Unknown) };
        match found.class() {
            Some(meta) => self.of_meta(&found.path, &found.module, meta, room),
            None => Ok(Worth::Unknown),
        }
    }

    /// The `form=` of a factory.
    fn of_form(
        &self,
        path: &str,
        module: &Module,
        form: &Expr,
        room: &mut usize,
    ) -> Result<Worth, NotLoaded> {
        match module.qualified(form).map(|name| name.to_string()) {
            Some(name) => self.of_form_named(path, &name, room),
            None => Ok(Worth::Unknown),
        }
    }

    /// In the `Meta` that a form has or inherits.
    fn of_form_named(&self, path: &str, form: &str, room: &mut usize) -> Result<Worth, NotLoaded> {
        if is_model_form(form) {
            // Those of Django's own users name fields, `ModelForm` itself has no `Meta`.
            return Ok(if form.ends_with(".ModelForm") { Worth::Missing } else { Worth::Unknown });
        }
        let Some(ancestry) = self.project.ancestry(path, form)? else { return Ok(Worth::Unknown) };
        let has_no_meta = |base: &String| base.ends_with(".ModelForm") || base == "object";
        let known = ancestry.foreign.iter().all(has_no_meta);
        let worth = |worth| if known || worth != Worth::Missing { worth } else { Worth::Unknown };
        for above in &ancestry.own {
            let Some(class) = above.class() else { continue };
            if let Some(meta) = above.module.index().class_in(class.body, "Meta") {
                return self.of_meta(&above.path, &above.module, meta, room).map(worth);
            }
        }
        Ok(worth(Worth::Missing))
    }

    fn of_value(&self, path: &str, module: &Module, value: &Expr) -> Result<Worth, NotLoaded> {
        let folded = module.fold(value);
        let Some(name) = module.qualified(value).filter(|_| folded == Folded::Unknown) else {
            return Ok(worth_of(&folded));
        };
        if name.ends_with(".ALL_FIELDS") && name.starts_with("django.") {
            return Ok(Worth::All);
        }
        let found = self.project.definition(path, &name.to_string())?;
        let value =
            found.as_ref().and_then(|found| Some(found.module.fold(found.module.assigned(&found.name)?)));
        Ok(value.map_or(Worth::Given, |value| worth_of(&value)))
    }
}

/// What Django takes for all fields: https://docs.djangoproject.com/en/5.2/ref/forms/models/#modelform-factory
fn worth_of(value: &Folded) -> Worth {
    match value {
        Folded::None => Worth::Missing,
        Folded::Str(text) if text == "__all__" => Worth::All,
        Folded::List { items, partial: false } => match items.as_slice() {
            [only] if only.as_str() == Some("__all__") => Worth::NamedAll,
            _ => Worth::Given,
        },
        _ => Worth::Given,
    }
}
