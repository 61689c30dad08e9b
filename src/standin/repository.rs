//! A Git repository in memory: what both stand-in forges are built on. Object ids are those of Git's SHA-256 format
//! cut to 40 digits, so the same story always has the same ids.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::model::change::{FileStatus, Mode};
use crate::model::id::Sha;

pub use super::patch::{FileDiff, diff_files};

/// Unix milliseconds at which the first commit is made; each later one follows a minute after.
const FIRST_COMMIT: i64 = 1_767_225_600_000;

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub mode: Mode,
    /// Of a symlink its target, of a submodule the commit id as text.
    pub bytes: Bytes,
}

impl Content {
    pub fn file(bytes: impl Into<Bytes>) -> Self {
        Self { mode: Mode::File, bytes: bytes.into() }
    }

    pub fn executable(bytes: impl Into<Bytes>) -> Self {
        Self { mode: Mode::Executable, bytes: bytes.into() }
    }

    pub fn symlink(target: &str) -> Self {
        Self { mode: Mode::Symlink, bytes: Bytes::copy_from_slice(target.as_bytes()) }
    }

    /// Its object id.
    pub fn id(&self) -> Sha {
        object_id("blob", &self.bytes)
    }
}

/// A tree: path → content.
pub type Files = BTreeMap<String, Content>;

/// A commit with its whole tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: Sha,
    pub parents: Vec<Sha>,
    pub files: Files,
    pub message: String,
    /// Unix milliseconds.
    pub time: i64,
}

/// Commits, branches and tags.
#[derive(Clone, Debug, Default)]
pub struct GitRepository {
    commits: HashMap<Sha, Commit>,
    branches: BTreeMap<String, Sha>,
    tags: BTreeMap<String, Sha>,
}

impl GitRepository {
    /// A repository whose first commit on `branch` holds these files.
    pub fn new(branch: &str, files: &[(&str, &str)]) -> Self {
        let mut repository = Self::default();
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
        repository.commit(branch, &files);
        repository
    }

