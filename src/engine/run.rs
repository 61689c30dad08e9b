//! The rounds of a run: rules that miss files wait, all that is missing is read in one batch, and only they run again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::change::{Change, ChangedFile, FileStatus};
use crate::model::finding::Finding;
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt, Reported};
use crate::project::apps::{looks_like_migration, may_move_migrations};
use crate::project::settings::is_settings;
use crate::rules::{self, Judging, Rule};
use crate::source::snapshot::{both, merge_base_tree};
use crate::source::tree::file_name;
use crate::source::{Blob, NotLoaded, SnapshotId, Tree, Want, diff};

use super::exclude::Excluded;
use super::introduced::introduced;
use super::suppress::{self, Suppressions};
use super::{Input, Sides, Step, policy_change, selection, unparsed};

/// Rounds of reading before a run gives up.
const MAX_ROUNDS: usize = 8;
/// Bytes of source that one run may hold.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Stack of the engine's threads: parser output recurses.
const STACK: usize = 64 * 1024 * 1024;

/// How far a rule has come.
#[derive(Debug)]
enum Progress {
    Waiting,
    Done { reported: Vec<Reported>, head: Vec<Finding> },
    Failed(String),
}

#[derive(Debug)]
pub(super) struct Run {
    input: Input,
    sides: Sides,
    rules: Vec<(&'static Rule, Progress)>,
    excluded: Excluded,
    round: usize,
    bytes: usize,
    /// Contents by their id: what one commit gave is not read again for another.
    contents: HashMap<Sha, Blob>,
    not_looked_at: Vec<NotLookedAt>,
}

impl Run {
    pub(super) fn new(mut input: Input) -> Self {
        let sides = Sides::new(&input.change, input.deployed.clone());
        let on = rules::all().into_iter().filter(|rule| selection::is_on(&input.policy, rule));
        let rules = on.map(|rule| (rule, Progress::Waiting)).collect();
        let excluded = Excluded::new(&input.policy.exclude);
        let mut not_looked_at = std::mem::take(&mut input.not_looked_at);
        if let Some(reason) = &input.change.truncated {
            not_looked_at.push(NotLookedAt { path: String::new(), reason: reason.clone() });
        }
        Self { input, sides, rules, excluded, round: 0, bytes: 0, contents: HashMap::new(), not_looked_at }
    }

    pub(super) fn change(&self) -> &Change {
        &self.input.change
    }

    pub(super) fn sides(&self) -> &Sides {
        &self.sides
    }

    pub(super) fn supply_tree(&mut self, want: &Want, tree: Tree) {
        let (Want::Tree(id) | Want::File { snapshot: id, .. }) = want;
        if tree.truncated && *id == SnapshotId::Head {
            let reason = "the repository has more files than the forge lists".to_owned();
            self.not_looked_at.push(NotLookedAt { path: String::new(), reason });
        }
        if *id == SnapshotId::Head {
            let base = merge_base_tree(&tree, &self.input.change);
            self.sides.merge_base.snapshot().supply_tree(base);
        }
        if let Some(snapshot) = self.sides.snapshot(*id) {
            snapshot.supply_tree(tree);
        }
    }

    pub(super) fn supply_file(&mut self, want: &Want, blob: Blob) {
        let Want::File { snapshot, path, blob: id } = want else { return };
        self.bytes += blob.weight();
        let blob = if self.bytes > MAX_BYTES { Blob::TooLarge(Some(blob.weight() as u64)) } else { blob };
        if let Some(id) = id {
            self.contents.insert(id.clone(), blob.clone());
        }
        if let Some(snapshot) = self.sides.snapshot(*snapshot) {
            snapshot.supply_file(path.clone(), blob);
        }
    }

    pub(super) fn step(&mut self, expired: &(dyn Fn() -> bool + Sync)) -> Step {
        self.round += 1;
        loop {
            let missing = match self.prepare() {
                Err(missing) => missing,
                Ok(()) => self.run_rules(expired),
            };
            if missing.wants.is_empty() {
                return Step::Done(Box::new(self.judge()));
            }
            let missing = self.give_known(missing);
            if !missing.wants.is_empty() {
                return self.need(missing);
            }
        }
    }

    /// Gives what another commit has too, and leaves one want for each content that nobody has read yet.
    fn give_known(&self, missing: NotLoaded) -> NotLoaded {
        let mut asked: HashSet<Sha> = HashSet::new();
        let wants = missing.wants.into_iter().filter(|want| {
            let Want::File { snapshot, path, blob: Some(id) } = want else { return true };
            match (self.contents.get(id), self.sides.snapshot(*snapshot)) {
                (Some(blob), Some(snapshot)) => {
                    snapshot.supply_file(path.clone(), blob.clone());
                    false
                }
                _ => asked.insert(id.clone()),
            }
        });
        NotLoaded { wants: wants.collect() }
    }

