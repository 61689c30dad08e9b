//! A form of a model as rules look at it.

use std::collections::BTreeSet;
use std::ops::Deref;

use crate::model::finding::code;
use crate::project::django::forms::{self, Given, ModelForm};
use crate::source::NotLoaded;
use crate::syntax::python::Folded;

use super::python::PythonFile;

/// How long a line of names may grow before each name gets its own.
const WIDTH: usize = 88;

/// A form with options of its own in a changed file.
#[derive(Clone, Debug)]
pub struct Form<'a> {
    pub file: &'a PythonFile<'a>,
    form: ModelForm<'a>,
}

impl<'a> Form<'a> {
    pub(super) fn of(file: &'a PythonFile<'a>) -> Result<Vec<Self>, NotLoaded> {
        let forms = forms::of_module(file.project(), file.path, file.module)?;
        Ok(forms.into_iter().map(|form| Self { file, form }).collect())
    }

    /// `PostForm`, or the factory with its model: `modelform_factory(Post)`.
    pub fn title(&self) -> String {
        match self.own("model").filter(|_| !self.is_class()) {
            Some(model) => format!("{}({})", self.name(), self.module.source(model.value)),
            None => self.name().to_owned(),
        }
    }

    /// The model as the form names it; `its model` where it inherits that.
    pub fn model_name(&self) -> String {
        let model = self.own("model").and_then(|model| self.module.qualified(model.value));
        model.map_or_else(|| "its model".to_owned(), |model| code(model.last()))
    }

    /// Does it leave nothing out itself: no `exclude`, an empty one, or `None`?
    pub fn excludes_nothing(&self) -> bool {
        self.own("exclude").is_none_or(|exclude| {
            let value = self.module.fold(exclude.value);
            value == Folded::None
                || matches!(value, Folded::List { items, partial: false } if items.is_empty())
        })
    }

    /// The fields of its model that are not left out, in Django's order; `None` when they cannot be told.
    pub fn fields_without_excluded(&self) -> Result<Option<Vec<String>>, NotLoaded> {
        let excluded = match self.own("exclude") {
            None if self.has_bases() => return Ok(None),
            None => BTreeSet::new(),
            Some(exclude) => match strings(self, exclude) {
                Some(excluded) => excluded,
                None => return Ok(None),
            },
        };
        let Some(model) = self.model()? else { return Ok(None) };
        let Some(mut fields) = self.project.form_fields(&model)? else { return Ok(None) };
        fields.retain(|field| !excluded.contains(field));
        Ok(Some(fields).filter(|fields| !fields.is_empty()))
    }

    /// `["title", "body"]`, on several lines where it grows long; `behind`: what it stands behind on its line.
    pub fn list(&self, fields: &[String], behind: &Given<'_>) -> String {
        let quoted: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
        let line = format!("[{}]", quoted.join(", "));
        let start = self.module.span(&behind.whole).start;
        let indentation = self.module.text().line(start.line).chars().take_while(|c| c.is_whitespace());
        let indentation: String = indentation.collect();
        if indentation.len() + "fields = ".len() + line.len() <= WIDTH {
            return line;
        }
        let each = quoted.iter().map(|field| format!("{indentation}    {field},\n"));
        format!("[\n{}{indentation}]", each.collect::<String>())
    }
}

/// The names of an option, where all of them are written here.
fn strings(form: &Form<'_>, given: Given<'_>) -> Option<BTreeSet<String>> {
    match form.module.fold(given.value) {
        Folded::List { items, partial: false } => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

impl<'a> Deref for Form<'a> {
    type Target = ModelForm<'a>;

    fn deref(&self) -> &Self::Target {
        &self.form
    }
}