    /// One commit on `branch`: text to write, `None` to delete. A branch that is not there begins without history.
    pub fn commit(&mut self, branch: &str, changes: &[(&str, Option<&str>)]) -> Sha {
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, text)| (*path, text.map(|t| Content::file(Bytes::copy_from_slice(t.as_bytes())))))
            .collect();
        self.commit_contents(branch, &changes)
    }

    /// As [`Self::commit`], with modes and bytes.
    pub fn commit_contents(&mut self, branch: &str, changes: &[(&str, Option<Content>)]) -> Sha {
        let parent = self.branches.get(branch).cloned();
        let mut files =
            parent.as_ref().and_then(|p| self.commits.get(p)).map_or_else(Files::new, |c| c.files.clone());
        for (path, content) in changes {
            match content {
                Some(content) => files.insert((*path).to_owned(), content.clone()),
                None => files.remove(*path),
            };
        }
        let message = format!("Change {}", changes.first().map_or("nothing", |(path, _)| path));
        let id = self.add(parent.into_iter().collect(), files, message);
        self.branches.insert(branch.to_owned(), id.clone());
        id
    }

    /// Merges `from` into `into` with a merge commit: `from`'s changes since the merge base laid over `into`.
    pub fn merge(&mut self, into: &str, from: &Sha) -> Option<Sha> {
        let tip = self.branch(into)?;
        let base = self.merge_base(&tip, from)?;
        let mut files = self.commits.get(&tip)?.files.clone();
        let (ours, theirs) = (&self.commits.get(&base)?.files, &self.commits.get(from)?.files);
        let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for path in paths {
            match theirs.get(path) {
                now if now == ours.get(path) => {}
                Some(content) => {
                    files.insert(path.clone(), content.clone());
                }
                None => {
                    files.remove(path);
                }
            }
        }
        let id = self.add(vec![tip, from.clone()], files, format!("Merge into {into}"));
        self.branches.insert(into.to_owned(), id.clone());
        Some(id)
    }

    fn add(&mut self, parents: Vec<Sha>, files: Files, message: String) -> Sha {
        let time = FIRST_COMMIT + self.commits.len() as i64 * 60_000;
        let mut text = format!("tree {}\n", tree_id(&files));
        for parent in &parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!("time {time}\n\n{message}\n"));
        let id = object_id("commit", text.as_bytes());
        self.commits.insert(id.clone(), Commit { id: id.clone(), parents, files, message, time });
        id
    }

    /// Makes or moves a branch: also how a force push is told.
    pub fn set_branch(&mut self, name: &str, to: &Sha) {
        self.branches.insert(name.to_owned(), to.clone());
    }

    pub fn delete_branch(&mut self, name: &str) -> Option<Sha> {
        self.branches.remove(name)
    }

    pub fn set_tag(&mut self, name: &str, to: &Sha) {
        self.tags.insert(name.to_owned(), to.clone());
    }

    /// The tip of a branch.
    pub fn branch(&self, name: &str) -> Option<Sha> {
        self.branches.get(name).cloned()
    }

    pub fn branches(&self) -> &BTreeMap<String, Sha> {
        &self.branches
    }

    pub fn tags(&self) -> &BTreeMap<String, Sha> {
        &self.tags
    }

    pub fn get(&self, commit: &Sha) -> Option<&Commit> {
        self.commits.get(commit)
    }

    /// What a branch, a tag, a full ref name or a full object id names.
    pub fn resolve(&self, name: &str) -> Option<Sha> {
        let branch = name.strip_prefix("refs/heads/").unwrap_or(name);
        let tag = name.strip_prefix("refs/tags/").unwrap_or(name);
        self.branch(branch)
            .or_else(|| self.tags.get(tag).cloned())
            .or_else(|| Sha::parse(name).filter(|sha| self.commits.contains_key(sha)))
    }

    /// Takes over a commit of another repository with all that it stands on: how a fork's head reaches its base.
    pub fn fetch(&mut self, from: &Self, commit: &Sha) {
        let mut waiting = vec![commit.clone()];
        while let Some(id) = waiting.pop() {
            if self.commits.contains_key(&id) {
                continue;
            }
            if let Some(found) = from.commits.get(&id) {
                waiting.extend(found.parents.iter().cloned());
                self.commits.insert(id, found.clone());
            }
        }
    }

    pub fn file(&self, commit: &Sha, path: &str) -> Option<&Content> {
        self.commits.get(commit)?.files.get(path)
    }

    /// Content by its object id, whatever commit holds it.
    pub fn blob(&self, id: &Sha) -> Option<Bytes> {
        let contents = self.commits.values().flat_map(|c| c.files.values());
        contents.filter(|c| c.mode != Mode::Submodule).find(|c| c.id() == *id).map(|c| c.bytes.clone())
    }

    /// The id of a commit's tree.
    pub fn tree_id(&self, commit: &Sha) -> Option<Sha> {
        self.commits.get(commit).map(|c| tree_id(&c.files))
    }

    /// The newest commit that both reach.
    pub fn merge_base(&self, one: &Sha, other: &Sha) -> Option<Sha> {
        let ours = self.ancestors(one);
        let common = self.ancestors(other).into_iter().filter(|id| ours.contains(id));
        common.filter_map(|id| self.commits.get(&id)).max_by_key(|c| c.time).map(|c| c.id.clone())
    }

    /// The commit and all that it stands on.
    pub fn ancestors(&self, commit: &Sha) -> BTreeSet<Sha> {
        let mut seen = BTreeSet::new();
        let mut waiting = VecDeque::from([commit.clone()]);
        while let Some(id) = waiting.pop_front() {
            let Some(found) = self.commits.get(&id) else { continue };
            if seen.insert(id) {
                waiting.extend(found.parents.iter().cloned());
            }
        }
        seen
    }

    /// Commits that `head` reaches and `base` does not, oldest first.
    pub fn commits_between(&self, base: &Sha, head: &Sha) -> Vec<&Commit> {
        let behind = self.ancestors(base);
        let ahead = self.ancestors(head).into_iter().filter(|id| !behind.contains(id));
        let mut commits: Vec<&Commit> = ahead.filter_map(|id| self.commits.get(&id)).collect();
        commits.sort_by_key(|c| c.time);
        commits
    }

    /// What changed from one tree to the other, by path at head.
    pub fn diff(&self, base: &Sha, head: &Sha) -> Vec<FileDiff> {
        let empty = Files::new();
        let files = |id| self.commits.get(id).map_or(&empty, |c| &c.files);
        diff_files(files(base), files(head))
    }

    /// The whole diff as `git diff -p` prints it.
    pub fn diff_text(&self, base: &Sha, head: &Sha) -> Vec<u8> {
        self.diff(base, head).iter().flat_map(FileDiff::to_git).collect()
    }

    /// What a commit changed against its first parent.
    pub fn changes_of(&self, commit: &Sha) -> Vec<FileDiff> {
        let Some(found) = self.commits.get(commit) else { return Vec::new() };
        let parent = found.parents.first().and_then(|p| self.commits.get(p));
        diff_files(parent.map_or(&Files::new(), |p| &p.files), &found.files)
    }

    /// Paths that a commit added or modified against its first parent.
    pub fn paths_written_by(&self, commit: &Sha) -> Vec<String> {
        let changes = self.changes_of(commit);
        changes.into_iter().filter(|f| f.status != FileStatus::Deleted).map(|f| f.path).collect()
    }
}

