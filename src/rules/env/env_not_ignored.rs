use std::collections::BTreeMap;

use super::reading;
use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, Severity, Span, code};
use crate::project::Project;
use crate::project::env::env_files::{self, Role, is_compose_file};
use crate::project::env::ignore::{Answer, DecidingLine, Ignores};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::snapshot::both;
use crate::source::tree::{file_name, folder, is_vendored, join};
use crate::source::{NotLoaded, Text, Tree};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::ENV002,
    page: include_str!("env_not_ignored.md"),
    against: Against::Nothing,
    looks: &[Look::Change(reading, check)],
};

const GITIGNORE: &str = ".gitignore";

/// How many places of a `.env` are looked at, the highest first.
const MOST_PROBES: usize = 50;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let touched = context.change.files.iter().any(|file| file_name(&file.path) == GITIGNORE);
    let came = |kind: &Kind| context.change.files.iter().filter_map(|f| f.head_path()).any(kind);
    if !touched && !KINDS.iter().any(came) {
        return Ok(Vec::new());
    }
    let (head, base) = both(context.head.tree(), context.merge_base.tree())?;
    let has = |tree: &Tree, kind: &Kind| tree.entries.keys().any(|path| kind(path));
    // Who has neither a Django project nor compose nor a template reads no `.env`.
    let reads_env = head.named("manage.py").next().is_some() || KINDS.iter().any(|kind| has(&head, kind));
    let first = KINDS.iter().any(|kind| came(kind) && !has(&base, kind));
    if !reads_env || !(touched || first) {
        return Ok(Vec::new());
    }
    let had_one = base.contains(GITIGNORE);
    if !head.contains(GITIGNORE) {
        return Ok(if first || had_one { vec![missing()] } else { Vec::new() });
    }
    judge(context, &head, first || !had_one)
}

type Kind = fn(&str) -> bool;

/// With the first file of one of these kinds a repository begins to need a `.env`.
const KINDS: [Kind; 3] = [
    // One deeper down reads the `.env` beside itself.
    |path| is_compose_file(path) && matches!(folder(path), "" | "project"),
    |path| {
        path.ends_with(".py")
            && !is_vendored(path)
            && (file_name(path) == "settings.py" || file_name(folder(path)) == "settings")
    },
    |path| {
        env_files::role(path) == Some(Role::Template)
            && file_name(path).starts_with(".env")
            && !is_vendored(path)
    },
];

/// Where a `.env` will stand: the root, `project/`, and beside each `manage.py`.
fn probes(tree: &Tree) -> Vec<String> {
    let project = tree.under("project").next().map(|_| "project");
    let roots =
        tree.named("manage.py").filter(|path| !is_vendored(path) && !env_files::is_fixture(path)).map(folder);
    let mut probes: Vec<String> =
        std::iter::once("").chain(project).chain(roots).map(|at| join(at, ".env")).collect();
    probes.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    probes.dedup();
    probes.truncate(MOST_PROBES);
    probes
}

/// What Git makes of a path on both sides.
struct Answers {
    path: String,
    now: Answer,
    before: Answer,
}

fn judge(context: &Context<'_>, tree: &Tree, begins: bool) -> Result<Vec<Finding>, NotLoaded> {
    let probes = probes(tree);
    let templates: Vec<String> = probes.iter().map(|probe| format!("{probe}.example")).collect();
    let all: Vec<&str> = probes.iter().chain(&templates).map(String::as_str).collect();
    let at_base: BTreeMap<&str, String> = all.iter().map(|path| (*path, base_of(context, path))).collect();
    let base: Vec<&str> = at_base.values().map(String::as_str).collect();
    let (now, before) = both(context.head.ignores(&all), context.merge_base.ignores(&base))?;
    let answers = |path: &String| {
        let before = before.of(at_base.get(path.as_str())?)?;
        Some(Answers { path: path.clone(), now: now.of(path)?, before })
    };
    // What was not ignored before either is not this change's doing, unless it makes the beginning.
    let newly = |a: &Answers| !a.now.ignored && (begins || a.before.ignored);
    let open: Vec<Answers> = probes.iter().filter_map(answers).filter(newly).collect();
    let mut findings = Vec::new();
    if let [first, others @ ..] = open.as_slice() {
        findings.push(not_ignored(context, &now, first, others)?);
    }
    let hidden = |a: &Answers| a.now.ignored && !a.before.ignored && !tree.contains(&a.path);
    if let Some(hidden) = templates.iter().filter_map(answers).find(hidden) {
        findings.push(template_ignored(context, &now, &hidden)?);
    }
    Ok(findings)
}

