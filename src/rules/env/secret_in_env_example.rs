use std::collections::BTreeSet;

use super::reading;
use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity, code};
use crate::model::id::Sha;
use crate::project::env::env_files::{self, Role};
use crate::project::env::secret::{self, Kind, Strength};
use crate::rules::{Against, Context, Judging, Look, Rule, ScopedFile};
use crate::source::NotLoaded;
use crate::source::snapshot::both;
use crate::source::tree::file_name;
use crate::syntax::dotenv::{Assignment, EnvFile};

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
    let mut shown: BTreeSet<(String, String)> =
        head.iter().map(|(finding, value)| (finding.subject.clone(), value.clone())).collect();
    let mut findings: Vec<Finding> = head.into_iter().map(|(finding, _)| finding).collect();
    for (key, value, finding) in commits {
        if shown.insert((key, value)) {
            findings.push(finding);
        }
    }
    Ok(findings)
}

/// Findings on the side that is judged, each with its value.
fn here(context: &Context<'_>) -> Result<Vec<(Finding, String)>, NotLoaded> {
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
) -> Result<Vec<(Finding, String)>, NotLoaded> {
    let Some(file) = context.here.env_file(scoped.path)? else { return Ok(Vec::new()) };
    let was_env_file = scoped.changed.previous_path.as_deref().filter(|previous| {
        context.judging == Judging::Head && env_files::role(previous) == Some(Role::EnvFile)
    });
    let written = file.lines().iter().filter_map(|line| line.written());
    let found = written.filter_map(|assignment| {
        let (key, value) = (file.key(assignment), file.value(assignment));
        let leaked = judge(key, value, was_env_file, of_env_files)?;
        Some((finding(scoped.path, &file, assignment, &leaked), value.to_owned()))
    });
    Ok(found.collect())
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
    if !secret::is_nameable(key) {
        return None;
    }
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

fn finding(path: &str, file: &EnvFile, assignment: &Assignment, leaked: &Leaked) -> Finding {
    let key = file.key(assignment);
    let place = Place::Head { path: path.to_owned(), span: file.span(&assignment.key) };
    let node = NodeText::Secret(file.value(assignment).to_owned());
    let headline = format!("{} in {} {}", code(key), code(path), leaked.why);
    of_strength(leaked, RULE.finding(place, key, node, headline, consequence(leaked.strength))).with_fix(
        Fix::text(match leaked.strength {
            Strength::Development => format!("Write {} here.", code("change-me")),
            _ => format!("Write {} here and rotate {}.", code("change-me"), code(key)),
        }),
    )
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

/// Real values that a commit of the change put into a template, with key, value and finding. Those of the merge base
/// are left out.
fn in_commits(context: &Context<'_>) -> Result<Vec<(String, String, Finding)>, NotLoaded> {
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
    let known: BTreeSet<String> = known
        .iter()
        .flatten()
        .flat_map(|f| f.lines().iter().filter_map(|l| l.written()).map(|a| f.value(a).to_owned()))
        .collect();
    let mut found = Vec::new();
    for (path, sha, file) in files.iter().filter_map(|(path, sha, file)| Some((*path, *sha, file.as_ref()?)))
    {
        for assignment in file.lines().iter().filter_map(|line| line.written()) {
            let (key, value) = (file.key(assignment), file.value(assignment));
            let leaked =
                judge(key, value, None, &BTreeSet::new()).filter(|l| l.strength != Strength::Development);
            if let Some(leaked) = leaked.filter(|_| !known.contains(value)) {
                found.push((key.to_owned(), value.to_owned(), committed(path, sha, key, value, &leaked)));
            }
        }
    }
    Ok(found)
}

fn committed(path: &str, sha: &Sha, key: &str, value: &str, leaked: &Leaked) -> Finding {
    let headline = format!("{} in {} at {} {}", code(key), code(path), code(sha.short()), leaked.why);
    let subject = format!("{key} at {}", sha.short());
    let node = NodeText::Secret(value.to_owned());
    of_strength(
        leaked,
        RULE.finding(Place::Path(path.to_owned()), subject, node, headline, consequence(leaked.strength)),
    )
    .with_fix(Fix::text(format!(
        "Treat it as leaked: rotate {}, and squash the branch before it is merged.",
        code(key)
    )))
}
