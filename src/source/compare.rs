//! What changed between two trees, where a forge's own list ends.

use std::collections::HashMap;

use crate::model::change::{ChangedFile, FileStatus, Path};
use crate::model::id::Sha;

use super::tree::Tree;

/// By the ids of the contents alone: a file that moved and was edited is one deleted and one added.
pub fn changed_files(base: &Tree, head: &Tree) -> Vec<ChangedFile> {
    let mut gone: HashMap<Option<&Sha>, Vec<&Path>> = HashMap::new();
    // The first path on top: folders that move keep their order.
    for (path, entry) in base.entries.iter().rev().filter(|(path, _)| !head.contains(path)) {
        gone.entry(entry.blob.as_ref()).or_default().push(path);
    }
    let mut changed = Vec::new();
    for (path, entry) in &head.entries {
        changed.push(match base.entries.get(path) {
            Some(old) if old.blob == entry.blob => continue,
            Some(_) => file(path, FileStatus::Modified, None),
            None => match gone.get_mut(&entry.blob.as_ref()).and_then(Vec::pop) {
                Some(previous) => file(path, FileStatus::Renamed, Some(previous)),
                None => file(path, FileStatus::Added, None),
            },
        });
    }
    changed.extend(gone.into_values().flatten().map(|path| file(path, FileStatus::Deleted, None)));
    changed.sort_by(|a, b| a.path.cmp(&b.path));
    changed
}

fn file(path: &Path, status: FileStatus, previous: Option<&Path>) -> ChangedFile {
    ChangedFile { path: path.clone(), previous_path: previous.cloned(), status, hunks: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::Mode;
    use crate::source::TreeEntry;

    fn tree(files: &[(&str, char)]) -> Tree {
        let entry = |content: char| TreeEntry {
            mode: Mode::File,
            blob: Sha::parse(&content.to_string().repeat(40)),
            size: None,
        };
        let entries = files.iter().map(|(path, content)| ((*path).to_owned(), entry(*content)));
        Tree { entries: entries.collect(), truncated: false }
    }

    #[test]
    fn a_folder_that_moved_is_renamed_file_by_file() {
        let base = tree(&[("a/__init__.py", 'e'), ("a/b/__init__.py", 'e'), ("gone", '1'), ("same", '2')]);
        let head = tree(&[("c/__init__.py", 'e'), ("c/b/__init__.py", 'e'), ("new", '3'), ("same", '2')]);
        let changed = changed_files(&base, &head);
        let told: Vec<_> =
            changed.iter().map(|f| (f.path.as_str(), f.status, f.previous_path.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("c/__init__.py", FileStatus::Renamed, Some("a/__init__.py")),
                ("c/b/__init__.py", FileStatus::Renamed, Some("a/b/__init__.py")),
                ("gone", FileStatus::Deleted, None),
                ("new", FileStatus::Added, None),
            ]
        );
    }

    #[test]
    fn a_file_with_other_contents_is_modified() {
        let changed = changed_files(&tree(&[("a", '1')]), &tree(&[("a", '2')]));
        assert_eq!((changed.len(), changed[0].status), (1, FileStatus::Modified));
    }
}
