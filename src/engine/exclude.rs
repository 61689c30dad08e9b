//! Paths that no rule looks at: the policy's globs, generated and vendored files.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::project::apps::looks_like_migration;
use crate::source::Text;

/// Where a repository says what is generated and what is vendored.
pub(super) const ATTRIBUTES: &str = ".gitattributes";

/// Decides by path alone.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    policy: GlobSet,
    attributes: GlobSet,
}

impl Excluded {
    /// Globs that do not compile were refused when the policy was read.
    pub(super) fn new(globs: &[String]) -> Self {
        Self { policy: set(globs.iter().map(String::as_str)), attributes: GlobSet::empty() }
    }

    /// Takes `linguist-generated` and `linguist-vendored` from the root's `.gitattributes`. Migrations are generated
    /// and judged all the same: somebody runs them.
    pub(super) fn read_attributes(&mut self, text: &Text) {
        let marked = text.lines().filter_map(|(_, line)| {
            let mut words = line.split_whitespace();
            let pattern = words.next().filter(|p| !p.starts_with('#'))?;
            let on = |w: &str| {
                matches!(
                    w.split_once('=').unwrap_or((w, "true")),
                    ("linguist-generated" | "linguist-vendored", "true")
                )
            };
            words.any(on).then_some(pattern)
        });
        let patterns: Vec<String> = marked
            .map(|p| if p.contains('/') { p.trim_start_matches('/').to_owned() } else { format!("**/{p}") })
            .collect();
        self.attributes = set(patterns.iter().map(String::as_str));
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let attributed = self.attributes.is_match(path) && !looks_like_migration(path);
        self.policy.is_match(path) || attributed || is_generated(path)
    }
}

/// Folders and names that hold what people did not write here.
fn is_generated(path: &str) -> bool {
    crate::project::apps::is_vendored(path)
        || path.contains("static/vendor/")
        || crate::source::tree::file_name(path).contains(".min.")
}

fn set<'a>(patterns: impl Iterator<Item = &'a str>) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in patterns.filter_map(|p| Glob::new(p).ok()) {
        builder.add(glob);
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}
