//! The rounds of a run: rules that miss files wait, all that is missing is read in one batch, and only they run again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::model::catalogue;
use crate::model::change::{Change, ChangedFile, FileStatus};
use crate::model::finding::Finding;
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt, Reported};
use crate::model::plan::Side;
use crate::rules::{self, Judging, Look, Rule};
use crate::source::snapshot::{both, merge_base_tree};
use crate::source::{Blob, NotLoaded, SnapshotId, Text, Tree, Want, diff};

use super::exclude::{ATTRIBUTES, Excluded};
use super::introduced::introduced;
use super::suppress::{self, Suppressions};
use super::{Input, Sides, Step, policy_change, reading, selection, unparsed};

/// Rounds of reading before a run gives up.
const MAX_ROUNDS: usize = 8;
/// Bytes of source that one run may hold.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const TOO_LONG: &str = "files that are longer than 64 MiB together";
/// Stack of the engine's threads: parser output recurses.
const STACK: usize = 64 * 1024 * 1024;

/// Its second half is the engine's: only it knows what was suppressed.
const UNUSED_SUPPRESSION: &str = "STY008";

/// How far a rule has come.
#[derive(Debug)]
enum Progress {
    Waiting,
    /// What it reports as introduced, and all that it finds at head.
    Done {
        reported: Vec<Reported>,
        head: Vec<Finding>,
    },
    /// Why it did not run.
    Failed(&'static str),
}

/// One run over one change.
#[derive(Debug)]
pub struct Engine {
    input: Input,
    sides: Sides,
    rules: Vec<(&'static Rule, Progress)>,
    excluded: Excluded,
    /// All that is asked for before the rules run was read.
    prepared: bool,
    round: usize,
    bytes: usize,
    /// Contents by their id: what one commit gave is not read again for another.
    contents: HashMap<Sha, Blob>,
    not_looked_at: Vec<NotLookedAt>,
}

impl Engine {
    pub fn new(mut input: Input) -> Self {
        let sides = Sides::new(&input.change, input.deployed.clone());
        let on = rules::all().into_iter().filter(|rule| selection::is_on(&input.policy, rule));
        let rules = on.map(|rule| (rule, Progress::Waiting)).collect();
        let excluded = Excluded::new(&input.policy.exclude);
        let mut not_looked_at = std::mem::take(&mut input.not_looked_at);
        if let Some(reason) = &input.change.truncated {
            not_looked_at.push(NotLookedAt::change(reason.clone()));
        }
        Self {
            input,
            sides,
            rules,
            excluded,
            prepared: false,
            round: 0,
            bytes: 0,
            contents: HashMap::new(),
            not_looked_at,
        }
    }

    /// The change with all hunks, also those that we computed.
    pub fn change(&self) -> &Change {
        &self.input.change
    }

    /// The text of a file that was read, at head or at the merge base.
    pub fn text(&self, side: Side, path: &str) -> Option<Text> {
        let project = match side {
            Side::Head => &self.sides.head,
            Side::Base => &self.sides.merge_base,
        };
        project.text(path).ok().flatten()
    }

    /// The commit that a wanted thing is read at.
    pub fn commit_of(&self, want: &Want) -> Sha {
        let snapshot = self.sides.snapshot(want.snapshot());
        snapshot.unwrap_or(self.sides.head.snapshot()).commit().clone()
    }

    pub fn supply_tree(&mut self, want: &Want, tree: Tree) {
        let id = want.snapshot();
        if tree.truncated && id == SnapshotId::Head {
            let reason = "the repository has more files than the forge lists".to_owned();
            self.not_looked_at.push(NotLookedAt::change(reason));
        }
        if id == SnapshotId::Head {
            let base = merge_base_tree(&tree, &self.input.change);
            self.sides.merge_base.snapshot().supply_tree(base);
        }
        if let Some(snapshot) = self.sides.snapshot(id) {
            snapshot.supply_tree(tree);
        }
    }

