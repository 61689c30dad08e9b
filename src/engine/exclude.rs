//! Paths that no rule looks at: the policy's globs, generated and vendored files.

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::model::glob::is_compilable;
use crate::project::django::apps::looks_like_migration;
use crate::source::Text;

/// Where a repository says what is generated and what is vendored.
pub(super) const ATTRIBUTES: &str = ".gitattributes";

/// Decides by path alone.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    policy: GlobSet,
    attributes: Attributes,
}

impl Excluded {
    /// Globs that do not compile were refused when the policy was read. Their `*` also takes in folders.
    pub(super) fn new(globs: &[String]) -> Self {
        let mut policy = GlobSetBuilder::new();
        for glob in globs.iter().filter_map(|g| Glob::new(g).ok()) {
            policy.add(glob);
        }
        let policy = policy.build().unwrap_or_else(|_| GlobSet::empty());
        Self { policy, attributes: Attributes::default() }
    }

    /// Takes `linguist-generated` and `linguist-vendored` from the root's `.gitattributes`. Migrations are generated
    /// and judged all the same: somebody runs them.
    pub(super) fn read_attributes(&mut self, text: &Text) {
        self.attributes = Attributes::read(text);
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let attributed = || self.attributes.mark(path) && !looks_like_migration(path);
        self.policy.is_match(path) || is_generated(path) || attributed()
    }
}

/// Lines of a `.gitattributes` that set or unset a mark, in their order.
#[derive(Debug, Default)]
struct Attributes(Vec<Line>);

#[derive(Debug)]
struct Line {
    pattern: GlobMatcher,
    /// Of `linguist-generated` and `linguist-vendored`; `None`: the line does not speak of it.
    marks: [Option<bool>; 2],
}

/// Lines that are read; each is matched against every changed path.
const MAX_LINES: usize = 1_000;

impl Attributes {
    fn read(text: &Text) -> Self {
        Self(text.lines().filter_map(|(_, line)| Line::read(line)).take(MAX_LINES).collect())
    }

    /// As in Git, the last line that matches and speaks of an attribute decides it.
    fn mark(&self, path: &str) -> bool {
        (0..2).any(|attribute| {
            let last = self.0.iter().rfind(|l| l.marks[attribute].is_some() && l.pattern.is_match(path));
            last.is_some_and(|line| line.marks[attribute] == Some(true))
        })
    }
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let pattern = words.next().filter(|p| !p.starts_with('#') && is_compilable(p))?;
        let set: Vec<&str> = words.collect();
        let marks = ["linguist-generated", "linguist-vendored"].map(|name| {
            set.iter().rev().find_map(|word| match word.strip_prefix(['-', '!']) {
                Some(unset) => (unset == name).then_some(false),
                None if *word == name => Some(true),
                None => word.strip_prefix(name)?.strip_prefix('=').map(|value| value == "true"),
            })
        });
        marks.iter().any(Option::is_some).then_some(())?;
        // A pattern without a slash is a name in any folder.
        let pattern = match pattern.contains('/') {
            true => pattern.trim_start_matches('/').to_owned(),
            false => format!("**/{pattern}"),
        };
        let pattern = GlobBuilder::new(&pattern).literal_separator(true).build().ok()?.compile_matcher();
        Some(Self { pattern, marks })
    }
}

/// Folders and names that hold what people did not write here.
fn is_generated(path: &str) -> bool {
    crate::source::tree::is_vendored(path)
        || path.contains("static/vendor/")
        || crate::source::tree::file_name(path).contains(".min.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_any_depth_is_not_read_and_stops_nobody() {
        let (open, closed) = ("{".repeat(500_000), "}".repeat(500_000));
        let (deep, long) = (format!("{open}a{closed}"), "{a,b}".repeat(100_000));
        let mut excluded = Excluded::new(&[]);
        excluded.read_attributes(&Text::new(&format!(
            "{deep} linguist-generated\n{long} linguist-generated\n*.py linguist-generated\n"
        )));
        assert!(excluded.matches("blog/views.py") && !excluded.matches("a"));
    }

    #[test]
    fn gitattributes_are_read_as_git_reads_them() {
        let mut excluded = Excluded::new(&[]);
        excluded.read_attributes(&Text::new(
            "# generated\n*.py linguist-generated\nsettings.py -linguist-generated\n/api/* linguist-vendored=true\n\
             docs/** linguist-vendored\ndocs/conf.yml linguist-vendored=false\nwiki/*.md text\n",
        ));
        for (path, want) in [
            ("blog/views.py", true),
            ("config/settings.py", false),
            ("blog/migrations/0002_slug.py", false),
            ("api/openapi.yml", true),
            ("api/v1/openapi.yml", false),
            ("site/api/openapi.yml", false),
            ("docs/a/b.yml", true),
            ("docs/conf.yml", false),
            ("wiki/a.md", false),
        ] {
            assert_eq!(excluded.matches(path), want, "{path}");
        }
    }
}