    fn need(&mut self, missing: NotLoaded) -> Step {
        if self.round > MAX_ROUNDS {
            for (rule, progress) in &mut self.rules {
                if matches!(progress, Progress::Waiting) {
                    *progress = Progress::Failed(format!(
                        "{} asked for more files than {MAX_ROUNDS} rounds of reading gave",
                        rule.code
                    ));
                }
            }
            return Step::Done(Box::new(self.judge()));
        }
        Step::Need(missing.wants.into_iter().collect())
    }

    /// What every run needs before the rules: the head's tree, the changed files, and what the rules say they want.
    fn prepare(&mut self) -> Result<(), NotLoaded> {
        let tree = self.trees()?;
        let mut missing = NotLoaded::default();
        let mut ask = |result: Result<(), NotLoaded>| {
            if let Err(not_loaded) = result {
                missing.merge(not_loaded);
            }
        };
        let change = &self.input.change;
        // From the base side: a change cannot take itself out of its own judgement.
        let attributes = self.sides.merge_base.text(".gitattributes");
        match attributes {
            Ok(Some(text)) => self.excluded.read_attributes(&text),
            Ok(None) => {}
            Err(not_loaded) => ask(Err(not_loaded)),
        }
        let wanted = |path: &&str| !self.excluded.matches(path) && unparsed::is_read(path);
        for path in change.files.iter().filter_map(|f| f.head_path()).filter(wanted).chain(first_round(&tree))
        {
            ask(self.sides.head.file(path).map(drop));
        }
        // The other side of what is compared whole, or has to be diffed by us; of the rest only where a rule finds something.
        let compared = |f: &&ChangedFile| f.hunks.is_none() || looks_like_migration(&f.path);
        for path in change.files.iter().filter(compared).filter_map(|f| f.base_path()).filter(wanted) {
            ask(self.sides.merge_base.file(path).map(drop));
            if looks_like_migration(path) {
                ask(self.sides.target_tip.file(path).map(drop));
            }
        }
        for (rule, _) in &self.rules {
            for path in rule.wants.map_or_else(Vec::new, |wants| wants(change, &tree)) {
                ask(self.sides.head.file(&path).map(drop));
            }
        }
        if !missing.wants.is_empty() {
            return Err(missing);
        }
        compute_missing_hunks(&mut self.input.change, &self.sides);
        Ok(())
    }

    /// The head's tree, and with it those that the migration rules compare with, when the change touches any.
    fn trees(&self) -> Result<Arc<Tree>, NotLoaded> {
        let paths =
            self.input.change.files.iter().flat_map(|f| f.head_path().into_iter().chain(f.base_path()));
        let head = self.sides.head.tree();
        if !paths.into_iter().any(may_move_migrations) {
            return head;
        }
        let others = std::iter::once(&self.sides.target_tip).chain(&self.sides.deployed.projects);
        let others = NotLoaded::all(others.map(|project| project.tree()));
        both(head, others).map(|(head, _)| head)
    }

    /// Runs all waiting rules; returns what they miss.
    fn run_rules(&mut self, expired: &(dyn Fn() -> bool + Sync)) -> NotLoaded {
        let (sides, change, excluded) = (&self.sides, &self.input.change, &self.excluded);
        let mut waiting: Vec<_> =
            self.rules.iter_mut().filter(|(_, p)| matches!(p, Progress::Waiting)).collect();
        let results: Vec<Option<NotLoaded>> = pool(|| {
            waiting
                .par_iter_mut()
                .map(|(rule, progress)| {
                    if expired() {
                        *progress = Progress::Failed(format!(
                            "{} did not run: the time of the run was used up",
                            rule.code
                        ));
                        return None;
                    }
                    match run_rule(rule, sides, change, excluded) {
                        Ok(Ok((reported, head))) => *progress = Progress::Done { reported, head },
                        Ok(Err(missing)) => return Some(missing),
                        Err(panicked) => *progress = Progress::Failed(panicked),
                    }
                    None
                })
                .collect()
        });
        let mut missing = NotLoaded::default();
        results.into_iter().flatten().for_each(|m| missing.merge(m));
        missing
    }

