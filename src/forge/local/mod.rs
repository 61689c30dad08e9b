//! The local Git repository, read through `git` itself. Nothing is fetched, nothing is written to the repository; files
//! of the working tree are by [`writing`] alone.

mod command;
pub mod diff;
mod whole;
mod working_tree;
pub mod writing;

use std::collections::BTreeMap;
use std::path::{Path as FsPath, PathBuf};

use async_trait::async_trait;

use crate::model::change::{Change, CommitFiles, Commits, Mode, Uncommitted};
use crate::model::finding::code;
use crate::model::id::{Repository, Sha};
use crate::model::judgement::NotLookedAt;
use crate::source::{Blob, Tree, TreeEntry};

use super::{FileWanted, ForgeError, Reader, Take};
use command::Git;
use working_tree::Held;

pub use whole::Whole;

/// How many commits of a change are looked at one by one.
const MAX_COMMITS: usize = 500;
/// As forges have it.
const MAX_FILES: usize = 3_000;

/// Why a local repository cannot be judged: each is one sentence with its next step.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("{0} is not a Git repository: run inside one, or name one with --repo")]
    NotARepository(PathBuf),
    #[error(
        "{0} belongs to another user, so Git does not open it: allow it with `git config --global --add safe.directory <its absolute path>`"
    )]
    OfAnother(PathBuf),
    #[error("Git is not installed or does not start: {0}")]
    NoGit(std::io::Error),
    #[error("{0} has no commit yet: commit something first")]
    Unborn(String),
    #[error("there is no commit {0}: name a branch, tag or sha that exists here")]
    UnknownRef(String),
    #[error(
        "no origin/HEAD, origin/main or origin/master to compare with: name the target branch with --base"
    )]
    NoBase,
    #[error("{base} and {head} share no history: name a --base that they both come from")]
    Unrelated { base: String, head: String },
    #[error(
        "the clone is shallow and does not reach the merge base of {base} and {head}: clone with full history (`fetch-depth: 0` in actions/checkout)"
    )]
    Shallow { base: String, head: String },
    #[error(
        "{0} of the compared commits is not in this clone, which is partial or damaged: fetch what is missing with `git fetch --refetch --no-filter`"
    )]
    Absent(String),
    #[error("{path} is not inside {top}: name files and folders of that repository")]
    Outside { path: String, top: String },
    #[error("there is no {path} in {of}; did you mean {near}?")]
    Misspelt { path: String, of: String, near: String },
    #[error("there is no {path} in {of}: name files and folders that are there and that Git does not ignore")]
    NoSuchPath { path: String, of: String },
    #[error("a bare repository has no files that could be changed: run this in a working tree")]
    Bare,
    #[error("git {command} failed: {message}")]
    Git { command: String, message: String },
}

type Result<T> = std::result::Result<T, LocalError>;

/// A commit that somebody named, and what there is to say of the name.
type Named = (Sha, Vec<String>);

/// A repository on this machine.
#[derive(Debug)]
pub struct Local {
    git: Git,
    bare: bool,
}

/// What to compare, resolved.
#[derive(Debug)]
pub struct Range {
    /// As the user named it; an object id in short.
    pub base_name: String,
    pub base: Sha,
    pub head: Sha,
    /// The newest commit: the head, or what the working tree stands on.
    pub tip: Sha,
    pub merge_base: Sha,
    /// The head is the working tree, held as a tree object outside the repository.
    pub working_tree: bool,
    /// What of it no commit holds.
    pub uncommitted: BTreeMap<String, Uncommitted>,
    /// Files of the working tree that nobody can read: the head has them as they were before.
    pub unread: Vec<NotLookedAt>,
    /// Things to know: several merge bases, a tag that is called like the branch.
    pub notes: Vec<String>,
}

impl Local {
    /// Opens the repository that `folder` is in, bare or not.
    pub fn open(folder: &FsPath) -> Result<Self> {
        let git = Git::new(folder);
        let answer = git.run(&["rev-parse", "--is-bare-repository", "--absolute-git-dir"]);
        let answer = match answer {
            Err(LocalError::NoGit(error)) => return Err(LocalError::NoGit(error)),
            Err(LocalError::Git { message, .. }) if message.contains("dubious ownership") => {
                return Err(LocalError::OfAnother(folder.to_owned()));
            }
            Err(_) => return Err(LocalError::NotARepository(folder.to_owned())),
            Ok(answer) => answer,
        };
        let bare = answer.lines().next() == Some("true");
        Ok(Self { git, bare })
    }

