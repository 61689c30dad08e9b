//! What a change publishes in env files: at its head, and in each of its commits.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::change::{ChangedFile, FileStatus, Mode, Uncommitted};
use crate::model::id::Sha;
use crate::project::Project;
use crate::project::env::env_files::{self, Role};
use crate::rules::{Context, ScopedFile};
use crate::source::snapshot::both;
use crate::source::tree::{file_name, folder};
use crate::source::{Blob, NotLoaded, Tree};
use crate::syntax::dotenv::EnvFile;

use super::exposure::{Value, values};

/// An env file as one commit publishes it.
pub(super) struct Published {
    pub(super) path: String,
    pub(super) how: How,
    /// What is published here for the first time.
    pub(super) values: BTreeSet<Value>,
    /// The commit that did, when the head does not show it.
    pub(super) commit: Option<Sha>,
    /// Nobody published it yet: it lies in a working tree.
    pub(super) uncommitted: Option<Uncommitted>,
    /// The worst line that the change adds: with a value, else the first. 1-based.
    pub(super) line: Option<u32>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum How {
    Added,
    /// It was there before; the values are those that the change adds or changes.
    Modified,
    From {
        previous: String,
        copied: bool,
    },
    /// A symbolic link, to where its text says.
    Link {
        target: String,
        inside: bool,
    },
    Lfs,
    /// Neither text nor encrypted, or too large to be read.
    Unreadable,
}

pub(super) fn at_head(context: &Context<'_>) -> Result<Vec<Published>, NotLoaded> {
    let states = context.files().filter(|file| is_candidate(file.path)).map(|file| head_state(context, file));
    Ok(NotLoaded::all(states)?.into_iter().flatten().collect())
}

fn is_candidate(path: &str) -> bool {
    matches!(env_files::role(path), Some(Role::EnvFile | Role::Perhaps(_)))
}

fn head_state(context: &Context<'_>, file: ScopedFile<'_>) -> Result<Option<Published>, NotLoaded> {
    let tree = context.here.tree()?;
    let (path, changed) = (file.path, file.changed);
    let published = |how: How, values: BTreeSet<Value>| {
        let line = worst_line(changed, &values);
        let uncommitted = context.change.uncommitted.get(path).copied();
        Some(Published { path: path.to_owned(), how, values, commit: None, uncommitted, line })
    };
    if env_files::is_in_virtualenv(path, &tree) {
        return Ok(None);
    }
    match tree.entries.get(path).map(|entry| entry.mode) {
        Some(Mode::Submodule) => return Ok(None),
        Some(Mode::Symlink) => {
            return link(context, &tree, path).map(|link| link.and_then(|(how, v)| published(how, v)));
        }
        _ => {}
    }
    match content(&*context.here.file(path)?, path) {
        Content::Text => {}
        Content::Opaque(how) => return Ok(published(how, BTreeSet::new())),
        Content::Nothing => return Ok(None),
    }
    let Some(env) = readable(context.here, path, &[&*tree])? else { return Ok(None) };
    let mut values = values(&env);
    // Sealed value by value: only what was left open counts.
    if env_files::is_sealed(&env) {
        values.retain(Value::is_real);
    }
    let how = how(changed);
    if how == How::Modified {
        let before = values_at(context.merge_base, changed.base_path().unwrap_or(path))?;
        values.retain(|value| !before.contains(value));
    }
    let nothing_new = values.is_empty() && (how == How::Modified || env_files::is_sealed(&env));
    Ok(if nothing_new { None } else { published(how, values) })
}

/// Where a comment about the file is read best: at the first of the worst values that the diff shows as added.
fn worst_line(changed: &ChangedFile, values: &BTreeSet<Value>) -> Option<u32> {
    let added: Vec<u32> =
        changed.hunks.as_deref()?.iter().flat_map(|hunk| hunk.added.iter().copied()).collect();
    let shown = |value: &Value| {
        let at = added.partition_point(|line| line < value.lines.start());
        added.get(at).copied().filter(|line| value.lines.contains(line))
    };
    let values = values.iter().filter_map(|value| Some((Reverse(value.sensitivity), shown(value)?)));
    values.min().map(|(_, line)| line).or(added.first().copied())
}

fn how(changed: &ChangedFile) -> How {
    match (&changed.previous_path, changed.status) {
        // One that only moved was published before.
        (Some(previous), FileStatus::Renamed) if is_candidate(previous) => How::Modified,
        (Some(previous), status @ (FileStatus::Renamed | FileStatus::Copied)) => {
            How::From { previous: previous.clone(), copied: status == FileStatus::Copied }
        }
        (_, FileStatus::Modified) => How::Modified,
        _ => How::Added,
    }
}

/// What can be said of a blob before it is read.
enum Content {
    Text,
    /// It cannot be read, and its name is that of an env file.
    Opaque(How),
    /// Encrypted or gone, or it may be anything.
    Nothing,
}

fn content(blob: &Blob, path: &str) -> Content {
    let certain = env_files::role(path) == Some(Role::EnvFile);
    let opaque = |how| if certain { Content::Opaque(how) } else { Content::Nothing };
    match blob {
        Blob::Missing => Content::Nothing,
        blob if env_files::is_encrypted(blob, path) => Content::Nothing,
        blob if env_files::is_lfs_pointer(blob) => opaque(How::Lfs),
        Blob::Binary(_) | Blob::TooLarge(_) => opaque(How::Unreadable),
        Blob::Text(_) | Blob::Bytewise(_) => Content::Text,
    }
}

/// The file when it is an env file with something in it.
fn readable(project: &Project, path: &str, trees: &[&Tree]) -> Result<Option<Arc<EnvFile>>, NotLoaded> {
    let file = project.env_file(path)?;
    Ok(file.filter(|file| {
        !file.text().as_str().trim().is_empty() && env_files::is_env_file(path, trees, Some(file))
    }))
}

fn values_at(project: &Project, path: &str) -> Result<BTreeSet<Value>, NotLoaded> {
    Ok(project.env_file(path)?.map_or_else(BTreeSet::new, |file| values(&file)))
}

/// A link that carries an env file's name. What it points at is read when it lies in the repository.
fn link(context: &Context<'_>, tree: &Tree, path: &str) -> Result<Option<(How, BTreeSet<Value>)>, NotLoaded> {
    if env_files::role(path) != Some(Role::EnvFile) {
        return Ok(None);
    }
    let Some(text) = context.here.text(path)? else { return Ok(None) };
    let target = text.as_str().trim().to_owned();
    // Where links are checked out as files, people fill those in, and the mode stays.
    if target.contains(['\n', '=']) {
        return Ok(Some((How::Added, values(&EnvFile::parse(&text)))));
    }
    let inside = resolve(folder(path), &target).filter(|inside| tree.contains(inside));
    let values = match &inside {
        Some(inside) => values_at(context.here, inside)?,
        None => BTreeSet::new(),
    };
    Ok(Some((How::Link { target, inside: inside.is_some() }, values)))
}

/// Where a relative link leads; `None` out of the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.is_empty() {
        return None;
    }
    let mut at: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(at.pop()?),
            name => at.push(name),
        }
    }
    Some(at.join("/"))
}

