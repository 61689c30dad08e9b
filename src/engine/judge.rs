//! The judgement: what is introduced, weighed by the policy, without what a suppression keeps; and what nobody looked at.

use std::collections::BTreeSet;

use crate::model::catalogue::{self, Family};
use crate::model::change::ChangedFile;
use crate::model::finding::{Finding, FixSafety, Severity, code};
use crate::model::judgement::{Judgement, NotLookedAt, Reported};
use crate::model::policy::{Habit, Profile};
use crate::rules::{Reading, reading};
use crate::source::NotLoaded;
use crate::source::snapshot::both;

use super::introduced::{AtHead, introduced};
use super::suppress::{self, Suppressions};
use super::{Engine, adopting, policy_change, precedence, selection, unparsed};

impl Engine {
    /// What only the judgement compares: the base of files that no longer parse or hold suppressions.
    pub(super) fn compared_last(&self) -> NotLoaded {
        let (change, sides) = (&self.input.change, &self.sides);
        let broken = unparsed::wants(change, sides, &|path| self.misses(path));
        let base = suppress::bases(&sides.head, self.looked_at()).map(|path| sides.merge_base.text(path));
        both(broken, NotLoaded::all(base)).err().unwrap_or_default()
    }

    /// Does some rule have to understand the file of this path?
    fn misses(&self, path: &str) -> bool {
        !self.skips(path) && reading(&self.runner.rules, path) >= Reading::Alone
    }

    fn looked_at(&self) -> impl Iterator<Item = &ChangedFile> {
        self.input.change.files.iter().filter(|file| !self.skips(&file.path))
    }

    /// Judges without the rules that still wait for files: of what was not read, none says anything.
    pub(super) fn judge_without_waiting(&mut self, asked_for: &str) -> Judgement {
        let codes = self.runner.waiting();
        if !codes.is_empty() {
            let all = codes.len() == self.runner.rules.len();
            let not_run =
                if all { "no rule was run".to_owned() } else { format!("not run: {}", codes.join(", ")) };
            let reason = format!("the rules ask for {asked_for}: {not_run}");
            self.not_looked_at.push(NotLookedAt::change(reason));
        }
        let compared = self.compared_last().wants.is_empty();
        self.judge(compared)
    }

    /// `compared`: all that [`Self::compared_last`] asks for was read.
    pub(super) fn judge(&mut self, compared: bool) -> Judgement {
        let change = &self.input.change;
        let head = self.runner.head();
        let suppressions =
            Suppressions::read(&self.sides.head, self.looked_at().filter_map(ChangedFile::head_path));
        let mut reported: Vec<Reported> =
            self.input.policy_fault.iter().map(policy_change::finding).collect();
        let at_head = AtHead::of(change);
        reported.extend(self.runner.introduced(change, &at_head));
        if compared {
            reported.extend(self.unused(&suppressions, &head, &at_head));
        }
        let mut reported = precedence::heard(reported);
        reported.retain(|reported| self.input.scope.tells(reported.finding.place.path()));
        let habits = self.habits();
        let lowered = self.weigh(&mut reported, &habits);
        self.keep_edits_that_fit(&mut reported);
        let (mut findings, suppressed) = suppress::split(reported, &suppressions);
        findings.sort_by(|a, b| {
            let (a, b) = (&a.finding, &b.finding);
            let severity = b.severity.cmp(&a.severity);
            let family = || catalogue::comes_first(b.code).cmp(&catalogue::comes_first(a.code));
            severity.then_with(family).then_with(|| a.place.cmp(&b.place)).then_with(|| a.code.cmp(b.code))
        });
        let tells = |f: &&Finding| catalogue::of_code(f.code).is_some_and(|entry| entry.tells_unparsed);
        let told = head.iter().filter(tells).filter_map(|f| f.place.path()).collect();
        let unparsed = unparsed::find(change, &self.sides, &|path| self.misses(path), &told);
        let mut not_looked_at = self.not_looked_at.clone();
        not_looked_at.extend(self.runner.failures(change));
        not_looked_at.extend(unparsed.not_looked_at);
        let is_missed = |unread: &NotLookedAt| unread.path.ends_with('/') || self.misses(&unread.path);
        let (missed, noted): (Vec<_>, Vec<_>) = self.input.unread.iter().cloned().partition(is_missed);
        not_looked_at.extend(missed);
        let noted =
            noted.iter().map(|unread| format!("{} was not looked at: {}", code(&unread.path), unread.reason));
        let own = [
            not_scanned(change.commits.not_scanned),
            self.undeployed(&findings),
            adopting::lowered(&habits, &lowered),
            self.would_be_lowered(),
        ];
        let notes = self.input.notes.iter().chain(&self.input.policy.notes).chain(&unparsed.notes);
        Judgement {
            findings,
            suppressed,
            not_looked_at,
            notes: notes.cloned().chain(own.into_iter().flatten()).chain(noted).collect(),
            files: self.looked_at().count(),
            rules: self.runner.rules.len(),
            merge_base: change.merge_base.clone(),
            target_tip: change.target_tip.clone(),
            head: change.head.clone(),
        }
    }

