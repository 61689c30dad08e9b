use std::collections::BTreeSet;

use super::{exposure, lines, reading};
use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity, code};
use crate::model::id::Sha;
use crate::project::env::env_files::{self, Role};
use crate::project::env::secret::{self, Kind, Strength};
use crate::rules::{Against, Context, Judging, Look, Rule, ScopedFile};
use crate::source::NotLoaded;
use crate::source::snapshot::both;
use crate::source::tree::file_name;
use crate::syntax::dotenv::{Assignment, EnvFile, Line};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::ENV005,
    page: include_str!("secret_in_env_example.md"),
    // A rename publishes lines that it does not touch, so values are compared, not lines.
    against: Against::MergeBase,
    looks: &[Look::Change(reading, check)],
};

/// How many env files of the merge base are compared with.
const MOST_ENV_FILES: usize = 20;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let (head, commits) = both(here(context), in_commits(context))?;
    let mut shown = BTreeSet::new();
    let new = head.into_iter().chain(commits).filter(|found| {
        let at_head = found.at_head;
        shown.insert((found.key.clone(), found.value.clone())) || at_head
    });
    Ok(new.map(|found| found.finding).collect())
}

/// A finding with what it is about, which is never told.
struct Exposed {
    key: String,
    value: String,
    at_head: bool,
    finding: Finding,
}

/// Findings on the side that is judged.
fn here(context: &Context<'_>) -> Result<Vec<Exposed>, NotLoaded> {
    let templates: Vec<ScopedFile<'_>> = context.files().filter(|file| is_template(file.path)).collect();
    let of_env_files = if templates.is_empty() { BTreeSet::new() } else { values_of_env_files(context)? };
    let found = templates.iter().map(|file| of_file(context, *file, &of_env_files));
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

fn is_template(path: &str) -> bool {
    env_files::role(path) == Some(Role::Template)
}

fn of_file(
    context: &Context<'_>,
    scoped: ScopedFile<'_>,
    of_env_files: &BTreeSet<String>,
) -> Result<Vec<Exposed>, NotLoaded> {
    let Some(file) = context.here.env_file(scoped.path)? else { return Ok(Vec::new()) };
    let was_env_file = scoped.changed.previous_path.as_deref().filter(|previous| {
        context.judging == Judging::Head && env_files::role(previous) == Some(Role::EnvFile)
    });
    let found = written(&file).filter_map(|(line, assignment)| {
        let (key, value) = (file.key(assignment), file.value(assignment));
        let leaked = judge(key, value, was_env_file, of_env_files)?;
        let finding = finding(scoped.path, &file, line, assignment, &leaked);
        Some(Exposed { key: key.to_owned(), value: value.to_owned(), at_head: true, finding })
    });
    Ok(found.collect())
}

fn written(file: &EnvFile) -> impl Iterator<Item = (&Line, &Assignment)> {
    file.lines().iter().filter_map(|line| Some((line, line.written()?)))
}

/// Why a value must not stand here.
struct Leaked {
    /// Fits behind the key and the path: "looks like an AWS key".
    why: String,
    strength: Strength,
}

fn judge(
    key: &str,
    value: &str,
    was_env_file: Option<&str>,
    of_env_files: &BTreeSet<String>,
) -> Option<Leaked> {
    let kind = secret::classify(key, value);
    // A short one may be anybody's: `shop` as the password of the database `shop`.
    let filled_in = || value.len() >= 8 && secret::is_sensitive(key) && !secret::is_placeholder(key, value);
    let secret = kind.is_some_and(Kind::looks_real) || filled_in();
    if secret && of_env_files.contains(value) {
        return Some(Leaked {
            why: "is the value of an env file in use".to_owned(),
            strength: Strength::Certain,
        });
    }
    if let Some(previous) = was_env_file.filter(|_| secret) {
        let why = format!("still has its value from {}", code(file_name(previous)));
        return Some(Leaked { why, strength: Strength::Certain });
    }
    kind.map(|kind| Leaked { why: format!("looks like {}", kind.what), strength: kind.strength })
}

fn finding(path: &str, file: &EnvFile, line: &Line, assignment: &Assignment, leaked: &Leaked) -> Finding {
    let key = lines::name(file, line, assignment);
    let place = match key {
        Some(_) => Place::Head { path: path.to_owned(), span: file.span(&assignment.key) },
        None => lines::place(path, file, line, None),
    };
    let node = NodeText::Secret(file.value(assignment).to_owned());
    let headline = format!("{} in {} {}", named(key), code(path), leaked.why);
    let finding = RULE.finding(place, key.unwrap_or(UNNAMED), node, headline, consequence(leaked.strength));
    of_strength(leaked, finding).with_fix(Fix::text(match leaked.strength {
        Strength::Development => format!("Write {} here.", code("change-me")),
        _ => format!("Write {} here and rotate {}.", code("change-me"), it(key)),
    }))
}

/// What is said of a value whose key may be a piece of one.
const UNNAMED: &str = "a value";

/// At the beginning of a sentence.
fn named(key: Option<&str>) -> String {
    key.map_or_else(|| "A value".to_owned(), code)
}

/// Further on in it.
fn it(key: Option<&str>) -> String {
    key.map_or_else(|| "the value".to_owned(), code)
}

fn of_strength(leaked: &Leaked, finding: Finding) -> Finding {
    match leaked.strength {
        Strength::Certain => finding,
        Strength::Likely => finding.with_severity(Severity::Warning).with_confidence(Confidence::Likely),
        Strength::Development => finding.with_severity(Severity::Warning),
    }
}

fn consequence(strength: Strength) -> &'static str {
    match strength {
        Strength::Certain | Strength::Likely => {
            "The push published it: everyone who can fetch may use it until it is rotated, also after a later commit removes it."
        }
        Strength::Development => "Everyone who copies the template runs with the same, published value.",
    }
}

