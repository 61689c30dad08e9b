use std::collections::HashSet;

use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, code};
use crate::project::env::readers::EnvReaders;
use crate::project::env::secret;
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Quote, Separator};

use super::lines;
use super::reading;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::ENV012,
    page: include_str!("dollar_in_env_value.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(env) = lines::read_by_line(context.here, file.path)? else { return Ok(Vec::new()) };
    let keys: HashSet<&str> = env.assignments().map(|a| env.key(a)).collect();
    let dollars: Vec<&Assignment> = env.assignments().filter(|a| has_dollar(&env, &keys, a)).collect();
    if dollars.is_empty() {
        return Ok(Vec::new());
    }
    let used = context.head.fact::<EnvReaders>(&())?.of(file.path);
    let found = dollars.into_iter().filter_map(|assignment| {
        let who = who(&env, assignment, &used)?;
        Some(finding(file.path, &env, assignment, who))
    });
    Ok(found.collect())
}

/// Is there a `$` that a reader would take for a reference, and that nobody wrote as one?
fn has_dollar(file: &EnvFile, keys: &HashSet<&str>, assignment: &Assignment) -> bool {
    let quoted = match assignment.quote {
        Quote::None => false,
        Quote::Double => true,
        Quote::Single | Quote::Broken => return false,
    };
    let readable = assignment.separator == Separator::Equals && secret::is_nameable(file.key(assignment));
    readable && !lines::has_holes(file, assignment) && substituted(keys, file.value(assignment), quoted)
}

fn substituted(keys: &HashSet<&str>, value: &str, quoted: bool) -> bool {
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        let escaped = quoted && before.ends_with('\\');
        let next = after.chars().next();
        let reference = next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '$'));
        if reference && !escaped && !is_wanted(keys, after) {
            return true;
        }
        rest = after;
    }
    false
}

/// `${OTHER}` and `$OTHER` where the file sets `OTHER`, what has a default, and what every shell knows.
fn is_wanted(keys: &HashSet<&str>, after: &str) -> bool {
    const KNOWN: [&str; 8] = ["HOME", "PWD", "USER", "UID", "GID", "HOSTNAME", "PATH", "TMPDIR"];
    let braced = after.strip_prefix('{');
    let inner = braced.unwrap_or(after);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, behind) = inner.split_at(end);
    let with_default = braced.is_some() && behind.starts_with([':', '-', '?', '+']) && behind.contains('}');
    let known = braced.is_some()
        && (KNOWN.contains(&name) || name.starts_with("COMPOSE_") || name.starts_with("DOCKER_"));
    !name.is_empty() && (with_default || known || keys.contains(name))
}

/// Who of the readers in use changes the value.
fn who(file: &EnvFile, assignment: &Assignment, used: &[EnvReader]) -> Option<EnvReader> {
    let first = file.value(assignment).starts_with('$');
    let trips = |reader: &EnvReader| match reader {
        EnvReader::Compose => true,
        EnvReader::DjangoEnviron => first,
        EnvReader::PythonDotenv | EnvReader::Decouple | EnvReader::DockerRun => false,
    };
    used.iter().rev().copied().find(trips)
}

fn finding(path: &str, file: &EnvFile, assignment: &Assignment, who: EnvReader) -> Finding {
    let key = file.key(assignment);
    let node = lines::node(path, file, assignment);
    let shown = matches!(node, NodeText::Open(_));
    let place = Place::Head { path: path.to_owned(), span: file.span(&assignment.statement) };
    let how = if assignment.quote == Quote::Double { "a `$` in double quotes" } else { "an unquoted `$`" };
    let (does, consequence) = if who == EnvReader::Compose {
        (
            "which compose substitutes",
            "The container gets another value: `abc$def` arrives as `abc`, `P@$$w0rd` as `P@$w0rd`.",
        )
    } else {
        (
            "which django-environ takes for another variable's name",
            "Settings stop with `ImproperlyConfigured: Set the … environment variable`.",
        )
    };
    RULE.finding(place, key, node, format!("{} holds {how}, {does}", code(key)), consequence).with_fix(
        single_quoted(file, assignment)
            .filter(|_| shown)
            .unwrap_or_else(|| Fix::text("Put the value in single quotes.")),
    )
}

/// The value in single quotes, where it holds neither one nor an escape.
fn single_quoted(file: &EnvFile, assignment: &Assignment) -> Option<Fix> {
    let value = file.value(assignment);
    let quotes = usize::from(assignment.quote == Quote::Double);
    if value.contains(['\'', '\\', '\n']) {
        return None;
    }
    let span = file.span(&(assignment.value.start - quotes..assignment.value.end + quotes));
    Some(Fix {
        safety: FixSafety::Ask,
        text: "Right if the `$` is meant as it stands.".to_owned(),
        edits: vec![Edit { span, replacement: format!("'{value}'") }],
    })
}