/// Where a path was before: a project that moves as a whole takes its `.env` along.
fn base_of(context: &Context<'_>, path: &str) -> String {
    let project = context.change.file_at_head(&join(folder(path), "manage.py"));
    let base = project.and_then(|manage| manage.base_path());
    base.map_or_else(|| path.to_owned(), |manage| join(folder(manage), file_name(path)))
}

fn missing() -> Finding {
    let place = Place::Path(GITIGNORE.to_owned());
    RULE.finding(
        place,
        ".env",
        NodeText::Open("missing".to_owned()),
        "The repository has no `.gitignore`, so `.env` is not ignored",
        "`git add .` takes the first `.env` that somebody fills in, and the next push publishes it.",
    )
    .with_severity(Severity::Warning)
    .with_fix(Fix::text("Add a `.gitignore` with the lines `.env`, `.env.*` and `!.env.example`."))
}

const IGNORE: &[&str] = &[".env", ".env.*", "!.env.example"];

fn not_ignored(
    context: &Context<'_>,
    now: &Ignores,
    first: &Answers,
    others: &[Answers],
) -> Result<Finding, NotLoaded> {
    let mended = now.with(IGNORE);
    let mut open = others.iter().chain([first]);
    let helps = open.all(|a| mended.of(&a.path).is_some_and(|answer| answer.ignored));
    let others = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
    let fix = match (appended(context, IGNORE, helps)?, &first.now.line) {
        (Some(edit), _) => Fix {
            safety: FixSafety::Ask,
            text: "Right if no file named `.env.…` but the example is to be committed.".to_owned(),
            edits: vec![edit],
        },
        (None, Some(line)) => Fix::text(format!(
            "Take out line {} of {}, which lets {} in again.",
            line.number,
            code(&line.file),
            code(&first.path)
        )),
        (None, None) if helps => Fix::text(
            "Save `.gitignore` as UTF-8, since Git reads it byte by byte, and write `.env` into it.",
        ),
        (None, None) => Fix::text("Add the lines `.env`, `.env.*` and `!.env.example` to `.gitignore`."),
    };
    let file = first.now.line.as_ref().map_or(GITIGNORE, |line| line.file.as_str());
    Ok(RULE
        .finding(
            cause(context, first)?,
            first.path.as_str(),
            NodeText::Open("not ignored".to_owned()),
            format!("{} is not ignored by {}{others}", code(&first.path), code(file)),
            "`git add .` takes the first `.env` that somebody fills in, and the next push publishes it.",
        )
        .with_fix(fix))
}

fn template_ignored(context: &Context<'_>, now: &Ignores, hidden: &Answers) -> Result<Finding, NotLoaded> {
    const LET_IN: &[&str] = &["!.env.example"];
    let helps = now.with(LET_IN).of(&hidden.path).is_some_and(|answer| !answer.ignored);
    let fix = appended(context, LET_IN, helps)?.map_or_else(
        || Fix::text(format!("Let it in with a `!` line below the one that ignores {}.", code(&hidden.path))),
        |edit| Fix {
            safety: FixSafety::Safe,
            text: "Add the line `!.env.example` to `.gitignore`.".to_owned(),
            edits: vec![edit],
        },
    );
    let line = hidden.now.line.as_ref();
    let place = match line {
        Some(line) => added_at(context, line)?,
        None => None,
    };
    let file = line.map_or(GITIGNORE, |line| line.file.as_str());
    Ok(RULE
        .finding(
            place.unwrap_or_else(|| Place::Path(file.to_owned())),
            hidden.path.as_str(),
            NodeText::Open("template ignored".to_owned()),
            format!("{} is ignored by {}", code(&hidden.path), code(file)),
            "`git add` leaves it out, so nobody who clones learns which variables there are.",
        )
        .with_severity(Severity::Warning)
        .with_fix(fix))
}