    /// Resolves the two sides. Without `head`: the working tree, in a bare repository `HEAD`. Without `base`: the
    /// remote's default branch.
    pub fn range(&mut self, base: Option<&str>, head: Option<&str>) -> Result<Range> {
        let (base_name, (base, mut notes)) = match base {
            Some(name) => (Sha::readable(name).to_owned(), self.commit(name)?),
            None => self.default_base()?,
        };
        let head_name = head.unwrap_or("HEAD");
        let (commit, of_head) = self.commit(head_name)?;
        notes.extend(of_head);
        let (merge_base, of_merge_base) =
            self.merge_base(&base, &commit, &base_name, Sha::readable(head_name))?;
        notes.extend(of_merge_base);
        let working_tree = head.is_none() && !self.bare;
        let mut range = Range {
            base_name,
            base,
            head: commit.clone(),
            tip: commit,
            merge_base,
            working_tree,
            uncommitted: BTreeMap::new(),
            unread: Vec::new(),
            notes,
        };
        if working_tree {
            let held;
            (range.uncommitted, held) = self.hold(range.tip.clone())?;
            (range.head, range.unread) = (held.tree, held.unread);
            range.notes.extend(held.notes);
        }
        Ok(range)
    }

    /// The working tree as a tree object, and what of it this commit does not have.
    fn hold(&mut self, tip: Sha) -> Result<(BTreeMap<String, Uncommitted>, Held)> {
        Ok((self.uncommitted(&tip)?, self.git.hold_working_tree()?))
    }

    /// Files of the working tree that the newest commit does not have.
    fn uncommitted(&self, tip: &Sha) -> Result<BTreeMap<String, Uncommitted>> {
        let untracked = ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/"];
        let staged =
            ["diff-index", "--cached", "--no-renames", "--diff-filter=A", "--name-only", "-z", tip.as_str()];
        let mut files = BTreeMap::new();
        for (arguments, how) in
            [(untracked.as_slice(), Uncommitted::Untracked), (staged.as_slice(), Uncommitted::Staged)]
        {
            let paths = self.git.run(arguments)?;
            files.extend(paths.split_terminator('\0').map(|path| (path.to_owned(), how)));
        }
        Ok(files)
    }

    fn default_base(&self) -> Result<(String, Named)> {
        let candidates = ["origin/HEAD", "origin/main", "origin/master"];
        let found = candidates.into_iter().find_map(|name| {
            let commit = self.resolve(&format!("refs/remotes/{name}"))?;
            Some((name.to_owned(), (commit, Vec::new())))
        });
        found.ok_or(LocalError::NoBase)
    }

