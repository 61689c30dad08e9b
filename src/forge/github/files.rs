//! Trees and the contents of files: GraphQL batches, and REST for what a batch cannot carry.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::http::{Ask, RAW};
use super::queries::{self, Object};
use super::wire::{GraphBlob, RestTree};
use super::{GitHub, answer, path};
use crate::forge::contents::{Distinct, Part, read_each};
use crate::forge::{FileWanted, ForgeError, Result, Take};
use crate::model::change::Mode;
use crate::model::id::{Repository, Sha};
use crate::model::pull::Standing;
use crate::source::tree::MAX_FILE;
use crate::source::{Blob, Tree, TreeEntry};

/// Files in one query.
const MOST_FILES: usize = 100;
/// Bytes in one query, as far as the tree told the sizes.
const MOST_BYTES: u64 = 1024 * 1024;
/// What a file counts whose size we do not remember; longer ones are remembered with the tree.
const SMALL: u64 = 10 * 1024;
/// Queries at the same time: far from GitHub's hundred, and each is one point of two thousand a minute.
const BATCHES_AT_ONCE: usize = 3;
/// Single reads at the same time, for each query.
const AT_ONCE: usize = 4;

/// Sizes of the larger blobs of trees lately listed, by repository and blob.
pub(super) type Sizes = moka::future::Cache<(u64, Sha), u64>;

impl GitHub {
    pub(super) async fn read_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree> {
        if let Some(known) = self.trees.get(repository, commit).await {
            return Ok(known);
        }
        let what = format!("the tree of {}", commit.short());
        let path = format!("{}/git/trees/{commit}?recursive=1", path::repository(repository));
        let installation = self.installation(repository).await?;
        let listed: RestTree = self.http.json(installation, &Ask::get(path, what)).await?;
        let mut tree = Tree { truncated: listed.truncated, ..Tree::default() };
        for entry in listed.tree {
            // Folders have no mode of ours.
            let Some(mode) = Mode::parse(&entry.mode) else { continue };
            let blob = entry.sha.as_deref().and_then(Sha::parse);
            if let (Some(blob), Some(size)) = (&blob, entry.size.filter(|s| *s > SMALL)) {
                self.sizes.insert((repository.id, blob.clone()), size).await;
            }
            tree.entries.insert(entry.path, TreeEntry { mode, blob, size: entry.size });
        }
        self.trees.keep(repository, commit, &tree).await;
        Ok(tree)
    }

    pub(super) async fn read_files(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut waiting = Vec::new();
        for distinct in Distinct::of(wanted) {
            let nameable = distinct.file.blob.is_some() || path::file(&distinct.file.path).is_some();
            let known = match nameable {
                true => self.contents.get(repository, distinct.file.content_id()).await,
                false => Some(Blob::Missing),
            };
            match known.map(|blob| distinct.hand_over(&blob, take)) {
                Some(ControlFlow::Break(())) => return Ok(()),
                Some(ControlFlow::Continue(())) => {}
                None => waiting.push(distinct),
            }
        }
        let mut reads = Vec::new();
        for batch in self.batches(repository, waiting).await {
            reads.push(self.read_batch(repository, batch));
        }
        read_each(BATCHES_AT_ONCE, reads.into_iter(), |(distinct, blob): (Distinct<'_>, Blob)| {
            distinct.hand_over(&blob, take)
        })
        .await
    }

