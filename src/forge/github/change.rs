//! What a pull request changes: one comparison, further pages only where GitHub cuts it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::http::Ask;
use super::pulls::{pull_path, sha};
use super::wire::{Comparison, RestCommit, RestFile};
use super::{GitHub, answer, path};
use crate::forge::{ForgeError, Result};
use crate::model::change::{Change, ChangedFile, CommitFiles, Commits, FileStatus, Path};
use crate::model::id::{Repository, Sha};
use crate::model::pull::PullRequest;
use crate::source::compare::changed_files;
use crate::source::diff;

/// A comparison lists no more files than this.
const COMPARED: usize = 300;
/// The list of a pull request's files ends here, whatever there is; of a merge group we look at no more.
const LISTED: usize = 3000;
/// Up to this many commits are looked at one by one.
const MOST_COMMITS: usize = 30;
/// Commits read at the same time.
const AT_ONCE: usize = 4;
/// Bytes of commits' file lists kept in memory.
const SCANNED: u64 = 4 * 1024 * 1024;
/// What a list, and each path of it, costs beside the text.
const ENTRY: usize = 128;

/// The files of commits lately scanned, by repository and commit: a commit never changes.
pub(super) struct Scanned(moka::future::Cache<(u64, Sha), Arc<Vec<Path>>>);

impl Default for Scanned {
    fn default() -> Self {
        let weigh = |_: &(u64, Sha), paths: &Arc<Vec<Path>>| {
            let bytes = paths.iter().map(|path| path.len() + ENTRY).sum::<usize>() + ENTRY;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(moka::future::Cache::builder().weigher(weigh).max_capacity(SCANNED).build())
    }
}

impl GitHub {
    pub(super) async fn read_change(&self, pull: &PullRequest) -> Result<Change> {
        let comparison = self.compare(&pull.repository, &pull.base_tip, &pull.head).await?;
        let (files, truncated) = match comparison.files.len() {
            0..COMPARED => (files(&comparison.files), None),
            _ => self.listed_files(pull).await?,
        };
        self.change(&pull.repository, comparison, files, truncated, &pull.base_tip, &pull.head).await
    }

    pub(super) async fn read_group_change(
        &self,
        repository: &Repository,
        head: &Sha,
        base: &Sha,
    ) -> Result<Change> {
        let comparison = self.compare(repository, base, head).await?;
        let (files, truncated) = match comparison.files.len() {
            0..COMPARED => (files(&comparison.files), None),
            _ => self.compared_trees(repository, &comparison, head).await?,
        };
        self.change(repository, comparison, files, truncated, base, head).await
    }

    async fn change(
        &self,
        repository: &Repository,
        comparison: Comparison,
        files: Vec<ChangedFile>,
        truncated: Option<String>,
        target_tip: &Sha,
        head: &Sha,
    ) -> Result<Change> {
        let merge_base = sha(&comparison.merge_base_commit.sha, "the comparison")?;
        let commits = self.commits(repository, &comparison, &files).await?;
        Ok(Change {
            merge_base,
            target_tip: target_tip.clone(),
            head: head.clone(),
            files,
            commits,
            uncommitted: BTreeMap::new(),
            truncated,
        })
    }

    async fn compare(&self, repository: &Repository, base: &Sha, head: &Sha) -> Result<Comparison> {
        let what = format!("the comparison {}...{}", base.short(), head.short());
        let path = format!("{}/compare/{base}...{head}?per_page=100", path::repository(repository));
        let installation = self.installation(repository).await?;
        match self.http.json(installation, &Ask::get(path, &what)).await {
            // A head that was just pushed is not known to every server yet.
            Err(ForgeError::NotFound { .. }) => {
                Err(answer::transient(&what, format!("GitHub does not show {} yet", head.short())))
            }
            other => other,
        }
    }

    /// The pull request's own list, which goes further than a comparison, and why it may not be all.
    async fn listed_files(&self, pull: &PullRequest) -> Result<(Vec<ChangedFile>, Option<String>)> {
        let what = "the list of changed files";
        let installation = self.installation(&pull.repository).await?;
        let ask = Ask::get(format!("{}/files?per_page=100", pull_path(pull)), what);
        let listed: Vec<RestFile> = self.http.pages(installation, ask, |page: Vec<RestFile>| page).await?;
        if let Some(other) = listed.iter().find(|f| !is_of(f, &pull.head)) {
            let message =
                format!("{} was listed at another commit than {}", other.filename, pull.head.short());
            return Err(answer::transient(what, message));
        }
        let counted = pull.changed_files.unwrap_or(listed.len());
        let cut = listed.len() < counted || listed.len() >= LISTED;
        let truncated = cut.then(|| format!("GitHub lists {} of {counted} changed files", listed.len()));
        Ok((files(&listed), truncated))
    }

    /// A merge group has no list of its own: what the comparison leaves out, its trees tell.
    async fn compared_trees(
        &self,
        repository: &Repository,
        comparison: &Comparison,
        head: &Sha,
    ) -> Result<(Vec<ChangedFile>, Option<String>)> {
        let merge_base = sha(&comparison.merge_base_commit.sha, "the comparison")?;
        let (mut base, mut head) =
            (self.read_tree(repository, &merge_base).await?, self.read_tree(repository, head).await?);
        let mut all = files(&comparison.files);
        for file in &all {
            file.base_path().map(|path| base.entries.remove(path));
            file.head_path().map(|path| head.entries.remove(path));
        }
        all.extend(changed_files(&base, &head));
        let counted = all.len();
        all.truncate(LISTED);
        let truncated = match counted {
            0..=LISTED if !base.truncated && !head.truncated => None,
            0..=LISTED => Some("the repository has more files than GitHub lists".to_owned()),
            _ => Some(format!("only {LISTED} of {counted} changed files of the merge group are looked at")),
        };
        Ok((all, truncated))
    }

