//! Facts about the Django project at one commit, found on demand and kept while the run lasts.

pub mod broker;
pub mod django;
pub mod env;
mod facts;
pub mod foretold;
pub mod migrations;
mod parsed;
pub mod python;
pub mod schema;

use std::sync::Arc;

use crate::source::{Blob, NotLoaded, Snapshot, Text, Tree};
use crate::syntax::dotenv::EnvFile;
use crate::syntax::python::{Module, SyntaxFault};
use crate::syntax::suppression::{self, MARK, Suppression};
use crate::syntax::yaml::Yaml;

use django::apps::Apps;
use env::ignore::{self, Ignores};
use facts::Owner;
pub use facts::{Content, ContentFact, Fact, Facts};
use migrations::migration::Migration;
use parsed::{PythonFault, YamlFault};

/// One commit's files with everything that was understood of them so far.
#[derive(Debug)]
pub struct Project {
    snapshot: Arc<Snapshot>,
    facts: Arc<Facts>,
    owner: Owner,
}

impl Project {
    /// Projects of one run share what was read of their texts.
    pub fn new(snapshot: Arc<Snapshot>, facts: Arc<Facts>) -> Self {
        let owner = facts.new_owner();
        Self { snapshot, facts, owner }
    }

    /// A fact about this commit, found once however many rules ask at the same time.
    pub fn fact<F: Fact>(&self, key: &F::Key) -> Result<Arc<F>, NotLoaded> {
        self.facts.once(self.owner, key, || F::find(self, key))
    }

    /// What a text tells, found once for all commits that have it.
    fn read<F: ContentFact>(&self, text: Option<Text>) -> Option<Arc<F>> {
        text.map(|text| self.facts.content(&text).fact())
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

    /// A file's text; `None` when it is missing, binary or too large. Of a symbolic link it is where it leads. What is
    /// not UTF-8 is read byte by byte, but for Python, which refuses it.
    pub fn text(&self, path: &str) -> Result<Option<Text>, NotLoaded> {
        let blob = self.snapshot.file(path)?;
        Ok(if path.ends_with(".py") { blob.text() } else { blob.text_by_bytes() }.cloned())
    }

    /// What is no link: a link's text is a path, whatever the name says.
    fn content(&self, path: &str) -> Result<Option<Text>, NotLoaded> {
        Ok(self.text(path)?.filter(|_| !self.snapshot.is_symlink(path)))
    }

    /// A Python file, parsed; `None` when it is missing, binary or too large.
    pub fn module(&self, path: &str) -> Result<Option<Arc<Module>>, NotLoaded> {
        Ok(self.read(self.content(path)?))
    }

    /// A YAML file, parsed; `None` when it is missing, binary or too large.
    pub fn yaml(&self, path: &str) -> Result<Option<Arc<Yaml>>, NotLoaded> {
        Ok(self.read(self.content(path)?))
    }

    /// Why a Python file has no usable tree; `None` also when it is no text.
    pub fn python_fault(&self, path: &str) -> Result<Option<SyntaxFault>, NotLoaded> {
        let fault: Option<Arc<PythonFault>> = self.read(self.content(path)?);
        Ok(fault.and_then(|fault| fault.0.clone()))
    }

    /// The line from which a YAML file does not parse, 1-based; `None` also when it is no text.
    pub fn yaml_broken_at(&self, path: &str) -> Result<Option<u32>, NotLoaded> {
        let fault: Option<Arc<YamlFault>> = self.read(self.content(path)?);
        Ok(fault.and_then(|fault| fault.0))
    }

    /// A migration file, understood; `None` when it is not there or holds no class `Migration`.
    pub fn migration(&self, path: &str) -> Result<Option<Arc<Migration>>, NotLoaded> {
        let read: Option<Arc<Option<Arc<Migration>>>> = self.read(self.content(path)?);
        Ok(read.and_then(|migration| (*migration).clone()))
    }

    /// An env file, read; `None` when it is missing, binary or too large. Any text can be asked for: whether the path
    /// is one of an env file is [`env::env_files::role`].
    pub fn env_file(&self, path: &str) -> Result<Option<Arc<EnvFile>>, NotLoaded> {
        Ok(self.read(self.text(path)?))
    }

    /// Apps that have a migration package in this repository.
    pub fn apps(&self) -> Result<Arc<Apps>, NotLoaded> {
        self.fact(&())
    }

    /// Our suppressions in a file that was read: comments of Python, lines of anything else.
    pub fn suppressions(&self, path: &str) -> Result<Vec<Suppression>, NotLoaded> {
        // Hardly any file has one, and without one no tree is needed.
        let Some(text) = self.text(path)?.filter(|text| text.as_str().contains(MARK)) else {
            return Ok(Vec::new());
        };
        if !path.ends_with(".py") {
            return Ok(suppression::in_text(&text));
        }
        Ok(self.module(path)?.map_or_else(Vec::new, |module| suppression::in_python(&module)))
    }

    /// The `.gitignore` files that have a say over these paths.
    pub fn ignores(&self, paths: &[&str]) -> Result<Ignores, NotLoaded> {
        ignore::read(self, paths)
    }
}
