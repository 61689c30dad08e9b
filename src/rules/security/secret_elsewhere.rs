use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::env::secret::{self, Kind};
use crate::project::python::role::is_test;
use crate::rules::{Against, Context, Found, Look, Reading, Rule, ScopedFile};
use crate::source::Text;
use crate::source::tree::{file_name, is_vendored};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC005,
    page: include_str!("secret_elsewhere.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

/// Shorter words are nobody's key.
const SHORTEST: usize = 20;

/// Of what people write: no pictures, no translations, no archives.
fn reading(path: &str) -> Reading {
    const WRITTEN: [&str; 27] = [
        "cfg",
        "conf",
        "env",
        "example",
        "html",
        "ini",
        "ipynb",
        "j2",
        "js",
        "json",
        "jsx",
        "md",
        "properties",
        "py",
        "rst",
        "sh",
        "sql",
        "tf",
        "toml",
        "ts",
        "tsx",
        "txt",
        "vue",
        "xml",
        "yaml",
        "yml",
        "pem",
    ];
    let name = file_name(path);
    let is_written = match name.trim_start_matches('.').rsplit_once('.') {
        Some((_, extension)) => WRITTEN.iter().any(|written| extension.eq_ignore_ascii_case(written)),
        None => name.to_ascii_lowercase().contains("dockerfile") || name.starts_with(".env"),
    };
    Reading::InPassing.when(is_written && !is_vendored(path) && !is_generated(name))
}

/// What tools write: hashes, locks, bundles.
fn is_generated(name: &str) -> bool {
    const ENDS: [&str; 7] = [".lock", "-lock.json", "-lock.yaml", ".min.js", ".min.css", ".map", ".svg"];
    ENDS.iter().any(|end| name.ends_with(end)) || name == "go.sum"
}

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(text) = context.here.text(file.path)? else { return Ok(Vec::new()) };
    let mut found: Vec<Finding> = text
        .lines()
        .filter(|(_, line)| line.len() >= SHORTEST)
        .flat_map(|(number, line)| words(line).filter_map(move |word| Some((number, word, kind_of(word)?))))
        .filter(|(_, _, kind)| !is_sample(file.path, *kind))
        .map(|(number, word, kind)| finding(file.path, &text, number, word, kind))
        .collect();
    found.extend(private_key(file.path, &text));
    Ok(found)
}

/// The parts of a line that may be keys.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.split(move |c| !is_part(c)).filter(|word| word.len() >= SHORTEST)
}

fn kind_of(word: &str) -> Option<Kind> {
    secret::of_provider(word.trim_end_matches('.'))
}

/// Tokens and keys that are made to be tried with: of those that anybody can make, in tests and documentation.
fn is_sample(path: &str, kind: Kind) -> bool {
    matches!(kind.what, "a JWT" | "a private key") && is_for_trying(path)
}

fn is_for_trying(path: &str) -> bool {
    const FOLDERS: [&str; 7] = ["fixtures", "cassettes", "examples", "docs", "doc", "__tests__", "spec"];
    is_test(path)
        || path.split('/').any(|part| FOLDERS.contains(&part) || matches!(part, "tests" | "test"))
        || [".md", ".rst"].iter().any(|end| path.ends_with(end))
}

/// A private key with its body, told at the line that begins it.
fn private_key(path: &str, text: &Text) -> Option<Finding> {
    const MOST_LINES: usize = 80;
    let (number, _) =
        text.lines().find(|(_, line)| line.contains("-----BEGIN") && line.contains("PRIVATE KEY"))?;
    let block: Vec<&str> =
        text.lines().skip(number as usize - 1).take(MOST_LINES).map(|(_, line)| line.trim()).collect();
    let kind = secret::of_provider(&block.join("\n")).filter(|kind| !is_sample(path, *kind))?;
    Some(finding(path, text, number, text.line(number), kind))
}

fn finding(path: &str, text: &Text, number: u32, word: &str, kind: Kind) -> Finding {
    let place = Place::Head { path: path.to_owned(), span: text.line_span(number) };
    let headline = format!("Line {number} of {} looks like {}", code(path), kind.what);
    let consequence = "The push published it: everyone who can fetch may use it until it is rotated, also after a later commit removes it.";
    let finding = RULE.finding(place, kind.what, NodeText::Secret(word.to_owned()), headline, consequence);
    let finding = finding.with_fix(Fix::text("Take it out, rotate it, and pass the new one at run time."));
    if is_for_trying(path) { finding.with_severity(Severity::Warning) } else { finding }
}