    /// At most [`MOST_FILES`] and about [`MOST_BYTES`] each.
    async fn batches<'a>(&self, repository: &Repository, all: Vec<Distinct<'a>>) -> Vec<Vec<Distinct<'a>>> {
        let (mut batches, mut bytes): (Vec<Vec<Distinct<'_>>>, u64) = (Vec::new(), 0);
        for distinct in all {
            let size = match &distinct.file.blob {
                Some(blob) => self.sizes.get(&(repository.id, blob.clone())).await.unwrap_or(SMALL),
                None => SMALL,
            };
            bytes += size;
            match batches.last_mut() {
                Some(batch) if batch.len() < MOST_FILES && bytes <= MOST_BYTES => batch.push(distinct),
                _ => {
                    bytes = size;
                    batches.push(vec![distinct]);
                }
            }
        }
        batches
    }

    /// What is left over from the one query is read file by file.
    async fn read_batch<'a>(
        &self,
        repository: &Repository,
        batch: Vec<Distinct<'a>>,
    ) -> Part<(Distinct<'a>, Blob)> {
        let files: Vec<&FileWanted> = batch.iter().map(|distinct| distinct.file).collect();
        let answered = match self.ask_batch(repository, &files).await {
            Ok(answered) => answered,
            // Too much for ten seconds of GitHub or for us to read, or an outage of this half of it: one by one over
            // the other half.
            Err(ForgeError::Transient { .. } | ForgeError::Invalid { .. }) => {
                batch.iter().map(|_| Asked::OneByOne(None)).collect()
            }
            Err(error) => return (Vec::new(), Err(error)),
        };
        let (mut reads, mut came) = (Vec::new(), Vec::new());
        for (distinct, asked) in batch.into_iter().zip(answered) {
            reads.push(self.settle(repository, distinct, asked));
        }
        let end = read_each(AT_ONCE, reads.into_iter(), |one| {
            came.push(one);
            ControlFlow::Continue(())
        })
        .await;
        (came, end)
    }

    async fn settle<'a>(
        &self,
        repository: &Repository,
        distinct: Distinct<'a>,
        asked: Asked,
    ) -> Part<(Distinct<'a>, Blob)> {
        let file = distinct.file;
        let read = match asked {
            Asked::Read(blob) => Ok(blob),
            Asked::OneByOne(known) => {
                self.read_one(repository, file, known.or_else(|| file.blob.clone())).await
            }
        };
        match read {
            Ok(blob) => {
                self.contents.keep(repository, file.content_id(), blob.clone()).await;
                (vec![(distinct, blob)], Ok(()))
            }
            Err(error) => (Vec::new(), Err(error)),
        }
    }

    /// One GraphQL query. When a batch is read at the head of a pull request, its head comes along.
    async fn ask_batch(&self, repository: &Repository, batch: &[&FileWanted]) -> Result<Vec<Asked>> {
        let what = "a batch of files";
        let commits: Vec<&Sha> = batch.iter().map(|f| &f.at).collect::<BTreeSet<_>>().into_iter().collect();
        let mut number = None;
        for commit in &commits {
            number = number.or(self.prefetched.pull_of(repository, commit).await);
        }
        let objects: Vec<Object> =
            batch.iter().map(|f| if f.blob.is_some() { Object::Blob } else { Object::Expression }).collect();
        let query = queries::files(&objects, &commits, number.is_some());
        let variables = variables(repository, batch, &commits, number);
        let installation = self.installation(repository).await?;
        let asked_at = Instant::now();
        let mut answer = self.http.graphql(installation, &query, variables, what).await?;
        let Some(Value::Object(mut data)) = answer.data.get_mut("repository").map(Value::take) else {
            let error = answer.errors.first().map(|e| e.as_error(what));
            return Err(error.unwrap_or_else(|| ForgeError::NotFound { what: repository.full_name() }));
        };
        for (i, commit) in commits.iter().enumerate() {
            if data.get(&format!("c{i}")).is_none_or(Value::is_null) {
                return Err(answer::transient(what, format!("GitHub does not show {} yet", commit.short())));
            }
        }
        if let (Some(number), Some(standing)) = (number, data.get("pullRequest").and_then(standing)) {
            self.prefetched.seen(repository, number, asked_at, standing).await;
        }
        let taken = batch.iter().enumerate().map(|(i, file)| {
            let alias = format!("f{i}");
            let failed = answer.errors.iter().any(|e| e.is_about(&["repository", &alias]));
            asked(file, data.remove(&alias).unwrap_or_default(), failed)
        });
        Ok(taken.collect())
    }

    /// The raw bytes: by blob where it is known, else by path.
    async fn read_one(&self, repository: &Repository, file: &FileWanted, blob: Option<Sha>) -> Result<Blob> {
        let what = format!(
            "`{}` at {}",
            file.path.chars().filter(|c| !c.is_control()).collect::<String>(),
            file.at.short()
        );
        let home = path::repository(repository);
        let address = match &blob {
            Some(blob) => format!("{home}/git/blobs/{blob}"),
            None => {
                let Some(path) = path::file(&file.path) else { return Ok(Blob::Missing) };
                format!("{home}/contents/{path}?ref={}", file.at)
            }
        };
        let installation = self.installation(repository).await?;
        let ask = Ask::get(address, &what).accept(RAW).longest(MAX_FILE as usize);
        match self.http.send(installation, &ask).await {
            // A folder or a submodule is described in JSON, whatever was asked for.
            Ok(reply) if blob.is_none() && reply.is_plain_json() => Ok(Blob::Missing),
            Ok(reply) if reply.cut => Ok(Blob::TooLarge(None)),
            Ok(reply) => Ok(Blob::from_bytes(&reply.body)),
            Err(ForgeError::NotFound { .. }) if blob.is_none() => self.missing(repository, file, &what).await,
            Err(ForgeError::NotFound { .. }) => {
                Err(answer::transient(&what, "GitHub does not show its blob".to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// A 404 is believed when GitHub shows the commit.
    async fn missing(&self, repository: &Repository, file: &FileWanted, what: &str) -> Result<Blob> {
        match self.read_ref(repository, file.at.as_str()).await? {
            Some(_) => Ok(Blob::Missing),
            None => Err(answer::transient(what, format!("GitHub does not show {} yet", file.at.short()))),
        }
    }
}

/// What a batch said of one file.
#[derive(Debug)]
enum Asked {
    Read(Blob),
    /// To be read alone; with its blob where the batch told.
    OneByOne(Option<Sha>),
}

fn asked(file: &FileWanted, value: Value, failed: bool) -> Asked {
    if value.is_null() {
        // A blob that the tree named exists: null is GitHub's trouble, not an answer.
        let believed = !failed && file.blob.is_none();
        return if believed { Asked::Read(Blob::Missing) } else { Asked::OneByOne(None) };
    }
    let Ok(blob) = GraphBlob::deserialize(value) else { return Asked::OneByOne(None) };
    let Some(id) = blob.oid.as_deref().and_then(Sha::parse) else {
        return Asked::Read(Blob::Missing);
    };
    if blob.byte_size > MAX_FILE {
        return Asked::Read(Blob::TooLarge(Some(blob.byte_size)));
    }
    whole_text(blob).map_or(Asked::OneByOne(Some(id)), Asked::Read)
}

/// The text, when it is all of it byte for byte: GitHub cuts long texts and recodes foreign ones.
pub(super) fn whole_text(blob: GraphBlob) -> Option<Blob> {
    let text = blob.text.filter(|t| t.len() as u64 == blob.byte_size)?;
    (!blob.is_truncated && blob.is_binary != Some(true)).then(|| Blob::from_bytes(text.as_bytes()))
}

fn variables(repository: &Repository, batch: &[&FileWanted], commits: &[&Sha], number: Option<u64>) -> Value {
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), json!(repository.owner));
    variables.insert("name".to_owned(), json!(repository.name));
    if let Some(number) = number {
        variables.insert("number".to_owned(), json!(number));
    }
    for (i, commit) in commits.iter().enumerate() {
        variables.insert(format!("c{i}"), json!(commit));
    }
    for (i, file) in batch.iter().enumerate() {
        match &file.blob {
            Some(blob) => variables.insert(format!("o{i}"), json!(blob)),
            None => variables.insert(format!("e{i}"), json!(format!("{}:{}", file.at, file.path))),
        };
    }
    Value::Object(variables)
}

/// The part of a pull request that comes along with files.
fn standing(pull: &Value) -> Option<Standing> {
    let text = |key: &str| pull.get(key).and_then(Value::as_str);
    Some(Standing {
        head: Sha::parse(text("headRefOid")?)?,
        base_branch: text("baseRefName")?.to_owned(),
        is_open: text("state")? == "OPEN",
    })
}