/// The changed line that did it: the `!` line that was added, else what stands now in place of the line that ignored
/// it, else that line where it was taken out, else the last line that the root's file gained.
fn cause(context: &Context<'_>, answers: &Answers) -> Result<Place, NotLoaded> {
    if let Some(line) = &answers.now.line
        && let Some(place) = added_at(context, line)?
    {
        return Ok(place);
    }
    if let Some(line) = answers.before.line.as_ref().filter(|_| answers.before.ignored)
        && let Some(place) = removed_at(context, line)?
    {
        return Ok(place);
    }
    let whole = Place::Path(GITIGNORE.to_owned());
    let last = context
        .change
        .file_at_head(GITIGNORE)
        .and_then(|file| file.hunks.as_deref()?.iter().flat_map(|hunk| &hunk.added).last().copied());
    let (Some(number), Some(text)) = (last, text_of(context.head, GITIGNORE)?) else { return Ok(whole) };
    Ok(Place::Head { path: GITIGNORE.to_owned(), span: text.line_span(number) })
}

/// A line of a `.gitignore` that the change added.
fn added_at(context: &Context<'_>, line: &DecidingLine) -> Result<Option<Place>, NotLoaded> {
    let hunks = context.change.file_at_head(&line.file).and_then(|file| file.hunks.as_deref());
    let added = hunks.unwrap_or(&[]).iter().any(|hunk| hunk.added.contains(&line.number));
    let text = text_of(context.head, &line.file)?.filter(|_| added);
    Ok(text.map(|text| Place::Head { path: line.file.clone(), span: text.line_span(line.number) }))
}

/// A line of a `.gitignore` that the change took out, or what it wrote in its place.
fn removed_at(context: &Context<'_>, line: &DecidingLine) -> Result<Option<Place>, NotLoaded> {
    let changed = context.change.files.iter().find(|file| file.base_path() == Some(&line.file));
    let hunk = changed
        .and_then(|file| file.hunks.as_deref()?.iter().find(|hunk| hunk.removed.contains(&line.number)));
    let (Some(changed), Some(hunk)) = (changed, hunk) else { return Ok(None) };
    let (head, base) = both(text_of(context.head, &changed.path), text_of(context.merge_base, &line.file))?;
    let instead = head.as_ref().and_then(|text| {
        let number = hunk.added.iter().copied().find(|number| text.line(*number).contains("env"))?;
        Some(Place::Head { path: changed.path.clone(), span: text.line_span(number) })
    });
    let gone = base.map(|text| Place::Base { path: line.file.clone(), span: text.line_span(line.number) });
    Ok(instead.or(gone))
}

fn text_of(project: &Project, path: &str) -> Result<Option<Text>, NotLoaded> {
    if project.tree()?.contains(path) { project.text(path) } else { Ok(None) }
}

/// Lines behind the last one of the root's file, where they help.
fn appended(context: &Context<'_>, lines: &[&str], help: bool) -> Result<Option<Edit>, NotLoaded> {
    Ok(context.head.text(GITIGNORE)?.filter(|_| help).map(|text| {
        let last = text.line_count().max(1);
        let end = text.line_span(last).end;
        let start = if text.as_str().is_empty() { "" } else { "\n" };
        Edit { span: Span { start: end, end }, replacement: format!("{start}{}", lines.join("\n")) }
    }))
}
