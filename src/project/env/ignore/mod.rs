//! What `.gitignore` files say of a path, with Git's own precedence: deeper files over higher ones, later lines over
//! earlier ones, and nothing comes back from an ignored folder. Global excludes of a person are unknowable.

mod glob;
mod pattern;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use crate::model::change::Path;
use crate::source::NotLoaded;
use crate::source::tree::{above, join};

use crate::project::Project;
use pattern::{Pattern, patterns};

const GITIGNORE: &str = ".gitignore";

/// How often a step of a pattern is held against a byte of a path before the answer is left open. A person's files take
/// some thousands.
const MOST_STEPS: usize = 20_000_000;

/// The `.gitignore` files on the way to some paths.
#[derive(Debug)]
pub struct Ignores {
    /// By folder, higher before deeper.
    files: Vec<(Path, Vec<Pattern>)>,
    /// Steps that are left.
    left: Cell<usize>,
}

/// What they say of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Would `git add` leave it out?
    pub ignored: bool,
    /// The line that decided, when one did.
    pub line: Option<DecidingLine>,
}

/// A line of a `.gitignore`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingLine {
    /// The path of its file.
    pub file: Path,
    /// 1-based.
    pub number: u32,
}

impl Ignores {
    /// Folders with the bytes of their `.gitignore`.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut files: Vec<(Path, Vec<Pattern>)> =
            files.into_iter().map(|(folder, bytes)| (folder.to_owned(), patterns(bytes))).collect();
        files.sort_by_key(|(folder, _)| folder.len());
        Self { files, left: Cell::new(MOST_STEPS) }
    }

    /// As if the root's file had these lines at its end.
    #[must_use]
    pub fn with(&self, lines: &[&str]) -> Self {
        let more = patterns(lines.join("\n").as_bytes());
        let mut files = self.files.clone();
        match files.first_mut().filter(|(folder, _)| folder.is_empty()) {
            Some((_, patterns)) => patterns.extend(more),
            None => files.insert(0, (String::new(), more)),
        }
        Self { files, left: Cell::new(MOST_STEPS) }
    }

    /// What Git would do with a file of this path; `None` where that takes too long to find out.
    pub fn of(&self, path: &str) -> Option<Answer> {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        for folder in folders {
            let answer = self.decide(folder, true)?;
            if answer.ignored {
                return Some(answer);
            }
        }
        self.decide(path, false)
    }

    fn decide(&self, path: &str, is_folder: bool) -> Option<Answer> {
        for (folder, patterns) in self.files.iter().rev() {
            let inside = match folder.as_str() {
                "" => Some(path),
                folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(inside) = inside else { continue };
            for pattern in patterns.iter().rev() {
                if pattern.matches(inside.as_bytes(), is_folder, &self.left)? {
                    let line = DecidingLine { file: join(folder, GITIGNORE), number: pattern.line };
                    return Some(Answer { ignored: !pattern.lets_in, line: Some(line) });
                }
            }
        }
        Some(Answer { ignored: false, line: None })
    }
}

/// The `.gitignore` files that have a say over these paths: Git follows none that is a link.
pub(in crate::project) fn read(project: &Project, paths: &[&str]) -> Result<Ignores, NotLoaded> {
    let mut folders: Vec<&str> = paths.iter().flat_map(|path| above(path)).collect();
    folders.sort_unstable();
    folders.dedup();
    let blobs = NotLoaded::all(folders.iter().map(|at| project.file(&join(at, GITIGNORE))))?;
    let own = |at: &str| !project.snapshot().is_symlink(&join(at, GITIGNORE));
    let files: Vec<_> =
        folders.iter().zip(&blobs).filter_map(|(at, blob)| Some((*at, blob.bytes()?))).collect();
    Ok(Ignores::new(files.iter().filter(|(at, _)| own(at)).map(|(at, bytes)| (*at, &**bytes))))
}
