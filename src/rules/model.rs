//! A Django model as rules look at it.

use std::ops::Deref;

use crate::project::django::model_field::ModelField;
use crate::project::django::models::{self, ModelClass};
use crate::source::NotLoaded;

use super::python::PythonFile;

/// A model at the top of a changed file.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    pub file: &'a PythonFile<'a>,
    class: ModelClass<'a>,
}

impl<'a> Model<'a> {
    pub(super) fn of(file: &'a PythonFile<'a>) -> Result<Vec<Self>, NotLoaded> {
        let models = models::of_module(file.project(), file.path, file.module)?;
        Ok(models.into_iter().map(|class| Self { file, class }).collect())
    }

    /// `Post.author`
    pub fn path_of(&self, field: &ModelField<'_>) -> String {
        format!("{}.{}", self.name(), field.name)
    }
}

impl<'a> Deref for Model<'a> {
    type Target = ModelClass<'a>;

    fn deref(&self) -> &Self::Target {
        &self.class
    }
}