    pub fn supply_file(&mut self, want: &Want, blob: Blob) {
        let Want::File { snapshot, path, blob: id } = want else { return };
        let blob = self.sides.facts.shared(blob);
        self.bytes += blob.weight();
        if let Some(id) = id {
            self.contents.insert(id.clone(), blob.clone());
        }
        if let Some(snapshot) = self.sides.snapshot(*snapshot) {
            snapshot.supply_file(path.clone(), blob);
        }
    }

    /// May it be given more? Beyond this the next step gives up.
    pub fn has_room(&self) -> bool {
        self.bytes <= MAX_BYTES
    }

    /// Bytes of the wanted files, as far as the trees tell their sizes.
    fn known_size(&self, wants: &BTreeSet<Want>) -> usize {
        let size = |want: &Want| match want {
            Want::Tree(_) => None,
            Want::File { snapshot, path, .. } => self.sides.snapshot(*snapshot)?.size(path),
        };
        wants.iter().filter_map(size).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)).sum()
    }

    /// Runs every rule that can run. `expired` is asked between rules: `true` ends the run as incomplete.
    pub fn step(&mut self, expired: &(dyn Fn() -> bool + Sync)) -> Step {
        self.round += 1;
        if !self.has_room() {
            return self.give_up(TOO_LONG);
        }
        loop {
            let missing = match pool(|| self.prepare()) {
                Err(missing) => missing,
                Ok(()) => self.run_rules(expired),
            };
            let missing = if missing.wants.is_empty() { self.compared_last() } else { missing };
            if missing.wants.is_empty() {
                return Step::Done(Box::new(pool(|| self.judge())));
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
            return self.give_up(&format!("more files than {MAX_ROUNDS} rounds of reading give"));
        }
        // Sizes decide before a byte is asked for; where a tree does not tell them, what has come does.
        if self.bytes + self.known_size(&missing.wants) > MAX_BYTES {
            return self.give_up(TOO_LONG);
        }
        Step::Need(missing.wants.into_iter().collect())
    }

    /// Judges without the rules that still wait for files: of what was not read, none says anything.
    fn give_up(&mut self, asked_for: &str) -> Step {
        let waiting = |progress: &Progress| matches!(progress, Progress::Waiting);
        let codes: Vec<&str> = self
            .rules
            .iter()
            .filter(|(_, progress)| waiting(progress))
            .map(|(rule, _)| rule.code())
            .collect();
        if !codes.is_empty() {
            let all = codes.len() == self.rules.len();
            let not_run =
                if all { "no rule was run".to_owned() } else { format!("not run: {}", codes.join(", ")) };
            let reason = format!("the rules ask for {asked_for}: {not_run}");
            self.not_looked_at.push(NotLookedAt::change(reason));
        }
        Step::Done(Box::new(pool(|| self.judge())))
    }

    /// What every run needs before the rules: the trees, the changed files, and what the rules say they want.
    fn prepare(&mut self) -> Result<(), NotLoaded> {
        if self.prepared {
            return Ok(());
        }
        let change = &self.input.change;
        reading::trees(change, &self.sides)?;
        // From the base side: a change cannot take itself out of its own judgement.
        let attributes = self.sides.merge_base.text(ATTRIBUTES);
        if let Ok(Some(text)) = &attributes {
            self.excluded.read_attributes(text);
        }
        let rules = self.rules.iter().map(|(rule, _)| *rule);
        both(attributes, reading::files(change, &self.sides, rules, &self.excluded))?;
        compute_missing_hunks(&mut self.input.change, &self.sides);
        self.prepared = true;
        Ok(())
    }

    /// Runs all waiting rules; returns what they miss.
    fn run_rules(&mut self, expired: &(dyn Fn() -> bool + Sync)) -> NotLoaded {
        let (sides, change) = (&self.sides, &self.input.change);
        // Each rule asks for each changed path: the globs are matched once.
        let paths = change.files.iter().flat_map(|f| f.head_path().into_iter().chain(f.base_path()));
        let decided: HashMap<&str, bool> = paths.map(|path| (path, self.excluded.matches(path))).collect();
        let excluded = |path: &str| decided.get(path).copied().unwrap_or_else(|| self.excluded.matches(path));
        let mut waiting: Vec<_> =
            self.rules.iter_mut().filter(|(_, p)| matches!(p, Progress::Waiting)).collect();
        let run = |(rule, progress): &mut &mut (&'static Rule, Progress)| {
            if expired() {
                *progress = Progress::Failed("the time of the run was used up");
                return None;
            }
            match run_rule(rule, sides, change, &excluded) {
                Ok(after) => *progress = after,
                Err(missing) => return Some(missing),
            }
            None
        };
        let missing: Vec<NotLoaded> = pool(|| waiting.par_iter_mut().filter_map(run).collect());
        let mut all = NotLoaded::default();
        missing.into_iter().for_each(|m| all.merge(m));
        all
    }

    /// What only the judgement compares: the base of files that no longer parse or hold suppressions.
    fn compared_last(&self) -> NotLoaded {
        let (change, sides) = (&self.input.change, &self.sides);
        let broken = || unparsed::wants(change, sides, &|path| self.excluded.matches(path));
        let suppressing = || {
            let base = suppress::bases(&sides.head, self.looked_at()).map(|path| sides.merge_base.text(path));
            NotLoaded::all(base)
        };
        pool(|| both(broken(), suppressing())).err().unwrap_or_default()
    }

    fn looked_at(&self) -> impl Iterator<Item = &ChangedFile> {
        self.input.change.files.iter().filter(|file| !self.excluded.matches(&file.path))
    }

    fn judge(&mut self) -> Judgement {
        let (mut reported, head) = self.collect();
        let suppressions =
            Suppressions::read(&self.sides.head, self.looked_at().filter_map(ChangedFile::head_path));
        reported.extend(self.unused(&suppressions, &head));
        for item in &mut reported {
            if let Some((rule, _)) = self.rules.iter().find(|(rule, _)| rule.code() == item.finding.code) {
                item.finding.severity = selection::severity(&self.input.policy, rule, &item.finding);
            }
        }
        let (mut findings, suppressed) = suppress::split(reported, &suppressions);
        findings.sort_by(|a, b| {
            let (a, b) = (&a.finding, &b.finding);
            b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)).then_with(|| a.code.cmp(b.code))
        });
        let change = &self.input.change;
        let tells = |f: &&Finding| catalogue::of_code(f.code).is_some_and(|entry| entry.tells_unparsed);
        let told = head.iter().filter(tells).filter_map(|f| f.place.path()).collect();
        let unparsed = unparsed::find(change, &self.sides, &|path| self.excluded.matches(path), &told);
        let mut not_looked_at = std::mem::take(&mut self.not_looked_at);
        not_looked_at.extend(unparsed.not_looked_at);
        let unscanned = not_scanned(change.commits.not_scanned);
        let notes = self.input.notes.iter().chain(&self.input.policy.notes).chain(&unparsed.notes);
        Judgement {
            findings,
            suppressed,
            not_looked_at,
            notes: notes.chain(&unscanned).cloned().collect(),
            files: self.looked_at().count(),
            rules: self.rules.len(),
            merge_base: change.merge_base.clone(),
            target_tip: change.target_tip.clone(),
            head: change.head.clone(),
        }
    }

    /// What all rules report, and what they find at head; one that did not run makes the verdict incomplete.
    fn collect(&mut self) -> (Vec<Reported>, Vec<Finding>) {
        let mut reported: Vec<Reported> =
            self.input.policy_fault.iter().map(policy_change::finding).collect();
        let mut head = Vec::new();
        for (rule, progress) in &mut self.rules {
            match progress {
                Progress::Done { reported: of_rule, head: of_head } => {
                    head.append(of_head);
                    reported.append(of_rule);
                }
                Progress::Failed(why) => {
                    let reason = format!("{} did not run: {why}", rule.code());
                    self.not_looked_at.push(NotLookedAt { path: rule.code().to_owned(), reason });
                }
                Progress::Waiting => {}
            }
        }
        (reported, head)
    }

    /// Suppressions that keep nothing, where the base side was read: what stood there before is not new.
    fn unused(&self, suppressions: &Suppressions, head: &[Finding]) -> Vec<Reported> {
        let style = self.rules.iter().find(|(rule, _)| rule.code() == UNUSED_SUPPRESSION);
        let Some((style, _)) = style.filter(|_| self.compared_last().wants.is_empty()) else {
            return Vec::new();
        };
        let done = |(rule, progress): &(&'static Rule, Progress)| {
            matches!(progress, Progress::Done { .. }).then_some(rule.code())
        };
        let ran = self.rules.iter().filter_map(done).collect();
        let bases = suppress::bases(&self.sides.head, self.looked_at());
        let known = Suppressions::read(&self.sides.merge_base, bases).unused(&[], &ran);
        introduced(style, suppressions.unused(head, &ran), known, &self.input.change)
    }
}

