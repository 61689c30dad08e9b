//! Drives the engine: it names what is missing, the reader brings it in one batch.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::engine::{Engine, Input, Step};
use crate::forge::{FileWanted, Reader, Result};
use crate::model::id::Repository;
use crate::model::judgement::Judgement;
use crate::source::{Blob, Want};

/// A judgement, and the engine that made it: it still holds the texts and the change with all its hunks.
#[derive(Debug)]
pub struct Judged {
    pub judgement: Judgement,
    pub engine: Engine,
}

/// Judges a change, reading what the rules ask for.
pub async fn judge(reader: &dyn Reader, repository: &Repository, input: Input) -> Result<Judged> {
    let mut engine = Engine::new(input);
    loop {
        let (returned, step) = step(engine).await;
        engine = returned;
        match step {
            Step::Done(judgement) => return Ok(Judged { judgement: *judgement, engine }),
            Step::Need(wants) => supply(&mut engine, reader, repository, &wants).await?,
        }
    }
}

/// One step off the async threads: the engine computes. A one-thread runtime (`check`) has nobody to disturb.
async fn step(mut engine: Engine) -> (Engine, Step) {
    let work = move || {
        let step = engine.step(&computed);
        (engine, step)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What the calling thread has computed: where it waits, for its turn or for a processor, this clock stands still.
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

async fn supply(
    engine: &mut Engine,
    reader: &dyn Reader,
    repository: &Repository,
    wants: &[Want],
) -> Result<()> {
    for want in wants {
        if let Want::Tree(_) = want {
            let tree = reader.fetch_tree(repository, &engine.commit_of(want)).await?;
            engine.supply_tree(want, tree);
        }
    }
    // The same blob may be wanted for two sides: it is read once.
    let mut asked: BTreeMap<FileWanted, Vec<&Want>> = BTreeMap::new();
    for want in wants {
        if let Want::File { path, blob, .. } = want {
            let wanted = FileWanted { at: engine.commit_of(want), path: path.clone(), blob: blob.clone() };
            asked.entry(wanted).or_default().push(want);
        }
    }
    let list: Vec<FileWanted> = asked.keys().cloned().collect();
    if list.is_empty() {
        return Ok(());
    }
    let wants: Vec<Vec<&Want>> = asked.into_values().collect();
    let mut take = |place: usize, blob: Blob| {
        for want in wants.get(place).into_iter().flatten() {
            engine.supply_file(want, blob.clone());
        }
        // What goes beyond is not read: the engine gives up on it.
        if engine.has_room() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    reader.fetch_each(repository, &list, &mut take).await
}

/// A repository that needs no name: the local one.
pub fn nameless() -> Repository {
    Repository { id: 0, owner: String::new(), name: String::new(), installation: None }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::engine::DeployedAt;
    use crate::forge::Take;
    use crate::model::change::{Change, ChangedFile, Commits, FileStatus, Mode};
    use crate::model::id::Sha;
    use crate::model::policy::Policy;
    use crate::project::migrations::deployed::Evidence;
    use crate::source::{Text, Tree, TreeEntry};

    const FILES: usize = 100;
    const MIB: usize = 1 << 20;

    /// A hundred files of a mebibyte, whose tree does not say how long they are.
    #[derive(Default)]
    struct Silent {
        handed_over: AtomicUsize,
    }

    fn path(n: usize) -> String {
        format!("deploy/{n}.env")
    }

    #[async_trait]
    impl Reader for Silent {
        async fn fetch_tree(&self, _: &Repository, _: &Sha) -> Result<Tree> {
            let entry = |_| TreeEntry { mode: Mode::File, blob: None, size: None };
            Ok(Tree { entries: (0..FILES).map(|n| (path(n), entry(n))).collect(), truncated: false })
        }
        async fn fetch_each(&self, _: &Repository, wanted: &[FileWanted], take: &mut Take<'_>) -> Result<()> {
            for place in 0..wanted.len() {
                self.handed_over.fetch_add(1, Ordering::SeqCst);
                if take(place, Blob::Text(Text::new(&"#".repeat(MIB)))).is_break() {
                    break;
                }
            }
            Ok(())
        }
        async fn fetch_ref(&self, _: &Repository, _: &str) -> Result<Option<Sha>> {
            Ok(None)
        }
        async fn fetch_tags(&self, _: &Repository) -> Result<Vec<String>> {
            Ok(Vec::new())
        }
        async fn fetch_deployed(&self, _: &Repository, _: &str) -> Result<Option<Sha>> {
            Ok(None)
        }
    }

    fn sha(digit: &str) -> Sha {
        Sha::parse(&digit.repeat(40)).unwrap()
    }

    #[tokio::test]
    async fn where_no_tree_tells_sizes_the_reading_ends_when_enough_has_come() {
        let file = |n| ChangedFile {
            path: path(n),
            previous_path: None,
            status: FileStatus::Added,
            hunks: Some(Vec::new()),
        };
        let change = Change {
            merge_base: sha("a"),
            target_tip: sha("a"),
            head: sha("b"),
            files: (0..FILES).map(file).collect(),
            commits: Commits::default(),
            uncommitted: BTreeMap::new(),
            truncated: None,
        };
        let commits = vec![change.target_tip.clone()];
        let deployed = DeployedAt { evidence: Evidence::Branches(Vec::new()), commits };
        let input = Input::new(change, Policy::default(), deployed);
        let silent = Silent::default();
        let judged = judge(&silent, &nameless(), input).await.unwrap();
        let reasons: Vec<&str> = judged.judgement.not_looked_at.iter().map(|n| n.reason.as_str()).collect();
        assert_eq!(
            reasons,
            ["the rules ask for files that are longer than 64 MiB together: no rule was run"]
        );
        assert_eq!(silent.handed_over.load(Ordering::SeqCst), 65);
    }
}
