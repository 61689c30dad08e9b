use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, Position, Severity, Span, code};
use crate::project::broker::starts_like_broker;
use crate::project::env::env_files::{is_sealed, is_sealed_value};
use crate::project::env::readers::EnvReaders;
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Line, Quote};

use super::hazard::{self, Hazard};
use super::lines;
use super::reading;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::ENV011,
    page: include_str!("env_parse_hazard.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(env) = lines::read_by_line(context.here, file.path)? else { return Ok(Vec::new()) };
    let hazardous = hazardous_lines(&env);
    let crlf = env.lines().iter().any(|line| line.crlf);
    if hazardous.is_empty() && !env.has_bom() && !crlf {
        return Ok(Vec::new());
    }
    let readers = Readers::of(&*context.head.fact::<EnvReaders>(&())?, file.path);
    let mut findings = Vec::new();
    findings.extend(env.has_bom().then(|| byte_order_mark(file.path, &env, &readers)).flatten());
    findings.extend(crlf.then(|| line_ends(file.path)));
    for (line, assignment, hazard) in hazardous {
        findings.extend(finding(file.path, &env, line, assignment, hazard, &readers));
    }
    Ok(findings)
}

fn hazardous_lines(file: &EnvFile) -> Vec<(&Line, &Assignment, Hazard)> {
    let (for_shell, sealed) = (hazard::is_for_shell(file), is_sealed(file));
    file.lines()
        .iter()
        .filter_map(|line| Some((line, line.assignment()?)))
        .filter(|(line, a)| !line.may_be_rest && !lines::has_holes(file, a))
        .filter(|(_, a)| !(sealed && is_sealed_value(file.key(a), file.value(a))))
        .flat_map(|(line, a)| {
            hazard::hazards(file, a, for_shell).into_iter().map(move |hazard| (line, a, hazard))
        })
        // A name in lower case that is none is a piece of something else.
        .filter(|(line, a, hazard)| {
            *hazard != Hazard::LowerCase || (!sealed && lines::name(file, line, a).is_some())
        })
        .filter(|(_, a, hazard)| !is_said_of_broker_url(file, a, *hazard))
        .collect()
}

/// What stands around a broker's address is CEL005's, unless quotes keep it apart.
fn is_said_of_broker_url(file: &EnvFile, assignment: &Assignment, hazard: Hazard) -> bool {
    let apart = matches!(assignment.quote, Quote::Single | Quote::Double);
    !apart
        && matches!(hazard, Hazard::Comment | Hazard::TrailingSpace | Hazard::Quotes | Hazard::UnquotedSpace)
        && starts_like_broker(file.value(assignment))
}

/// Who reads this file, and who might.
struct Readers {
    used: Vec<EnvReader>,
    strips_comments: bool,
}

impl Readers {
    fn of(known: &EnvReaders, path: &str) -> Self {
        Self { used: known.of(path), strips_comments: known.django_environ_strips_comments }
    }

    /// The readers that trip: of those in use, else of all. With it whether they are in use.
    fn tripping(&self, trips: impl Fn(EnvReader) -> bool) -> (Vec<EnvReader>, bool) {
        let used: Vec<EnvReader> = self.used.iter().copied().filter(|r| trips(*r)).collect();
        if used.is_empty() {
            (EnvReader::ALL.into_iter().filter(|r| trips(*r)).collect(), false)
        } else {
            (used, true)
        }
    }
}

fn finding(
    path: &str,
    file: &EnvFile,
    line: &Line,
    assignment: &Assignment,
    hazard: Hazard,
    readers: &Readers,
) -> Option<Finding> {
    let is_comment = matches!(hazard, Hazard::Comment | Hazard::OnlyComment);
    let (who, used) = readers.tripping(|reader| {
        let told = is_comment && reader == EnvReader::DjangoEnviron && readers.strips_comments;
        !told && hazard::trips(hazard, file, assignment, reader)
    });
    if hazard.needs_reader() && !used {
        return None;
    }
    let node = lines::node(path, file, line, assignment);
    let shown = matches!(node, NodeText::Open(_)).then_some(assignment);
    let fix = hazard::fix(hazard, file, line, assignment).filter(|_| shown.is_some());
    let breaks =
        matches!(hazard, Hazard::Comment | Hazard::OnlyComment | Hazard::SpaceBefore | Hazard::Indented);
    let key = lines::name(file, line, assignment);
    let name = key.map_or_else(|| format!("A line of {}", code(path)), code);
    let subject = key.map_or_else(String::new, |key| format!("{key}: ")) + hazard.as_str();
    let place = lines::place(path, file, line, shown);
    let finding = RULE.finding(place, subject, node, headline(&name, hazard, &who), consequence(hazard));
    Some(
        finding
            .with_severity(if breaks && used { Severity::Error } else { Severity::Warning })
            .with_fix(fix.unwrap_or_else(|| Fix::text(hazard::advice(hazard)))),
    )
}

