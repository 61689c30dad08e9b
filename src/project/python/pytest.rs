//! Does a repository run its tests with pytest?

use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder, is_vendored};

use crate::project::{Fact, Project};

/// Files that may name it which are read.
const MAX_READ: usize = 24;

/// What of pytest the repository has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pytest {
    /// It is set up or required: its tests may be pytest's.
    pub is_used: bool,
}

impl Fact for Pytest {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        let tree = project.tree()?;
        let paths = || tree.entries.keys().map(String::as_str).filter(|path| !is_vendored(path));
        if paths().any(|path| matches!(file_name(path), "pytest.ini" | ".pytest.ini" | "conftest.py")) {
            return Ok(Self { is_used: true });
        }
        let naming = paths().filter(|path| may_name_it(path)).take(MAX_READ);
        let texts = NotLoaded::all(naming.map(|path| project.text(path)))?;
        let is_used = texts.iter().flatten().any(|text| text.as_str().contains("pytest"));
        Ok(Self { is_used })
    }
}

/// Requirements and settings of tools, near the top.
pub fn may_name_it(path: &str) -> bool {
    let name = file_name(path);
    let is_tool = matches!(name, "pyproject.toml" | "setup.cfg" | "tox.ini" | "setup.py" | "Pipfile");
    let is_list = is_requirements(path);
    (is_tool || is_list) && path.split('/').count() <= 3
}

/// `requirements.txt`, `requirements-dev.in`, `requirements/test.txt`
pub fn is_requirements(path: &str) -> bool {
    let name = file_name(path);
    let is_list = name.ends_with(".txt") || name.ends_with(".in");
    is_list && (name.contains("requirements") || file_name(folder(path)) == "requirements")
}
