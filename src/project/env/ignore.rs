//! What `.gitignore` files say of a path, with Git's own precedence: deeper files over higher ones, later lines over
//! earlier ones, and nothing comes back from an ignored folder. Global excludes of a person are unknowable.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::change::Path;
use crate::model::glob::is_compilable;
use crate::source::tree::{folder, join};
use crate::source::{NotLoaded, Text};

use crate::project::Project;

/// The `.gitignore` files on the way to some paths.
#[derive(Debug, Default)]
pub struct Ignores {
    /// By folder, higher before deeper.
    files: Vec<(Path, Gitignore)>,
}

impl Ignores {
    /// Folders with the text of their `.gitignore`.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a Text)>) -> Self {
        let mut files: Vec<(Path, Gitignore)> =
            files.into_iter().filter_map(|(folder, text)| Some((folder.to_owned(), build(text)?))).collect();
        files.sort_by_key(|(folder, _)| folder.len());
        Self { files }
    }

    /// Would `git add` leave this file out?
    pub fn ignores(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders.into_iter().any(|folder| self.matches(folder, true)) || self.matches(path, false)
    }

    fn matches(&self, path: &str, is_folder: bool) -> bool {
        let decided = self.files.iter().rev().find_map(|(at, file)| {
            let inside =
                if at.is_empty() { path } else { path.strip_prefix(at.as_str())?.strip_prefix('/')? };
            match file.matched(inside, is_folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            }
        });
        decided.unwrap_or(false)
    }
}

/// Lines that are no pattern are left out, as Git does.
fn build(text: &Text) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for (_, line) in text.lines().filter(|(_, line)| is_compilable(line)) {
        // A line that does not compile ignores nothing: its error is of no use here.
        let _ = builder.add_line(None, line.trim_start_matches('\u{FEFF}'));
    }
    builder.build().ok()
}

/// The `.gitignore` files that have a say over these paths.
pub(in crate::project) fn read(project: &Project, paths: &[&str]) -> Result<Ignores, NotLoaded> {
    let mut folders: Vec<&str> = paths
        .iter()
        .flat_map(|path| std::iter::successors(Some(folder(path)), |at| (!at.is_empty()).then(|| folder(at))))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    let texts = NotLoaded::all(folders.iter().map(|at| project.text(&join(at, ".gitignore"))))?;
    Ok(Ignores::new(folders.iter().zip(&texts).filter_map(|(at, text)| Some((*at, text.as_ref()?)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(files: &[(&str, &str)], path: &str) -> bool {
        let texts: Vec<(&str, Text)> = files.iter().map(|(at, text)| (*at, Text::new(text))).collect();
        Ignores::new(texts.iter().map(|(at, text)| (*at, text))).ignores(path)
    }

    #[test]
    fn order_negation_and_anchors_count() {
        assert!(ignores(&[("", ".env\n")], "project/.env"));
        assert!(!ignores(&[("", "/.env\n")], "project/.env"));
        assert!(ignores(&[("", ".env*\n!.env.example\n")], ".env.local"));
        assert!(!ignores(&[("", ".env*\n!.env.example\n")], ".env.example"));
        assert!(ignores(&[("", "!.env\n.env\n")], ".env"));
        assert!(!ignores(&[("", ".env\n!.env\n")], ".env"));
        assert!(ignores(&[("", "*\n!.gitignore\n")], ".env"));
        assert!(!ignores(&[("", "# .env\n\\#.env\n")], ".env"));
    }

    #[test]
    fn a_line_of_any_depth_ignores_nothing_and_stops_nobody() {
        let (open, closed) = ("{".repeat(500_000), "}".repeat(500_000));
        for line in [format!("{open}.env{closed}"), format!(".env{}", "{,b}".repeat(100_000))] {
            assert!(!ignores(&[("", &format!("{line}\n"))], ".env"));
            assert!(ignores(&[("", &format!("{line}\n.env\n"))], ".env"));
        }
    }

    #[test]
    fn trailing_spaces_and_a_mark_of_byte_order_do_not_count() {
        assert!(ignores(&[("", ".env  \r\n")], ".env"));
        assert!(ignores(&[("", "\u{FEFF}.env\n")], ".env"));
    }

    #[test]
    fn deeper_files_win_but_nothing_returns_from_an_ignored_folder() {
        let nested = [("", ".env\n"), ("project", "!.env\n")];
        assert!(!ignores(&nested, "project/.env"));
        assert!(ignores(&nested, ".env"));
        assert!(ignores(&[("", "project/\n"), ("project", "!.env\n")], "project/.env"));
        assert!(!ignores(&[("project", ".env\n")], ".env"));
    }
}
