//! Drives the engine: it names what is missing, the reader brings it in one batch.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::{Engine, Input, Step};
use crate::forge::{FileWanted, Reader, Result};
use crate::model::id::Repository;
use crate::model::judgement::Judgement;
use crate::source::Want;

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
    let blobs = reader.fetch_files(repository, &list).await?;
    for (wants, blob) in asked.into_values().zip(blobs) {
        for want in wants {
            engine.supply_file(want, blob.clone());
        }
    }
    Ok(())
}

/// A repository that needs no name: the local one.
pub fn nameless() -> Repository {
    Repository { id: 0, owner: String::new(), name: String::new(), installation: None }
}