/// Commits that were not looked at one by one change no verdict, but people have to know.
fn not_scanned(number: usize) -> Option<String> {
    let commits = if number == 1 { "1 commit was" } else { &format!("{number} commits were") };
    (number > 0).then(|| {
        format!("{commits} not looked at one by one: an env file that one adds and a later one deletes is not seen")
    })
}

/// Runs a rule on both sides; the baseline only where head has findings.
fn run_rule(
    rule: &'static Rule,
    sides: &Sides,
    change: &Change,
    excluded: &dyn Fn(&str) -> bool,
) -> Result<Progress, NotLoaded> {
    let on = |judging| {
        let Some(context) = sides.context(rule, judging, change, excluded) else { return Ok(Vec::new()) };
        let looks = rule.looks.iter().map(|look| match look {
            Look::Change(check) => check(&context),
        });
        NotLoaded::all(looks).map(|found| found.concat())
    };
    let compare = || {
        let head = on(Judging::Head)?;
        let baseline = if head.is_empty() { Vec::new() } else { on(Judging::Baseline)? };
        Ok(Progress::Done { reported: introduced(rule, head.clone(), baseline, change), head })
    };
    let failed = Progress::Failed("it failed on this change, which is a fault of Red Panda");
    catch_unwind(AssertUnwindSafe(compare)).unwrap_or(Ok(failed))
}

