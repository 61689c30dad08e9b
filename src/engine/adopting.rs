//! The profile `adopting`: what most files of a project break anyway is advice, until the team gets there. How far it is,
//! is measured on the project itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue;
use crate::model::change::{Change, ChangedFile, Commits, FileStatus, Mode};
use crate::model::id::Sha;
use crate::model::policy::{Habit, Policy};
use crate::project::migrations::deployed::Evidence;
use crate::rules::{Look, Rule};
use crate::source::Tree;
use crate::source::tree::{file_name, folder};

use super::bounds::{Paths, Scope};
use super::exclude::Excluded;
use super::runner::Runner;
use super::selection::{self, Selection};
use super::{DeployedAt, Input};

/// So many files are looked at to know what a project is used to.
const SAMPLE: usize = 200;

/// Is it a rule that the profile may lower? What loses data or gives away a secret is never a matter of habit, and what
/// the policy sets by itself is decided.
fn may_be_lowered(rule: &Rule, policy: &Policy) -> bool {
    let weighs = rule.entry.essential || rule.entry.always_on || catalogue::comes_first(rule.code());
    !weighs && rule.looks.iter().any(Look::is_at_files) && selection::setting(policy, rule).is_none()
}

/// A run over some files of a commit, spread evenly over its paths, which tells what most of them break. `None`: no rule
/// could be lowered, so nothing need be read.
pub fn sample(tree: &Tree, at: &Sha, policy: &Policy) -> Option<Input> {
    let rules = Selection::default().rules(policy).into_iter().filter(|rule| may_be_lowered(rule, policy));
    let rules: Vec<&Rule> = rules.collect();
    let excluded = Excluded::new(&policy.exclude);
    let is_shown = |path: &str| {
        let looks = || rules.iter().flat_map(|rule| rule.looks).any(|look| look.is_run_at(path));
        !excluded.matches(path) && looks()
    };
    let files = tree.entries.iter().filter(|(_, e)| matches!(e.mode, Mode::File | Mode::Executable));
    let paths = spread(files.map(|(path, _)| path.as_str()).filter(|path| is_shown(path)).collect());
    if paths.is_empty() {
        return None;
    }
    let added = |path: &str| ChangedFile {
        path: path.to_owned(),
        previous_path: None,
        status: FileStatus::Added,
        hunks: None,
    };
    let change = Change {
        merge_base: at.clone(),
        target_tip: at.clone(),
        head: at.clone(),
        files: paths.into_iter().map(added).collect(),
        commits: Commits::default(),
        uncommitted: BTreeMap::new(),
        truncated: None,
    };
    let deployed = DeployedAt { evidence: Evidence::Branches(Vec::new()), commits: Vec::new() };
    let selection = Selection::only(rules.iter().map(|rule| rule.code()).collect());
    let scope = Scope::Whole(Paths::default());
    Some(Input { selection, scope, ..Input::new(change, policy.clone(), deployed) })
}

/// At most so many paths. Half of the room is for modules that Django names: most rules look there, and of a large
/// project an even spread would hold a handful.
fn spread(paths: Vec<&str>) -> Vec<&str> {
    let (named, others): (Vec<&str>, Vec<&str>) = paths.into_iter().partition(|path| is_named(path));
    let of_named = named.len().min(SAMPLE - others.len().min(SAMPLE / 2));
    let mut sample = evenly(&named, of_named);
    sample.extend(evenly(&others, SAMPLE - of_named));
    sample.sort_unstable();
    sample
}

fn is_named(path: &str) -> bool {
    const NAMES: [&str; 5] = ["models", "forms", "views", "urls", "tasks"];
    let stem = file_name(path).trim_end_matches(".py");
    NAMES.contains(&stem) || NAMES.contains(&file_name(folder(path)))
}

/// `most` of them, as far from each other as can be.
fn evenly<'a>(paths: &[&'a str], most: usize) -> Vec<&'a str> {
    let number = paths.len().min(most);
    (0..number).filter_map(|at| paths.get(at * paths.len() / number).copied()).collect()
}

/// The rules that most files break, of those that the runner looked at.
pub(super) fn habits(runner: &Runner, policy: &Policy) -> Vec<Habit> {
    let rules = runner.rules.iter().filter(|rule| may_be_lowered(rule, policy));
    let habit = |rule: &&'static Rule| {
        let files = runner.places(rule);
        Habit {
            code: rule.code(),
            broken: files.values().filter(|broken| **broken).count(),
            files: files.len(),
        }
    };
    rules.map(habit).filter(|habit| habit.broken * 2 > habit.files).collect()
}

/// What was lowered here, in a sentence.
pub(super) fn lowered(habits: &[Habit], lowered: &BTreeSet<&'static str>) -> Option<String> {
    let told = list(habits.iter().filter(|habit| lowered.contains(habit.code)))?;
    Some(format!("with the profile `adopting`, what most files break is advice: {told}"))
}

/// What the profile would lower, in a sentence.
pub(super) fn would_be_lowered(habits: &[Habit]) -> Option<String> {
    let told = list(habits.iter())?;
    Some(format!("most files break {told}: with `profile = \"adopting\"` these would be advice"))
}

/// `MOD011 (14 of 20 files), MOD004 (9 of 12 files)`; `None` where there is none.
fn list<'a>(habits: impl Iterator<Item = &'a Habit>) -> Option<String> {
    let told: Vec<String> =
        habits.map(|Habit { code, broken, files }| format!("{code} ({broken} of {files} files)")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_spread_over_the_paths_and_half_of_it_is_where_rules_look() {
        let others: Vec<String> = (0..1_000).map(|n| format!("lib/part_{n:04}.py")).collect();
        let named: Vec<String> = (0..300).map(|n| format!("app_{n:03}/models.py")).collect();
        let spread = |paths: &[String]| -> Vec<String> {
            super::spread(paths.iter().map(String::as_str).collect()).into_iter().map(str::to_owned).collect()
        };
        let sample = spread(&[others.clone(), named.clone()].concat());
        assert_eq!(sample.len(), SAMPLE);
        assert_eq!(sample.iter().filter(|path| path.ends_with("models.py")).count(), SAMPLE / 2);
        assert!(
            sample.contains(&"lib/part_0990.py".to_owned())
                && sample.contains(&"app_297/models.py".to_owned())
        );
        assert_eq!(spread(&named).len(), SAMPLE, "room that nobody needs is given away");
        assert_eq!(spread(&named[..30]), named[..30]);
    }
}