    fn judge(&mut self) -> Judgement {
        let (mut reported, mut head, mut ran) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut not_looked_at = std::mem::take(&mut self.not_looked_at);
        for (rule, progress) in &mut self.rules {
            match progress {
                Progress::Done { reported: of_rule, head: of_head } => {
                    ran.insert(rule.code);
                    head.append(of_head);
                    reported.append(of_rule);
                }
                Progress::Failed(reason) => {
                    not_looked_at.push(NotLookedAt { path: rule.code.to_owned(), reason: reason.clone() });
                }
                Progress::Waiting => {}
            }
        }
        let change = &self.input.change;
        reported.extend(self.input.policy_fault.as_ref().map(policy_change::finding));
        let suppressions =
            Suppressions::read(&self.sides.head, change.files.iter().filter_map(|f| f.head_path()));
        if let Some((style, _)) = self.rules.iter().find(|(rule, _)| rule.code == "STY008") {
            reported.extend(introduced(style, suppressions.unused(&head, &ran), Vec::new(), change));
        }
        for item in &mut reported {
            if let Some((rule, _)) = self.rules.iter().find(|(rule, _)| rule.code == item.finding.code) {
                item.finding.severity = selection::severity(&self.input.policy, rule, &item.finding);
            }
        }
        let (mut findings, suppressed) = suppress::split(reported, &suppressions);
        findings.sort_by(|a, b| {
            let (a, b) = (&a.finding, &b.finding);
            b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)).then_with(|| a.code.cmp(b.code))
        });
        let said = head
            .iter()
            .filter(|f| f.code == "MIG009")
            .filter_map(|f| f.place.path().map(str::to_owned))
            .collect();
        let unparsed = unparsed::find(change, &self.sides, &|path| self.excluded.matches(path), &said);
        not_looked_at.extend(unparsed.not_looked_at);
        let notes =
            self.input.notes.iter().chain(&self.input.policy.notes).chain(&unparsed.notes).cloned().collect();
        let looked_at = change.files.iter().filter(|f| !self.excluded.matches(&f.path)).count();
        Judgement {
            findings,
            suppressed,
            not_looked_at,
            notes,
            files: looked_at,
            rules: self.rules.len(),
            merge_base: change.merge_base.clone(),
            target_tip: change.target_tip.clone(),
            head: change.head.clone(),
        }
    }
}

/// Files that some rule always asks for: known by name, so they come with the first batch.
fn first_round(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.entries
        .keys()
        .map(String::as_str)
        .filter(|path| matches!(file_name(path), "manage.py" | "apps.py" | ".gitignore") || is_settings(path))
}

/// What a rule reports as introduced, and all that it finds at head.
type Found = (Vec<Reported>, Vec<Finding>);

/// What the change introduces, and all that head has. The baseline runs only where head has findings.
/// `Err`: the rule panicked.
fn run_rule(
    rule: &'static Rule,
    sides: &Sides,
    change: &Change,
    excluded: &Excluded,
) -> Result<Result<Found, NotLoaded>, String> {
    let excluded = |path: &str| excluded.matches(path);
    let on = |judging| {
        sides
            .context(rule, judging, change, &excluded)
            .map_or_else(|| Ok(Vec::new()), |context| (rule.check)(&context))
    };
    let both = || -> Result<(Vec<Finding>, Vec<Finding>), NotLoaded> {
        let head = on(Judging::Head)?;
        let baseline = if head.is_empty() { Vec::new() } else { on(Judging::Baseline)? };
        Ok((head, baseline))
    };
    catch_unwind(AssertUnwindSafe(|| {
        both().map(|(head, baseline)| (introduced(rule, head.clone(), baseline, change), head))
    }))
    .map_err(|_| {
        format!("{} did not run: it failed on this change, which is a fault of Red Panda", rule.code)
    })
}

/// Where the forge gave no patch, both blobs tell.
fn compute_missing_hunks(change: &mut Change, sides: &Sides) {
    for file in change.files.iter_mut().filter(|f| f.hunks.is_none() && f.status != FileStatus::Deleted) {
        let old = file.base_path().map(|path| sides.merge_base.text(path));
        let new = file.head_path().map(|path| sides.head.text(path));
        let old = match old {
            Some(Ok(Some(text))) => text.as_str().to_owned(),
            Some(_) => continue,
            None => String::new(),
        };
        if let Some(Ok(Some(new))) = new {
            file.hunks = Some(diff::hunks(&old, new.as_str()));
        }
    }
}

/// Runs on the engine's own threads with large stacks.
fn pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    use std::sync::OnceLock;
    static POOL: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| rayon::ThreadPoolBuilder::new().stack_size(STACK).build().ok());
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
