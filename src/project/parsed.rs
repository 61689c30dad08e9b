//! What a run keeps of each text that it parsed: the tree while there is room, and always whether there is one.

use crate::syntax::dotenv::EnvFile;
use crate::syntax::python::{Module, SyntaxFault};
use crate::syntax::yaml::Yaml;

use super::{Content, ContentFact};

/// Bytes that a Python file's tree holds for each of its tokens, a YAML file's for each node, an env file's for each
/// line: measured on files of everyday code and of nothing but brackets.
const PER_TOKEN: usize = 96;
const PER_NODE: usize = 140;
const PER_LINE: usize = 290;

/// Why a Python text has no usable tree: the judgement asks for it when the tree may be gone.
#[derive(Clone, Debug)]
pub(super) struct PythonFault(pub(super) Option<SyntaxFault>);

/// The line from which a YAML text does not parse.
#[derive(Clone, Debug)]
pub(super) struct YamlFault(pub(super) Option<u32>);

impl ContentFact for Module {
    fn read(content: &Content<'_>) -> Self {
        let module = Self::parse(content.text);
        content.keep(PythonFault(module.fault().cloned()));
        module
    }

    fn weight(&self) -> usize {
        self.tokens().count() * PER_TOKEN + self.index().weight()
    }
}

impl ContentFact for PythonFault {
    fn read(content: &Content<'_>) -> Self {
        Self(content.fact::<Module>().fault().cloned())
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl ContentFact for Yaml {
    fn read(content: &Content<'_>) -> Self {
        let yaml = Self::parse(content.text);
        content.keep(YamlFault(yaml.broken_at()));
        yaml
    }

    fn weight(&self) -> usize {
        self.nodes() * PER_NODE
    }
}

impl ContentFact for YamlFault {
    fn read(content: &Content<'_>) -> Self {
        Self(content.fact::<Yaml>().broken_at())
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl ContentFact for EnvFile {
    fn read(content: &Content<'_>) -> Self {
        Self::parse(content.text)
    }

    fn weight(&self) -> usize {
        self.lines().len() * PER_LINE
    }
}
