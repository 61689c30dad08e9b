//! Facts about the Django project at one commit, found on demand and kept while the run lasts.

pub mod broker;
pub mod django;
pub mod env;
pub mod migrations;
mod parsed;
pub mod python;

use std::any::Any;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::change::Path;
use crate::source::{Blob, NotLoaded, Snapshot, Text, Tree};
use crate::syntax::dotenv::EnvFile;
use crate::syntax::python::Module;
use crate::syntax::suppression::{self, Suppression};
use crate::syntax::yaml::Yaml;

use django::apps::{self, Apps};
use django::settings::{self, Settings};
use env::ignore::{self, Ignores};
use env::readers::{self, EnvReaders};
use migrations::migration::Migration;
use migrations::{graph, operations, state};
pub use parsed::Parsed;

/// One commit's files with everything that was understood of them so far. Contents are parsed once.
#[derive(Debug)]
pub struct Project {
    snapshot: Arc<Snapshot>,
    parsed: Arc<Parsed>,
    modules: Memo<Path, Option<Arc<Module>>>,
    migrations: Memo<Path, Option<Arc<Migration>>>,
    sources: Memo<Path, Option<Arc<operations::Source>>>,
    states: Memo<apps::MigrationName, Arc<state::State>>,
    /// By the migration packages of their apps.
    graphs: Memo<Vec<Path>, Arc<graph::Graph>>,
    apps: Memo<(), Arc<Apps>>,
    env_files: Memo<Path, Option<Arc<EnvFile>>>,
    env_readers: Memo<(), Arc<EnvReaders>>,
    yaml: Memo<Path, Option<Arc<Yaml>>>,
    settings: Memo<(), Arc<Settings>>,
    learnt: Memo<(&'static str, Path), Arc<dyn Any + Send + Sync>>,
}

impl Project {
    /// Projects of one run share what was parsed.
    pub fn new(snapshot: Arc<Snapshot>, parsed: Arc<Parsed>) -> Self {
        Self {
            snapshot,
            parsed,
            modules: Memo::default(),
            migrations: Memo::default(),
            graphs: Memo::default(),
            apps: Memo::default(),
            env_files: Memo::default(),
            env_readers: Memo::default(),
            yaml: Memo::default(),
            sources: Memo::default(),
            states: Memo::default(),
            settings: Memo::default(),
            learnt: Memo::default(),
        }
    }

    /// What rules find in a file that several of them look at, found once. `topic` and type go together.
    pub fn learnt<T: Any + Send + Sync>(
        &self,
        topic: &'static str,
        path: &str,
        find: impl Fn() -> Result<T, NotLoaded>,
    ) -> Result<Arc<T>, NotLoaded> {
        let known = self.learnt.get_or_try(&(topic, path.to_owned()), || Ok(Arc::new(find()?)))?;
        known.downcast().or_else(|_| Ok(Arc::new(find()?)))
    }

    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    pub fn tree(&self) -> Result<Arc<Tree>, NotLoaded> {
        self.snapshot.tree()
    }

    pub fn file(&self, path: &str) -> Result<Arc<Blob>, NotLoaded> {
        self.snapshot.file(path)
    }

    /// A file's text; `None` when it is missing, binary or too large. Of a symbolic link it is where it leads.
    pub fn text(&self, path: &str) -> Result<Option<Text>, NotLoaded> {
        Ok(self.snapshot.file(path)?.text().cloned())
    }

    /// What is no link: a link's text is a path, whatever the name says.
    fn content(&self, path: &str) -> Result<Option<Text>, NotLoaded> {
        Ok(self.text(path)?.filter(|_| !self.snapshot.is_symlink(path)))
    }

    /// A Python file, parsed; `None` when it is missing, binary or too large.
    pub fn module(&self, path: &str) -> Result<Option<Arc<Module>>, NotLoaded> {
        self.modules.get_or_try(path, || Ok(self.content(path)?.map(|text| self.parsed.module(&text))))
    }

    /// A YAML file, parsed; `None` when it is missing, binary or too large.
    pub fn yaml(&self, path: &str) -> Result<Option<Arc<Yaml>>, NotLoaded> {
        self.yaml.get_or_try(path, || Ok(self.content(path)?.map(|text| self.parsed.yaml(&text))))
    }

    /// A migration file, understood; `None` when it is not there or holds no class `Migration`.
    pub fn migration(&self, path: &str) -> Result<Option<Arc<Migration>>, NotLoaded> {
        self.migrations
            .get_or_try(path, || Ok(self.module(path)?.and_then(|module| self.parsed.migration(module))))
    }

    /// What the settings modules say, as far as their text tells.
    pub fn settings(&self) -> Result<Arc<Settings>, NotLoaded> {
        self.settings.get_or_try(&(), || Ok(Arc::new(settings::find(self)?)))
    }

    /// Apps that have a migration package in this repository.
    pub fn apps(&self) -> Result<Arc<Apps>, NotLoaded> {
        self.apps.get_or_try(&(), || Ok(Arc::new(apps::find(self)?)))
    }

    /// An env file, read; `None` when it is missing, binary or too large. Any text can be asked for: whether the path
    /// is one of an env file is [`env_files::role`].
    pub fn env_file(&self, path: &str) -> Result<Option<Arc<EnvFile>>, NotLoaded> {
        self.env_files.get_or_try(path, || Ok(self.text(path)?.map(|text| Arc::new(EnvFile::parse(&text)))))
    }

    /// Our suppressions in a file that was read: comments of Python, lines of anything else.
    pub fn suppressions(&self, path: &str) -> Result<Vec<Suppression>, NotLoaded> {
        let found = if path.ends_with(".py") {
            self.module(path)?.map(|module| suppression::in_python(&module))
        } else {
            self.text(path)?.map(|text| suppression::in_text(&text))
        };
        Ok(found.unwrap_or_default())
    }

    /// Who reads env files in this repository.
    pub fn env_readers(&self) -> Result<Arc<EnvReaders>, NotLoaded> {
        self.env_readers.get_or_try(&(), || Ok(Arc::new(readers::find(self)?)))
    }

    /// The `.gitignore` files that have a say over these paths.
    pub fn ignores(&self, paths: &[&str]) -> Result<Ignores, NotLoaded> {
        ignore::read(self, paths)
    }
}

/// Remembers what was found; what could not be read yet is asked again.
#[derive(Debug)]
pub(crate) struct Memo<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// The lock is not held while `find` runs: facts may ask for other facts.
    pub(crate) fn get_or_try<Q>(
        &self,
        key: &Q,
        find: impl FnOnce() -> Result<V, NotLoaded>,
    ) -> Result<V, NotLoaded>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(known.clone());
        }
        let found = find()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), found.clone());
        Ok(found)
    }
}
