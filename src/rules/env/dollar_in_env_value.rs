use std::collections::HashSet;

use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, code};
use crate::project::env::env_files::{is_sealed, is_sealed_value};
use crate::project::env::readers::EnvReaders;
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Line, Quote, Separator};

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
    let sealed = is_sealed(&env);
    let assigned = env.lines().iter().filter_map(|line| Some((line, line.assignment()?)));
    let dollars = assigned.filter(|(line, a)| !line.may_be_rest && is_readable(&env, a, sealed));
    let dollars: Vec<_> = dollars
        .filter_map(|(line, a)| Some((line, a, Trips::of(&env, &keys, a).filter(Trips::any)?)))
        .collect();
    if dollars.is_empty() {
        return Ok(Vec::new());
    }
    let used = context.head.fact::<EnvReaders>(&())?.of(file.path);
    let found = dollars.into_iter().filter_map(|(line, assignment, trips)| {
        let who = trips.who(&used)?;
        Some(finding(file.path, &env, line, assignment, who))
    });
    Ok(found.collect())
}

fn is_readable(file: &EnvFile, assignment: &Assignment, sealed: bool) -> bool {
    let sealed = sealed && is_sealed_value(file.key(assignment), file.value(assignment));
    assignment.separator == Separator::Equals && !lines::has_holes(file, assignment) && !sealed
}

/// Who takes a `$` for a reference that nobody wrote as one.
struct Trips {
    compose: bool,
    django_environ: bool,
}

impl Trips {
    fn of(file: &EnvFile, keys: &HashSet<&str>, assignment: &Assignment) -> Option<Self> {
        let value = file.value(assignment);
        let compose = match assignment.quote {
            Quote::None => substituted(keys, value, false),
            Quote::Double => substituted(keys, value, true),
            Quote::Single => false,
            Quote::Broken => return None,
        };
        let reading = file.read(assignment, EnvReader::DjangoEnviron);
        // Quotes are gone when it looks, and all that follows the `$` is the name.
        let name = reading.value().and_then(|value| value.strip_prefix('$'));
        let name = name.map(|rest| rest.trim_start_matches('$'));
        let django_environ = name.is_some_and(|name| !keys.contains(name) && !KNOWN.contains(&name));
        Some(Self { compose, django_environ })
    }

    fn any(&self) -> bool {
        self.compose || self.django_environ
    }

    /// Of the readers in use the one that is worse off: settings that do not start.
    fn who(&self, used: &[EnvReader]) -> Option<EnvReader> {
        let trips = [(EnvReader::DjangoEnviron, self.django_environ), (EnvReader::Compose, self.compose)];
        trips.into_iter().find(|(reader, trips)| *trips && used.contains(reader)).map(|(reader, _)| reader)
    }
}

/// What every shell knows.
const KNOWN: [&str; 8] = ["HOME", "PWD", "USER", "UID", "GID", "HOSTNAME", "PATH", "TMPDIR"];

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
    let braced = after.strip_prefix('{');
    let inner = braced.unwrap_or(after);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, behind) = inner.split_at(end);
    let with_default = braced.is_some() && behind.starts_with([':', '-', '?', '+']) && behind.contains('}');
    let own = braced.is_some() && (name.starts_with("COMPOSE_") || name.starts_with("DOCKER_"));
    !name.is_empty() && (with_default || own || KNOWN.contains(&name) || keys.contains(name))
}

fn finding(path: &str, file: &EnvFile, line: &Line, assignment: &Assignment, who: EnvReader) -> Finding {
    let node = lines::node(path, file, line, assignment);
    let shown = matches!(node, NodeText::Open(_)).then_some(assignment);
    let key = lines::name(file, line, assignment);
    let name = key.map_or_else(|| format!("A value of {}", code(path)), code);
    let how = if assignment.quote == Quote::None { "an unquoted `$`" } else { "a `$` in quotes" };
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
    let fix = match (who, shown) {
        // No quotes keep it from looking.
        (EnvReader::DjangoEnviron, _) => Some(Fix::text(
            "Set `env.escape_proxy = True` where settings read the file, and begin the value with `\\$`.",
        )),
        (_, Some(_)) => single_quoted(file, assignment),
        (_, None) => None,
    };
    RULE.finding(
        lines::place(path, file, line, shown),
        key.unwrap_or("a value"),
        node,
        format!("{name} holds {how}, {does}"),
        consequence,
    )
    .with_fix(fix.unwrap_or_else(|| Fix::text("Put the value in single quotes.")))
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::source::Text;

    #[test]
    fn settings_stop_where_django_environ_said_so() {
        let table: Value =
            serde_json::from_str(include_str!("../../../tests/data/env_dollars.json")).unwrap();
        for row in table["rows"].as_array().unwrap() {
            let value = row["value"].as_str().unwrap();
            let file = EnvFile::parse(&Text::new(&format!("OTHER=other\nKEY={value}\n")));
            let trips = Trips::of(&file, &HashSet::from(["OTHER", "KEY"]), file.get("KEY").unwrap()).unwrap();
            assert_eq!(trips.django_environ, row["django_environ"].is_null(), "{value}");
        }
    }
}