/// Where the forge gave no patch, both blobs tell.
fn compute_missing_hunks(change: &mut Change, sides: &Sides) {
    for file in change.files.iter_mut().filter(|f| f.hunks.is_none() && f.status != FileStatus::Deleted) {
        let old = file.base_path().map(|path| sides.merge_base.text(path));
        let new = file.head_path().map(|path| sides.head.text(path));
        let old = match old {
            Some(Ok(Some(text))) => text.as_str().to_owned(),
            Some(Err(_)) => continue,
            // What was no text is text now: all of it is new.
            Some(Ok(None)) | None => String::new(),
        };
        if let Some(Ok(Some(new))) = new {
            file.hunks = Some(diff::hunks(&old, new.as_str()));
        }
    }
}

impl Drop for Engine {
    /// Deep trees fall by recursion too: on the engine's threads, and whoever lets go of the run does not wait for it.
    fn drop(&mut self) {
        let unread = Sides::new(&self.input.change, self.input.deployed.clone());
        let read = std::mem::replace(&mut self.sides, unread);
        if let Some(threads) = threads() {
            threads.spawn(move || drop(read));
        }
    }
}

/// Runs on the engine's own threads.
fn pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match threads() {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

/// Threads with large stacks, made at first use.
fn threads() -> Option<&'static rayon::ThreadPool> {
    static THREADS: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    THREADS.get_or_init(|| rayon::ThreadPoolBuilder::new().stack_size(STACK).build().ok()).as_ref()
}

#[cfg(test)]
mod tests;
