//! Runs the rules: on head first, and on the base of a file only where a finding there touches the change.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::change::Change;
use crate::model::finding::Finding;
use crate::model::judgement::{NotLookedAt, Reported};
use crate::rules::{Judging, Look, Rule, ScopedFile};
use crate::source::NotLoaded;

use super::bounds::{Progress as Watched, Scope};
use super::introduced::{AtHead, introduced, may_be_introduced};
use super::pool::Pool;
use super::{Clock, Sides};

/// What the rules are run over.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) sides: &'a Sides,
    pub(super) change: &'a Change,
    pub(super) at_head: &'a AtHead<'a>,
    pub(super) excluded: &'a (dyn Fn(&str) -> bool + Sync),
    pub(super) scope: &'a Scope,
}

/// The rules of a run, and how far each has come.
#[derive(Debug, Default)]
pub(super) struct Runner {
    pub(super) rules: Vec<&'static Rule>,
    /// Rule by rule; `None` until the change is known.
    tasks: Option<Vec<Task>>,
    /// What the rules have computed, in nanoseconds, and how long they may.
    spent: AtomicU64,
    time: Duration,
    watched: Arc<Watched>,
}

/// One look of a rule: at the change, or at one of its files.
#[derive(Debug)]
struct Task {
    rule: &'static Rule,
    look: &'static Look,
    /// Its place in the change.
    file: Option<usize>,
    progress: Progress,
    /// The file has what it looks at. Known only where all that stands there is judged.
    has_place: bool,
}

#[derive(Debug)]
enum Progress {
    Waiting,
    /// What it finds at head, where the base is still to be looked at.
    Found(Vec<Finding>),
    Done {
        head: Vec<Finding>,
        base: Vec<Finding>,
    },
    /// Why it did not run.
    Failed(&'static str),
}

impl Runner {
    pub(super) fn new(rules: Vec<&'static Rule>, time: Duration, watched: Arc<Watched>) -> Self {
        Self { rules, time, watched, ..Self::default() }
    }

    /// Runs all that waits; returns what it misses.
    pub(super) fn run(&mut self, scene: Scene<'_>, pool: &Pool, clock: &Clock) -> NotLoaded {
        let (watched, time) = (&self.watched, self.time);
        let tasks = self.tasks.get_or_insert_with(|| {
            let tasks = plan(&self.rules, scene);
            watched.begin(tasks.iter().filter_map(|task| task.file).collect::<BTreeSet<_>>().len());
            tasks
        });
        let (spent, missing) = (&self.spent, Mutex::new(NotLoaded::default()));
        let run = |task: &mut Task| {
            if Duration::from_nanos(spent.load(Ordering::Relaxed)) > time {
                task.progress = Progress::Failed("the time of the run was used up");
                return;
            }
            let begun = clock();
            let result = task.advance(scene);
            let took = clock().saturating_sub(begun).as_nanos();
            spent.fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
            if let Err(more) = result {
                missing.lock().unwrap_or_else(PoisonError::into_inner).merge(more);
            }
        };
        pool.each(by_file(tasks), |mut of_one| {
            of_one.iter_mut().for_each(|task| run(task));
            if scene.scope.is_whole() {
                find_places(&mut of_one, scene);
            }
            let is_done = of_one.iter().all(|task| task.file.is_some() && !task.is_waiting());
            watched.looked_at(usize::from(is_done));
        });
        missing.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks_of(&self, rule: &Rule) -> impl Iterator<Item = &Task> {
        self.tasks.iter().flatten().filter(move |task| std::ptr::eq(task.rule, rule))
    }

    /// Rules that still wait for files: all of them before the change is known.
    pub(super) fn waiting(&self) -> Vec<&'static str> {
        let waits = |rule: &&&'static Rule| self.tasks.is_none() || self.tasks_of(rule).any(Task::is_waiting);
        self.rules.iter().filter(waits).map(|rule| rule.code()).collect()
    }

    /// Rules that have looked at all that they look at.
    pub(super) fn done(&self) -> BTreeSet<&'static str> {
        let is_done = |task: &Task| matches!(task.progress, Progress::Done { .. });
        let done = |rule: &&&'static Rule| self.tasks.is_some() && self.tasks_of(rule).all(is_done);
        self.rules.iter().filter(done).map(|rule| rule.code()).collect()
    }

    /// One sentence for each rule that did not run, or not on all files.
    pub(super) fn failures(&self, change: &Change) -> Vec<NotLookedAt> {
        let failure = |rule: &&'static Rule| {
            let why = |task: &Task| match task.progress {
                Progress::Failed(why) => Some((why, task.file.and_then(|at| change.files.get(at)))),
                _ => None,
            };
            let failed: Vec<_> = self.tasks_of(rule).filter_map(why).collect();
            let (why, file) = *failed.first()?;
            let others = match failed.len() - 1 {
                0 => String::new(),
                1 => " and 1 more file".to_owned(),
                more => format!(" and {more} more files"),
            };
            let on = file.map_or_else(String::new, |file| format!(" on {}{others}", file.path));
            let reason = format!("{} did not run{on}: {why}", rule.code());
            Some(NotLookedAt { path: rule.code().to_owned(), reason })
        };
        self.rules.iter().filter_map(failure).collect()
    }

    /// All that head has, introduced or not.
    pub(super) fn head(&self) -> Vec<Finding> {
        let head = |task: &Task| match &task.progress {
            Progress::Done { head, .. } => head.clone(),
            _ => Vec::new(),
        };
        self.tasks.iter().flatten().flat_map(head).collect()
    }

    /// Of a rule, the files that have what it looks at, each with whether it finds something there.
    pub(super) fn places(&self, rule: &Rule) -> BTreeMap<usize, bool> {
        let mut files = BTreeMap::new();
        for task in self.tasks_of(rule).filter(|task| task.has_place) {
            let (Some(file), Progress::Done { head, .. }) = (task.file, &task.progress) else { continue };
            *files.entry(file).or_default() |= !head.is_empty();
        }
        files
    }

    /// What the change introduces.
    pub(super) fn introduced(&self, change: &Change, at_head: &AtHead<'_>) -> Vec<Reported> {
        let of_rule = |rule: &&'static Rule| {
            let (mut head, mut base) = (Vec::new(), Vec::new());
            for task in self.tasks_of(rule) {
                if let Progress::Done { head: of_head, base: of_base } = &task.progress {
                    head.extend(of_head.iter().cloned());
                    base.extend(of_base.iter().cloned());
                }
            }
            introduced(rule, head, base, change, at_head)
        };
        self.rules.iter().flat_map(of_rule).collect()
    }
}

