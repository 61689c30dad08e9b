//! What a rule looks at: the change as a whole, or changed files one by one.

use crate::model::finding::Finding;
use crate::project::django::apps::looks_like_migration;
use crate::project::python::role::is_test;
use crate::source::NotLoaded;
use crate::syntax::suppression::Suppression;

use super::Rule;
use super::context::{Context, ScopedFile};
use super::form::Form;
use super::migrations::files::File as Migration;
use super::model::Model;
use super::python::{PythonFile, Report};

/// Findings, or what has to be read before there can be any.
pub type Found = Result<Vec<Finding>, NotLoaded>;

/// How a rule reads a file of this path, by the path alone.
pub type Reads = fn(&str) -> Reading;

/// How a file is read, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    Not,
    /// For what a text of any kind may hold, such as a URL in a README: one that is no text or too long is not missed.
    InPassing,
    /// For itself: one that cannot be read was not looked at.
    Alone,
    /// The same, and other files are read for what it says.
    WithOthers,
}

impl Reading {
    /// This much where it holds, else not at all.
    pub fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::Not }
    }
}

/// Makes the finding that a suppression (in a file, of a code) keeps nothing.
pub type UnusedSuppression = fn(&str, &Suppression, &str) -> Finding;

/// One look of a rule. A look at files is run file by file: on head, and where a finding there touches the change, on
/// the base of that file alone.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// The change as a whole, for rules that compare files or commits.
    Change(Reads, fn(&Context<'_>) -> Found),
    /// Each changed file of these names.
    File(Reads, fn(&Context<'_>, ScopedFile<'_>) -> Found),
    /// Each changed Python file of these paths that parses.
    Python(Reads, fn(&PythonFile<'_>, &mut Report<'_>) -> Result<(), NotLoaded>),
    /// Each Django model at the top of a changed file, tests and migrations left out.
    Model(fn(&Model<'_>, &mut Report<'_>) -> Result<(), NotLoaded>),
    /// Each form of a model in a changed file that has options of its own, tests left out.
    Form(fn(&Form<'_>, &mut Report<'_>) -> Result<(), NotLoaded>),
    /// Each changed migration that parses, but for those of apps that only tests install.
    Migration(fn(&Context<'_>, &Migration<'_>) -> Found),
    /// Not at files: told of each suppression that keeps nothing, once all rules have run.
    UnusedSuppression(UnusedSuppression),
}

impl Look {
    /// Is it run file by file?
    pub fn is_at_files(&self) -> bool {
        !matches!(self, Self::Change(..) | Self::UnusedSuppression(_))
    }

    /// How it reads a file of this path.
    pub fn reading(&self, path: &str) -> Reading {
        match self {
            Self::Change(reads, _) => reads(path),
            Self::File(reads, _) => reads(path),
            Self::Python(reads, _) => reads(path),
            Self::Model(_) | Self::Form(_) => code_with_others(path),
            Self::Migration(_) => migrations(path),
            Self::UnusedSuppression(_) => Reading::Not,
        }
    }

    /// Is it run at this file? A package of migrations may have any name: only the settings tell.
    pub fn is_run_at(&self, path: &str) -> bool {
        match self {
            Self::Migration(_) => path.ends_with(".py"),
            _ => self.is_at_files() && self.reading(path) > Reading::Not,
        }
    }

    /// Looks at the change as a whole.
    pub fn at_change(&self, context: &Context<'_>) -> Found {
        match self {
            Self::Change(_, check) => check(context),
            _ => Ok(Vec::new()),
        }
    }

    /// Looks at one file for a rule.
    pub fn at_file(&self, rule: &'static Rule, context: &Context<'_>, file: ScopedFile<'_>) -> Found {
        match self {
            Self::File(_, check) => check(context, file),
            Self::Python(_, check) => PythonFile::look(rule, context, file, *check),
            Self::Model(check) => PythonFile::look(rule, context, file, |file, report| {
                NotLoaded::all(Model::of(file)?.iter().map(|model| check(model, report))).map(drop)
            }),
            Self::Form(check) => PythonFile::look(rule, context, file, |file, report| {
                NotLoaded::all(Form::of(file)?.iter().map(|form| check(form, report))).map(drop)
            }),
            Self::Migration(check) => match Migration::read(context, file)? {
                Some(migration) => check(context, &migration),
                None => Ok(Vec::new()),
            },
            _ => Ok(Vec::new()),
        }
    }
}

impl Look {
    /// Has the file what it looks at? Where a model is looked at, one without models neither keeps a rule nor breaks it.
    pub fn has_place(
        &self,
        rule: &'static Rule,
        context: &Context<'_>,
        file: ScopedFile<'_>,
    ) -> Result<bool, NotLoaded> {
        let mut some = false;
        match self {
            Self::Change(..) | Self::UnusedSuppression(_) => {}
            Self::File(..) => some = true,
            Self::Python(..) => {
                PythonFile::look(rule, context, file, |_, _| {
                    some = true;
                    Ok(())
                })?;
            }
            Self::Model(_) => {
                PythonFile::look(rule, context, file, |file, _| {
                    some = !Model::of(file)?.is_empty();
                    Ok(())
                })?;
            }
            Self::Form(_) => {
                PythonFile::look(rule, context, file, |file, _| {
                    some = !Form::of(file)?.is_empty();
                    Ok(())
                })?;
            }
            Self::Migration(_) => some = Migration::read(context, file)?.is_some(),
        }
        Ok(some)
    }
}

/// Any Python file, for itself.
pub fn python(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py"))
}

/// Python that people wrote to run: no tests, no migrations.
pub fn code(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py") && !is_test(path) && !looks_like_migration(path))
}

/// The same, with what it imports.
pub fn code_with_others(path: &str) -> Reading {
    Reading::WithOthers.when(code(path) > Reading::Not)
}

/// Of migrations, which are understood with all that came before them.
pub fn migrations(path: &str) -> Reading {
    Reading::WithOthers.when(looks_like_migration(path))
}