    async fn commits(
        &self,
        repository: &Repository,
        compared: &Comparison,
        files: &[ChangedFile],
    ) -> Result<Commits> {
        if compared.total_commits > MOST_COMMITS {
            return Ok(Commits { scanned: Vec::new(), not_scanned: compared.total_commits });
        }
        if let ([only], 1) = (compared.commits.as_slice(), compared.total_commits) {
            let paths = files.iter().filter_map(|f| f.head_path().map(str::to_owned)).collect();
            return Ok(Commits {
                scanned: vec![CommitFiles { sha: sha(&only.sha, "a commit")?, paths }],
                not_scanned: 0,
            });
        }
        let mut reads = Vec::new();
        for commit in compared.commits.iter().filter(|c| c.parents.len() < 2) {
            reads.push(self.commit(repository, sha(&commit.sha, "a commit")?));
        }
        // All are waited for, also beside one that fails: what was scanned need not be asked for again.
        let scanned: Vec<Result<CommitFiles>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        Ok(Commits { scanned: scanned.into_iter().collect::<Result<_>>()?, not_scanned: 0 })
    }

    async fn commit(&self, repository: &Repository, id: Sha) -> Result<CommitFiles> {
        let key = (repository.id, id.clone());
        if let Some(paths) = self.commits.0.get(&key).await {
            return Ok(CommitFiles { sha: id, paths: paths.to_vec() });
        }
        let installation = self.installation(repository).await?;
        let what = format!("the commit {}", id.short());
        let ask = Ask::get(format!("{}/commits/{id}?per_page=100", path::repository(repository)), what);
        let listed = self.http.pages(installation, ask, |page: RestCommit| page.files).await?;
        let paths: Vec<Path> =
            files(&listed).iter().filter_map(|f| f.head_path().map(str::to_owned)).collect();
        self.commits.0.insert(key, Arc::new(paths.clone())).await;
        Ok(CommitFiles { sha: id, paths })
    }
}

/// Is the entry of this commit? An entry that does not say is believed.
fn is_of(file: &RestFile, head: &Sha) -> bool {
    let at = file.contents_url.as_deref().and_then(|url| url.rsplit_once("?ref=")).map(|(_, at)| at);
    at.is_none_or(|at| at == head.as_str())
}

fn files(listed: &[RestFile]) -> Vec<ChangedFile> {
    listed.iter().filter_map(changed_file).collect()
}

/// `None` for an entry that says "unchanged".
fn changed_file(file: &RestFile) -> Option<ChangedFile> {
    let status = match file.status.as_str() {
        "added" => FileStatus::Added,
        "removed" => FileStatus::Deleted,
        "renamed" => FileStatus::Renamed,
        "copied" => FileStatus::Copied,
        "unchanged" => return None,
        _ => FileStatus::Modified,
    };
    let moved = matches!(status, FileStatus::Renamed | FileStatus::Copied);
    Some(ChangedFile {
        path: file.filename.clone(),
        previous_path: file.previous_filename.clone().filter(|_| moved),
        status,
        hunks: file.patch.as_deref().and_then(diff::parse_patch),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(status: &str, patch: Option<&str>) -> RestFile {
        RestFile {
            filename: "a.py".into(),
            status: status.into(),
            previous_filename: Some("b.py".into()),
            patch: patch.map(str::to_owned),
            contents_url: None,
        }
    }

    #[test]
    fn p9_a_patch_that_is_absent_or_cut_leaves_the_hunks_to_the_engine() {
        assert_eq!(changed_file(&file("modified", None)).unwrap().hunks, None);
        assert_eq!(changed_file(&file("modified", Some("@@ -1,3 +1,4 @@\n a\n+b"))).unwrap().hunks, None);
        assert!(changed_file(&file("modified", Some("@@ -1 +1,2 @@\n a\n+b"))).unwrap().hunks.is_some());
    }

    #[test]
    fn every_status_of_github_has_its_word() {
        let status = |s| changed_file(&file(s, None)).map(|f| (f.status, f.previous_path.is_some()));
        assert_eq!(status("added"), Some((FileStatus::Added, false)));
        assert_eq!(status("removed"), Some((FileStatus::Deleted, false)));
        assert_eq!(status("modified"), Some((FileStatus::Modified, false)));
        assert_eq!(status("changed"), Some((FileStatus::Modified, false)));
        assert_eq!(status("renamed"), Some((FileStatus::Renamed, true)));
        assert_eq!(status("copied"), Some((FileStatus::Copied, true)));
        assert_eq!(status("unchanged"), None);
    }

    #[test]
    fn p18_a_list_of_another_commit_is_not_believed() {
        let head = Sha::parse(&"a".repeat(40)).unwrap();
        let at = |r: &str| RestFile {
            contents_url: Some(format!("https://x/contents/a.py?ref={r}")),
            ..file("added", None)
        };
        assert!(is_of(&at(head.as_str()), &head) && is_of(&file("added", None), &head));
        assert!(!is_of(&at(&"b".repeat(40)), &head));
    }
}
