//! Contents as they were understood, shared by all commits of a run: what several sides have alike is parsed once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::source::Text;
use crate::syntax::python::Module;
use crate::syntax::yaml::Yaml;

use crate::project::migrations::migration::Migration;

/// What was parsed, by content.
#[derive(Debug, Default)]
pub struct Parsed {
    modules: ByContent<Arc<Module>>,
    migrations: ByContent<Option<Arc<Migration>>>,
    yaml: ByContent<Arc<Yaml>>,
}

impl Parsed {
    pub(super) fn module(&self, text: &Text) -> Arc<Module> {
        self.modules.get(text, || Arc::new(Module::parse(text)))
    }

    pub(super) fn migration(&self, module: Arc<Module>) -> Option<Arc<Migration>> {
        let text = module.text().clone();
        self.migrations.get(&text, || Migration::read(module).map(Arc::new))
    }

    pub(super) fn yaml(&self, text: &Text) -> Arc<Yaml> {
        self.yaml.get(text, || Arc::new(Yaml::parse(text)))
    }
}

#[derive(Debug)]
struct ByContent<V>(Mutex<HashMap<Text, Arc<OnceLock<V>>>>);

impl<V> Default for ByContent<V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<V: Clone> ByContent<V> {
    /// Who asks for what another thread is reading waits for it: the rules all begin with the same files.
    fn get(&self, text: &Text, read: impl FnOnce() -> V) -> V {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = cells.entry(text.clone()).or_default().clone();
        drop(cells);
        cell.get_or_init(read).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_are_parsed_once() {
        let parsed = Parsed::default();
        let module = |source: &str| parsed.module(&Text::new(source));
        assert!(Arc::ptr_eq(&module("x = 1\n"), &module("x = 1\n")));
        assert!(!Arc::ptr_eq(&module("x = 1\n"), &module("x = 2\n")));
    }
}