    fn resolve(&self, name: &str) -> Option<Sha> {
        let spec = format!("{name}^{{commit}}");
        let answer = self.git.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).ok()?;
        Sha::parse(answer.trim())
    }

    /// Of a branch and a tag with one name the branch: Git itself would take the tag.
    fn branch_first(&self, name: &str) -> Option<Named> {
        let branch = self.resolve(&format!("refs/heads/{name}")).filter(|_| Sha::parse(name).is_none());
        let Some(branch) = branch else { return Some((self.resolve(name)?, Vec::new())) };
        let tag = self.resolve(&format!("refs/tags/{name}")).filter(|tag| *tag != branch);
        let note = tag.map(|tag| {
            format!(
                "{} is a branch and a tag: the branch at {} was taken, not the tag at {}",
                code(name),
                branch.short(),
                tag.short()
            )
        });
        Some((branch, note.into_iter().collect()))
    }

    fn commit(&self, name: &str) -> Result<Named> {
        self.branch_first(name).ok_or_else(|| {
            if name == "HEAD" {
                LocalError::Unborn("the branch".to_owned())
            } else {
                LocalError::UnknownRef(Sha::readable(name).to_owned())
            }
        })
    }

    fn merge_base(
        &self,
        base: &Sha,
        head: &Sha,
        base_name: &str,
        head_name: &str,
    ) -> Result<(Sha, Vec<String>)> {
        let answer = self.git.run(&["merge-base", "--all", base.as_str(), head.as_str()]).unwrap_or_default();
        let bases: Vec<Sha> = answer.lines().filter_map(Sha::parse).collect();
        let (base, head) = (base_name.to_owned(), head_name.to_owned());
        match bases.as_slice() {
            [] if self.is_shallow() => Err(LocalError::Shallow { base, head }),
            [] => Err(LocalError::Unrelated { base, head }),
            [only] => Ok((only.clone(), Vec::new())),
            [first, rest @ ..] => {
                let note = format!(
                    "{base} and {head} have {} merge bases; compared with {}",
                    rest.len() + 1,
                    first.short()
                );
                Ok((first.clone(), vec![note]))
            }
        }
    }

    fn is_shallow(&self) -> bool {
        self.git.run(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer.trim() == "true")
    }

    /// Files with hunks, and the commits, of a range.
    pub fn change(&self, range: &Range) -> Result<Change> {
        let (from, to) = (range.merge_base.as_str(), range.head.as_str());
        let arguments = [
            "diff-tree",
            "-r",
            "--raw",
            "-p",
            "--abbrev=64",
            "-M",
            "-l0",
            "-U3",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-indent-heuristic",
            "--diff-algorithm=myers",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--submodule=short",
            "-z",
            from,
            to,
        ];
        let mut files = self.git.read(&arguments, |output| diff::parse(output))?;
        let truncated = (files.len() > MAX_FILES).then(|| {
            format!("the change touches {} files, of which the first {MAX_FILES} were looked at", files.len())
        });
        files.truncate(MAX_FILES);
        Ok(Change {
            merge_base: range.merge_base.clone(),
            target_tip: range.base.clone(),
            head: range.head.clone(),
            files,
            commits: self.commits(range)?,
            uncommitted: range.uncommitted.clone(),
            truncated,
        })
    }

    fn commits(&self, range: &Range) -> Result<Commits> {
        let span = format!("{}..{}", range.merge_base, range.tip);
        let arguments = [
            "log",
            "--no-merges",
            "--reverse",
            "--raw",
            "-r",
            "--no-abbrev",
            "-M",
            "-z",
            "--format=%x01%H",
            "--end-of-options",
            &span,
        ];
        let log = self.git.run_bytes(&arguments)?;
        let mut scanned: Vec<CommitFiles> = diff::parse_log(&log);
        let not_scanned = scanned.len().saturating_sub(MAX_COMMITS);
        scanned.truncate(MAX_COMMITS);
        Ok(Commits { scanned, not_scanned })
    }

    fn tree(&self, commit: &Sha) -> Result<Tree> {
        let listing = self.git.run_bytes(&["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])?;
        let entries = listing.split(|b| *b == 0).filter_map(|record| {
            let record = String::from_utf8_lossy(record);
            let (meta, path) = record.split_once('\t')?;
            let mut words = meta.split(' ');
            let mode = Mode::parse(words.next()?)?;
            let blob = Sha::parse(words.nth(1)?)?;
            Some((path.to_owned(), TreeEntry { mode, blob: Some(blob), size: None }))
        });
        Ok(Tree { entries: entries.collect(), truncated: false })
    }

    fn files(&self, wanted: &[FileWanted], take: &mut Take<'_>) -> Result<()> {
        let names: Vec<String> = wanted
            .iter()
            .map(|w| w.blob.as_ref().map_or_else(|| format!("{}:{}", w.at, w.path), |blob| blob.to_string()))
            .collect();
        let mut gone = Vec::new();
        self.git.cat_files(&names, &mut |place, blob| {
            if let (Blob::Missing, Some(file)) = (&blob, wanted.get(place).filter(|w| w.blob.is_none())) {
                gone.push(file);
            }
            take(place, blob)
        })?;
        self.surely_gone(gone.into_iter())
    }

    /// Git calls a path missing, too, when the tree has it and the clone lacks its content.
    fn surely_gone<'a>(&self, wanted: impl Iterator<Item = &'a FileWanted>) -> Result<()> {
        const PATHS: usize = 200;
        let mut by_commit: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        wanted.for_each(|w| by_commit.entry(w.at.as_str()).or_default().push(&w.path));
        for (commit, paths) in by_commit {
            for paths in paths.chunks(PATHS) {
                let arguments = [&["ls-tree", "--full-tree", commit, "--"], paths].concat();
                let listing = self.git.run(&arguments)?;
                if let Some(blob) = listing.lines().find(|line| line.contains(" blob ")) {
                    return Err(command::absent(blob));
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Reader for Local {
    async fn fetch_tree(&self, _: &Repository, commit: &Sha) -> super::Result<Tree> {
        Ok(self.tree(commit)?)
    }

    async fn fetch_each(
        &self,
        _: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> super::Result<()> {
        Ok(self.files(wanted, take)?)
    }

    async fn fetch_ref(&self, _: &Repository, name: &str) -> super::Result<Option<Sha>> {
        // A local branch may be behind: what the forge has counts.
        let remote = format!("refs/remotes/origin/{name}");
        Ok(self.resolve(&remote).or_else(|| self.branch_first(name).map(|(commit, _)| commit)))
    }

    async fn fetch_tags(&self, _: &Repository) -> super::Result<Vec<String>> {
        let tags = self.git.run(&["for-each-ref", "--format=%(refname:strip=2)", "refs/tags"])?;
        Ok(tags.lines().map(str::to_owned).collect())
    }

    async fn fetch_deployed(&self, _: &Repository, _: &str) -> super::Result<Option<Sha>> {
        Ok(None)
    }
}

impl From<LocalError> for ForgeError {
    fn from(error: LocalError) -> Self {
        Self::Invalid { what: "the local repository".to_owned(), message: error.to_string() }
    }
}