/// Every env file that a commit of the change added or modified, oldest first.
pub(super) fn in_commits(context: &Context<'_>) -> Result<Vec<Published>, NotLoaded> {
    let (head, base) = both(context.head.tree(), context.merge_base.tree())?;
    let scanned = context.change.commits.scanned.iter().zip(context.commits);
    let environments: BTreeSet<&str> = context
        .change
        .commits
        .scanned
        .iter()
        .flat_map(|commit| &commit.paths)
        .filter(|path| file_name(path) == "pyvenv.cfg")
        .map(|path| folder(path))
        .collect();
    let in_virtualenv = |path: &str| {
        env_files::is_in_virtualenv(path, &head)
            || environments.iter().any(|at| path.strip_prefix(at).is_some_and(|rest| rest.starts_with('/')))
    };
    let states = scanned.flat_map(|(commit, project)| {
        let paths = commit.paths.iter().map(String::as_str);
        let candidates =
            paths.filter(|path| is_candidate(path) && !(context.excluded)(path) && !in_virtualenv(path));
        let (head, base) = (&head, &base);
        candidates.map(move |path| commit_state(project, path, &[head, base], &commit.sha))
    });
    Ok(NotLoaded::all(states)?.into_iter().flatten().collect())
}

fn commit_state(
    project: &Project,
    path: &str,
    trees: &[&Tree],
    sha: &Sha,
) -> Result<Option<Published>, NotLoaded> {
    let published = |how, values| {
        let (path, commit) = (path.to_owned(), Some(sha.clone()));
        Some(Published { path, how, values, commit, uncommitted: None, line: None })
    };
    match content(&*project.file(path)?, path) {
        Content::Text => {}
        Content::Opaque(how) => return Ok(published(how, BTreeSet::new())),
        Content::Nothing => return Ok(None),
    }
    // A text without any value: a link perhaps, the listing of a single commit does not say.
    let values = readable(project, path, trees)?.map_or_else(BTreeSet::new, |file| values(&file));
    Ok(if values.is_empty() { None } else { published(How::Added, values) })
}

/// What was said or public already: one leak is reported once.
pub(super) struct Shown {
    paths: BTreeSet<String>,
    values: BTreeSet<Value>,
}

impl Shown {
    /// What was at the merge base already, and what the head's changed env files and templates hold. Only what commits
    /// publish is held against it: where none touches an env file, nothing is gathered.
    pub(super) fn before(context: &Context<'_>) -> Result<Self, NotLoaded> {
        let committed =
            || context.change.commits.scanned.iter().flat_map(|commit| &commit.paths).map(String::as_str);
        if !committed().any(is_candidate) {
            return Ok(Self { paths: BTreeSet::new(), values: BTreeSet::new() });
        }
        let base = context.merge_base.tree()?;
        let family = |path: &&str| env_files::role(path).is_some();
        let before: BTreeSet<&str> = committed().filter(family).filter(|path| base.contains(path)).collect();
        let now = context.files().map(|file| file.path).filter(family);
        let known = before
            .iter()
            .map(|path| values_at(context.merge_base, path))
            .chain(now.map(|path| values_at(context.head, path)));
        let values = NotLoaded::all(known)?.into_iter().flatten().collect();
        Ok(Self { paths: before.into_iter().map(str::to_owned).collect(), values })
    }

    /// What the head's findings name.
    pub(super) fn extend(&mut self, head: &[Published]) {
        for published in head {
            self.paths.insert(published.path.clone());
            self.values.extend(published.values.iter().cloned());
        }
    }

    /// The part of a commit's env file that nobody was told of yet.
    pub(super) fn news_of(&mut self, mut published: Published) -> Option<Published> {
        let all_known = !published.values.is_empty() && published.values.is_subset(&self.values);
        published.values.retain(|value| !self.values.contains(value));
        self.values.extend(published.values.iter().cloned());
        let known_path = !self.paths.insert(published.path.clone());
        let real = published.values.iter().any(Value::is_real);
        let news = if known_path { real } else { !all_known };
        news.then_some(published)
    }
}