    /// Where nothing was there before, rules of migrations take each for one that nobody has run.
    fn undeployed(&self, findings: &[Reported]) -> Option<String> {
        let is_of_migrations =
            |reported: &Reported| Family::of_code(reported.finding.code) == Some(Family::Migrations);
        let told = self.input.scope.is_whole() && findings.iter().any(is_of_migrations);
        told.then(|| {
            "nothing counts as deployed here: before you edit or rename a migration, be sure that no database has run it"
                .to_owned()
        })
    }

    /// What most files break, for the profile that speaks softly of it: as this run sees it, where it sees all of them.
    fn habits(&self) -> Vec<Habit> {
        match (self.input.policy.profile, self.input.scope.is_everything()) {
            (Profile::Adopting, true) => self.own_habits(),
            (Profile::Adopting, false) => self.input.habits.clone(),
            _ => Vec::new(),
        }
    }

    /// What most of the files break that this run looked at.
    pub fn own_habits(&self) -> Vec<Habit> {
        adopting::habits(&self.runner, &self.input.policy)
    }

    fn would_be_lowered(&self) -> Option<String> {
        let asked = self.input.scope.is_everything() && self.input.policy.profile != Profile::Adopting;
        asked.then(|| adopting::would_be_lowered(&self.own_habits())).flatten()
    }

    /// As severe as the policy lets each finding be; returns the codes that a habit has lowered.
    fn weigh(&self, reported: &mut [Reported], habits: &[Habit]) -> BTreeSet<&'static str> {
        let mut lowered = BTreeSet::new();
        for Reported { finding, .. } in reported {
            if let Some(rule) = self.runner.rules.iter().find(|rule| rule.code() == finding.code) {
                finding.severity = selection::severity(&self.input.policy, rule, finding);
            }
            let is_habit = habits.iter().any(|habit| habit.code == finding.code);
            if is_habit && finding.severity > Severity::Advice {
                finding.severity = Severity::Advice;
                lowered.insert(finding.code);
            }
        }
        lowered
    }

    /// Of a file in another encoding a line could only be given back in ours.
    fn keep_edits_that_fit(&self, reported: &mut [Reported]) {
        let in_utf8 = |path: &str| self.sides.head.file(path).is_ok_and(|blob| blob.text().is_some());
        for Reported { finding, .. } in reported {
            let (Some(path), Some(fix)) = (finding.place.path(), &mut finding.fix) else { continue };
            if fix.edits.iter().any(|edit| !edit.replacement.is_ascii()) && !in_utf8(path) {
                fix.edits.clear();
                fix.safety = FixSafety::Text;
            }
        }
    }

    /// Suppressions that keep nothing, where the base side was read: what stood there before is not new.
    fn unused(&self, suppressions: &Suppressions, head: &[Finding], at_head: &AtHead<'_>) -> Vec<Reported> {
        let telling = self.runner.rules.iter().filter_map(|rule| Some((rule, rule.unused_suppression()?)));
        let mut telling = telling.peekable();
        if telling.peek().is_none() {
            return Vec::new();
        }
        let done = self.runner.done();
        let ran: Vec<_> =
            self.runner.rules.iter().copied().filter(|rule| done.contains(rule.code())).collect();
        let bases = suppress::bases(&self.sides.head, self.looked_at());
        let at_base = Suppressions::read(&self.sides.merge_base, bases);
        let reported = telling.flat_map(|(rule, tell)| {
            let (new, known) = (suppressions.unused(head, &ran, tell), at_base.unused(&[], &ran, tell));
            introduced(rule, new, known, &self.input.change, at_head)
        });
        reported.collect()
    }
}

/// Commits that were not looked at one by one change no verdict, but people have to know.
fn not_scanned(number: usize) -> Option<String> {
    let commits = if number == 1 { "1 commit was" } else { &format!("{number} commits were") };
    (number > 0).then(|| {
        format!("{commits} not looked at one by one: an env file that one adds and a later one deletes is not seen")
    })
}
