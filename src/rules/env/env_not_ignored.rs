use super::reading;
use crate::model::catalogue;
use crate::model::change::FileStatus;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, Severity, Span, code};
use crate::project::Project;
use crate::project::env::env_files::{self, Role, is_compose_file};
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
    probes.sort();
    probes.dedup();
    probes
}

fn judge(context: &Context<'_>, tree: &Tree, begins: bool) -> Result<Vec<Finding>, NotLoaded> {
    let probes = probes(tree);
    let templates: Vec<String> = probes.iter().map(|probe| format!("{probe}.example")).collect();
    let all: Vec<&str> = probes.iter().chain(&templates).map(String::as_str).collect();
    let (now, before) = both(context.head.ignores(&all), context.merge_base.ignores(&all))?;
    // What was not ignored before either is not this change's doing, unless it makes the beginning.
    let newly = |probe: &&str| !now.ignores(probe) && (begins || before.ignores(probe));
    let open: Vec<&str> = probes.iter().map(String::as_str).filter(newly).collect();
    let mut findings = Vec::new();
    if let [first, others @ ..] = open.as_slice() {
        findings.push(not_ignored(context, first, others.len())?);
    }
    let hidden =
        templates.iter().find(|path| now.ignores(path) && !before.ignores(path) && !tree.contains(path));
    if let Some(hidden) = hidden {
        findings.push(template_ignored(context, hidden)?);
    }
    Ok(findings)
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

fn not_ignored(context: &Context<'_>, first: &str, others: usize) -> Result<Finding, NotLoaded> {
    let text = context.head.text(GITIGNORE)?;
    let others = if others == 0 { String::new() } else { format!(" (and {others} more)") };
    let fix = text.as_ref().filter(|text| !text.as_str().contains(".env")).map_or_else(
        || {
            Fix::text(
                "Add the lines `.env`, `.env.*` and `!.env.example` to `.gitignore`, below every `!.env`.",
            )
        },
        |text| Fix {
            safety: FixSafety::Ask,
            text: "Right if no file named `.env.…` but the example is to be committed.".to_owned(),
            edits: vec![append(text, &[".env", ".env.*", "!.env.example"])],
        },
    );
    Ok(RULE
        .finding(
            cause(context, text.as_ref())?,
            first,
            NodeText::Open("not ignored".to_owned()),
            format!("{} is not ignored by `.gitignore`{others}", code(first)),
            "`git add .` takes the first `.env` that somebody fills in, and the next push publishes it.",
        )
        .with_fix(fix))
}

fn template_ignored(context: &Context<'_>, path: &str) -> Result<Finding, NotLoaded> {
    let text = context.head.text(GITIGNORE)?;
    let fix = text.as_ref().map_or_else(
        || Fix::text("Add the line `!.env.example` to `.gitignore`."),
        |text| Fix {
            safety: FixSafety::Safe,
            text: "Add the line `!.env.example` to `.gitignore`.".to_owned(),
            edits: vec![append(text, &["!.env.example"])],
        },
    );
    let line = text
        .as_ref()
        .and_then(|text| added_line(context, text, |line| line.contains("env") || line.starts_with('*')));
    let place = line.map_or_else(
        || Place::Path(GITIGNORE.to_owned()),
        |span| Place::Head { path: GITIGNORE.to_owned(), span },
    );
    Ok(RULE
        .finding(
            place,
            path,
            NodeText::Open("template ignored".to_owned()),
            format!("{} is ignored by `.gitignore`", code(path)),
            "`git add` leaves it out, so nobody who clones learns which variables there are.",
        )
        .with_severity(Severity::Warning)
        .with_fix(fix))
}

/// The changed line that did it: a `!.env` that was added, else a `.env` that was removed, else the file's last added line.
fn cause(context: &Context<'_>, text: Option<&Text>) -> Result<Place, NotLoaded> {
    let whole = Place::Path(GITIGNORE.to_owned());
    let Some(text) = text else { return Ok(whole) };
    let head = |span| Place::Head { path: GITIGNORE.to_owned(), span };
    if let Some(span) = added_line(context, text, |line| line.starts_with('!') && line.contains("env")) {
        return Ok(head(span));
    }
    let changed =
        context.change.files.iter().find(|f| f.path == GITIGNORE && f.status == FileStatus::Modified);
    if let (Some(changed), Some(before)) = (changed, text_of(context.merge_base)?) {
        let removed = changed.hunks.iter().flatten().flat_map(|hunk| &hunk.removed);
        let line = removed.copied().find(|line| before.line(*line).contains("env"));
        if let Some(line) = line {
            return Ok(Place::Base { path: GITIGNORE.to_owned(), span: before.line_span(line) });
        }
    }
    Ok(added_line(context, text, |_| true).map_or(whole, head))
}

fn text_of(project: &Project) -> Result<Option<Text>, NotLoaded> {
    if project.tree()?.contains(GITIGNORE) { project.text(GITIGNORE) } else { Ok(None) }
}

/// The last line of the root's `.gitignore` that the change added and that fits.
fn added_line(context: &Context<'_>, text: &Text, fits: impl Fn(&str) -> bool) -> Option<Span> {
    let changed = context.change.file_at_head(GITIGNORE)?;
    let added = changed.hunks.as_deref()?.iter().flat_map(|hunk| &hunk.added);
    added.rev().copied().find(|line| fits(text.line(*line))).map(|line| text.line_span(line))
}

/// Lines behind the file's last one.
fn append(text: &Text, lines: &[&str]) -> Edit {
    let last = text.line_count().max(1);
    let end = text.line_span(last).end;
    let start = if text.as_str().is_empty() { "" } else { "\n" };
    Edit { span: Span { start: end, end }, replacement: format!("{start}{}", lines.join("\n")) }
}