/// Values of the env files that stood in the repository before the change.
fn values_of_env_files(context: &Context<'_>) -> Result<BTreeSet<String>, NotLoaded> {
    let tree = context.merge_base.tree()?;
    let paths = tree.entries.keys().filter(|path| env_files::role(path) == Some(Role::EnvFile));
    let files = NotLoaded::all(paths.take(MOST_ENV_FILES).map(|path| context.merge_base.env_file(path)))?;
    let values = files.iter().flatten().flat_map(|file| file.assignments().map(|a| file.value(a).to_owned()));
    Ok(values.filter(|value| !value.is_empty()).collect())
}

/// Real values that a commit of the change put into a template. Those of the merge base are left out.
fn in_commits(context: &Context<'_>) -> Result<Vec<Exposed>, NotLoaded> {
    if context.judging == Judging::Baseline {
        return Ok(Vec::new());
    }
    let base = context.merge_base.tree()?;
    let scanned = context.change.commits.scanned.iter().zip(context.commits);
    let files = scanned.flat_map(|(commit, project)| {
        let templates = commit.paths.iter().filter(|path| is_template(path) && !(context.excluded)(path));
        templates.map(move |path| Ok((path, &commit.sha, project.env_file(path)?)))
    });
    let files = NotLoaded::all(files)?;
    let known = files.iter().map(|(path, _, _)| *path).filter(|path| base.contains(path));
    let known = NotLoaded::all(known.map(|path| context.merge_base.env_file(path)))?;
    let values = |file| written(file).map(|(_, assignment)| file.value(assignment));
    let known: BTreeSet<&str> = known.iter().flatten().flat_map(|file| values(file)).collect();
    let mut found = Vec::new();
    for (path, sha, file) in files.iter().filter_map(|(path, sha, file)| Some((*path, *sha, file.as_ref()?)))
    {
        for (line, assignment) in written(file) {
            let (key, value) = (file.key(assignment), file.value(assignment));
            let leaked =
                judge(key, value, None, &BTreeSet::new()).filter(|l| l.strength != Strength::Development);
            if let Some(leaked) = leaked.filter(|_| !known.contains(value)) {
                let finding = committed(path, sha, lines::name(file, line, assignment), value, &leaked);
                found.push(Exposed { key: key.to_owned(), value: value.to_owned(), at_head: false, finding });
            }
        }
    }
    Ok(found)
}

fn committed(path: &str, sha: &Sha, key: Option<&str>, value: &str, leaked: &Leaked) -> Finding {
    let headline = format!("{} in {} at {} {}", named(key), code(path), code(sha.short()), leaked.why);
    let subject = format!("{} at {}", key.unwrap_or(UNNAMED), sha.short());
    let node = NodeText::Secret(value.to_owned());
    let place = Place::Path(path.to_owned());
    of_strength(leaked, RULE.finding(place, subject, node, headline, consequence(leaked.strength)))
        .with_fix(Fix::text(exposure::rewrite(&format!("rotate {}", it(key)), sha)))
}