fn tree_id(files: &Files) -> Sha {
    let mut text = String::new();
    for (path, content) in files {
        text.push_str(&format!("{:?} {} {path}\0", content.mode, content.id()));
    }
    object_id("tree", text.as_bytes())
}

fn object_id(kind: &str, content: &[u8]) -> Sha {
    let mut hash = Sha256::new();
    hash.update(format!("{kind} {}\0", content.len()));
    hash.update(content);
    let (mut id, digest) = ([0; 20], hash.finalize());
    id.copy_from_slice(&digest[..20]);
    Sha::from_bytes(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_story_has_the_same_ids() {
        let story = || {
            let mut git = GitRepository::new("main", &[("a.py", "a\n")]);
            git.commit("main", &[("a.py", Some("b\n"))])
        };
        assert_eq!(story(), story());
        assert_eq!(story().as_str().len(), 40);
    }

    #[test]
    fn the_merge_base_is_where_the_branches_parted_until_one_is_merged_into_the_other() {
        let mut git = GitRepository::new("main", &[("a.py", "a\n")]);
        let parted = git.branch("main").unwrap();
        git.set_branch("topic", &parted);
        let topic = git.commit("topic", &[("b.py", Some("b\n"))]);
        let main = git.commit("main", &[("c.py", Some("c\n"))]);
        assert_eq!(git.merge_base(&main, &topic), Some(parted));

        let merged = git.merge("topic", &main).unwrap();
        assert_eq!(git.merge_base(&main, &merged), Some(main.clone()));
        assert_eq!(git.diff(&main, &merged).iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["b.py"]);
        let commits: Vec<_> = git.commits_between(&main, &merged).iter().map(|c| c.id.clone()).collect();
        assert_eq!(commits, [topic, merged]);
    }

    #[test]
    fn a_fork_is_fetched_with_its_history() {
        let mut git = GitRepository::new("main", &[("a.py", "a\n")]);
        let mut fork = git.clone();
        fork.commit("main", &[("b.py", Some("b\n"))]);
        let head = fork.commit("main", &[("c.py", Some("c\n"))]);
        git.fetch(&fork, &head);
        assert_eq!(git.commits_between(&git.branch("main").unwrap(), &head).len(), 2);
        assert_eq!(git.blob(&Content::file("c\n").id()), Some(Bytes::from("c\n")));
    }
}