/// What waits, in the parts that one thread does: each look at the change, then all looks at a file together, so that
/// its tree is read once and may go, and no thread waits for another to read it.
fn by_file(tasks: &mut [Task]) -> Vec<Vec<&mut Task>> {
    let (mut parts, mut files) = (Vec::new(), BTreeMap::<usize, Vec<&mut Task>>::new());
    for task in tasks.iter_mut().filter(|task| task.is_waiting()) {
        match task.file {
            None => parts.push(vec![task]),
            Some(at) => files.entry(at).or_default().push(task),
        }
    }
    parts.extend(files.into_values());
    parts
}

/// Tells the tasks at one file whether it has what they look at. Looks of one kind look at the same.
fn find_places(of_one: &mut [&mut Task], scene: Scene<'_>) {
    let mut known: Vec<(Discriminant<Look>, bool)> = Vec::new();
    for task in of_one.iter_mut().filter(|task| !task.has_place) {
        let Progress::Done { head, .. } = &task.progress else { continue };
        let kind = discriminant(task.look);
        let same = known.iter().find(|(other, _)| *other == kind).map(|(_, has)| *has);
        task.has_place = !head.is_empty() || same.unwrap_or_else(|| task.sees_place(scene));
        if same.is_none() {
            known.push((kind, task.has_place));
        }
    }
}

/// Every look of every rule at what it reads.
fn plan(rules: &[&'static Rule], scene: Scene<'_>) -> Vec<Task> {
    let mut tasks = Vec::new();
    for rule in rules {
        for look in rule.looks {
            let task = |file| Task { rule, look, file, progress: Progress::Waiting, has_place: false };
            if look.is_at_files() {
                let files = scene.change.files.iter().enumerate();
                let read = files.filter(|(_, file)| {
                    let shown = |path: &&str| !(scene.excluded)(path) && scene.scope.contains(path);
                    file.head_path().filter(shown).is_some_and(|path| look.is_run_at(path))
                });
                tasks.extend(read.map(|(at, _)| task(Some(at))));
            } else {
                tasks.push(task(None));
            }
        }
    }
    tasks
}

impl Task {
    fn is_waiting(&self) -> bool {
        matches!(self.progress, Progress::Waiting | Progress::Found(_))
    }

    /// Looks as far as what was read allows. A panic takes nobody else down.
    fn advance(&mut self, scene: Scene<'_>) -> Result<(), NotLoaded> {
        let looked = catch_unwind(AssertUnwindSafe(|| self.look(scene)));
        looked.unwrap_or_else(|_| {
            self.progress = Progress::Failed("it failed on this change, which is a fault of Red Panda");
            Ok(())
        })
    }

    fn look(&mut self, scene: Scene<'_>) -> Result<(), NotLoaded> {
        if let Progress::Waiting = self.progress {
            self.progress = Progress::Found(self.found(scene, Judging::Head)?);
        }
        let Progress::Found(head) = &mut self.progress else { return Ok(()) };
        let head = std::mem::take(head);
        let compare = head.iter().any(|finding| may_be_introduced(self.rule, finding, scene.at_head));
        let base = if compare { self.found(scene, Judging::Baseline) } else { Ok(Vec::new()) };
        match base {
            Ok(base) => {
                self.progress = Progress::Done { head, base };
                Ok(())
            }
            Err(missing) => {
                self.progress = Progress::Found(head);
                Err(missing)
            }
        }
    }

    /// Has head's file what it looks at? All that tells it was read when it looked.
    fn sees_place(&self, scene: Scene<'_>) -> bool {
        let context = scene.sides.context(self.rule, Judging::Head, scene.change, scene.excluded);
        let changed = self.file.and_then(|at| scene.change.files.get(at));
        let file = changed.and_then(|changed| Some(ScopedFile { path: changed.head_path()?, changed }));
        let sees = || context.zip(file).and_then(|(c, file)| self.look.has_place(self.rule, &c, file).ok());
        catch_unwind(AssertUnwindSafe(sees)).ok().flatten().unwrap_or(false)
    }

    /// What the rule finds on one side; nothing on the side that it is not compared with.
    fn found(&self, scene: Scene<'_>, judging: Judging) -> Result<Vec<Finding>, NotLoaded> {
        let Some(context) = scene.sides.context(self.rule, judging, scene.change, scene.excluded) else {
            return Ok(Vec::new());
        };
        let Some(at) = self.file else { return self.look.at_change(&context) };
        let Some(changed) = scene.change.files.get(at) else { return Ok(Vec::new()) };
        let path = match judging {
            Judging::Head => changed.head_path(),
            Judging::Baseline => changed.base_path(),
        };
        match path.filter(|path| !(scene.excluded)(path)) {
            Some(path) => self.look.at_file(self.rule, &context, ScopedFile { path, changed }),
            None => Ok(Vec::new()),
        }
    }
}