/// "django-environ and python-decouple", with the verb in its number.
fn subject(readers: &[EnvReader], one: &str, several: &str) -> String {
    let names: Vec<&str> = readers.iter().map(|reader| reader.name()).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => format!("{only} {one}"),
        [first @ .., last] => format!("{} and {last} {several}", first.join(", ")),
    }
}

/// `name`: of the variable, or of what it stands in.
fn headline(name: &str, hazard: Hazard, who: &[EnvReader]) -> String {
    let which = |one, several| match subject(who, one, several) {
        none if none.is_empty() => String::new(),
        some => format!(", which {some}"),
    };
    match hazard {
        Hazard::Comment => {
            format!("{name} has an inline comment{}", which("keeps in the value", "keep in the value"))
        }
        Hazard::OnlyComment => {
            format!("{name} has no value but a comment{}", which("takes for the value", "take for the value"))
        }
        Hazard::SpaceBefore => {
            format!("{name} has a blank before its `=`{}", which("does not read", "do not read"))
        }
        Hazard::Indented => format!("{name} begins with a blank{}", which("does not read", "do not read")),
        Hazard::SpaceAfter => {
            format!("{name} has a blank after its `=`{}", which("keeps in the value", "keep in the value"))
        }
        Hazard::TrailingSpace => {
            format!("{name} ends with blanks{}", which("keeps in the value", "keep in the value"))
        }
        Hazard::Quotes => format!("{name} has a quote that does not close where its value ends"),
        Hazard::SeveralLines => {
            format!("{name} has a value over several lines{}", which("cuts off", "cut off"))
        }
        Hazard::UnquotedSpace => format!("{name} has a value of several words without quotes"),
        Hazard::Export => format!("{name} has the prefix `export`{}", which("does not read", "do not read")),
        Hazard::Colon => {
            format!("{name} has a colon for its `=`{}", which("does not read", "do not read"))
        }
        Hazard::LowerCase => format!("{name} is written in lower case"),
    }
}

fn consequence(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Comment => {
            "The comment becomes part of the value: `env.bool` gives `False` for `True # …`, an integer fails with `ValueError`, a host does not resolve."
        }
        Hazard::OnlyComment => "The setting is not empty there: its value is the text of the comment.",
        Hazard::SpaceBefore | Hazard::Indented => {
            "The line is dropped, and settings stop with `ImproperlyConfigured: Set the … environment variable` or run on a default."
        }
        Hazard::SpaceAfter | Hazard::TrailingSpace => {
            "The blank is part of the value there, and nobody sees it in a log or an error."
        }
        Hazard::Quotes => {
            "Each reader ends the value elsewhere: python-dotenv drops the line, compose refuses the file, django-environ keeps the quote."
        }
        Hazard::SeveralLines => {
            "The value ends there with its first line, keeps the quote, and the lines below are taken for variables."
        }
        Hazard::UnquotedSpace => "A shell that sources the file runs the second word as a command.",
        Hazard::Export => "The variable is missing there, and the setting runs on its default or fails.",
        Hazard::Colon => "Only compose reads such a line; with every other reader the variable is missing.",
        Hazard::LowerCase => {
            "Names of variables are told apart by case: a reader that looks for the upper-case name finds nothing."
        }
    }
}

/// (d)
fn byte_order_mark(path: &str, file: &EnvFile, readers: &Readers) -> Option<Finding> {
    let first = file.lines().first()?;
    let assignment = first.assignment();
    let (who, used) =
        readers.tripping(|reader| matches!(reader, EnvReader::DjangoEnviron | EnvReader::Decouple));
    let used = used && assignment.is_some();
    let at = |column| Position { line: 1, column };
    let span = Span { start: at(1), end: at(2) };
    let headline = format!(
        "{} begins with a byte order mark, which {} for part of the first name",
        code(path),
        subject(&who, "takes", "take")
    );
    Some(
        RULE.finding(
            Place::Head { path: path.to_owned(), span },
            "byte order mark",
            assignment.map_or(NodeText::Open(String::new()), |a| lines::node(path, file, first, a)),
            headline,
            "The first variable is missing there, and the setting runs on its default or fails.",
        )
        .with_severity(if used { Severity::Error } else { Severity::Warning })
        .with_fix(Fix {
            safety: FixSafety::Safe,
            text: "Save the file as UTF-8 without a byte order mark.".to_owned(),
            edits: vec![Edit { span, replacement: String::new() }],
        }),
    )
}

/// (e)
fn line_ends(path: &str) -> Finding {
    RULE.finding(
        Place::Path(path.to_owned()),
        "line ends",
        NodeText::Open("crlf".to_owned()),
        format!("{} has Windows line ends", code(path)),
        "A shell that sources the file gets a carriage return at the end of every value.",
    )
    .with_severity(Severity::Warning)
    .with_fix(Fix::text(format!(
        "Add {} to `.gitattributes` and run `git add --renormalize .`.",
        code(".env* text eol=lf")
    )))
}
