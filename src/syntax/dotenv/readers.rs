//! What the readers of env files make of one assignment. They differ more than anybody expects: see
//! `tests/data/dotenv_lines.json`, computed with the readers themselves.

use std::fmt;

use super::{Assignment, EnvFile, Separator};

/// Who reads an env file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvReader {
    /// django-environ 0.14, `Env.read_env`
    DjangoEnviron,
    /// python-dotenv 1.2; environs and pydantic-settings read through it
    PythonDotenv,
    /// python-decouple 3.8
    Decouple,
    /// Compose v2, both for `env_file:` and for the `.env` beside the compose file
    Compose,
    /// `docker run --env-file`
    DockerRun,
}

impl EnvReader {
    pub const ALL: [Self; 5] =
        [Self::DjangoEnviron, Self::PythonDotenv, Self::Decouple, Self::Compose, Self::DockerRun];

    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::DjangoEnviron => "django-environ",
            Self::PythonDotenv => "python-dotenv",
            Self::Decouple => "python-decouple",
            Self::Compose => "Docker Compose",
            Self::DockerRun => "`docker run --env-file`",
        }
    }
}

/// What a reader gets.
#[derive(Clone, PartialEq, Eq)]
pub enum Reading {
    Value(String),
    /// It does not see this assignment.
    Absent,
    /// It refuses the whole file because of this line.
    Fails,
}

impl Reading {
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Fails => None,
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value(…)",
            Self::Absent => "Absent",
            Self::Fails => "Fails",
        })
    }
}

pub(super) fn read(file: &EnvFile, assignment: &Assignment, reader: EnvReader) -> Reading {
    let line = Parts::of(file, assignment);
    match reader {
        EnvReader::DjangoEnviron => django_environ(&line),
        EnvReader::PythonDotenv => python_dotenv(&line),
        EnvReader::Decouple => decouple(&line),
        EnvReader::Compose => compose(&line),
        EnvReader::DockerRun => docker_run(&line),
    }
}

/// The pieces that decide, as written.
struct Parts<'a> {
    assignment: &'a Assignment,
    /// Right of the separator, to the end of the first physical line.
    first: &'a str,
    /// Right of the separator, to the end of a value over several lines.
    whole: &'a str,
    /// The value without quotes, comment, blanks.
    value: &'a str,
    /// The byte order mark stands right before it.
    behind_bom: bool,
}

impl<'a> Parts<'a> {
    fn of(file: &'a EnvFile, assignment: &'a Assignment) -> Self {
        let whole = file.raw(assignment);
        let first = whole.lines().next().unwrap_or("");
        let value = file.value(assignment);
        let behind_bom = file.has_bom() && assignment.statement.start == '\u{FEFF}'.len_utf8();
        Self { assignment, first, whole, value, behind_bom }
    }

    fn is_equals(&self) -> bool {
        self.assignment.separator == Separator::Equals
    }
}

/// One line, one match of `(?:export )?KEY=(.*)`: no blank before the `=`, every character behind it kept.
fn django_environ(line: &Parts<'_>) -> Reading {
    let assignment = line.assignment;
    let exact = line.is_equals() && !assignment.indented && !assignment.space_before_separator;
    let one_blank =
        !assignment.export || assignment.key.start == assignment.statement.start + "export ".len();
    if !exact || !one_blank || line.behind_bom {
        return Reading::Absent;
    }
    let value = between(line.first, '\'').unwrap_or(line.first);
    Reading::Value(match between(value, '"') {
        Some(inner) => without_backslashes(inner),
        None => value.to_owned(),
    })
}

/// django-environ drops a backslash in double quotes, except before `r`, `n`, `t`.
fn without_backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next)) => {
                if matches!(next, 'r' | 'n' | 't') {
                    out.push('\\');
                }
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn python_dotenv(line: &Parts<'_>) -> Reading {
    if !line.is_equals() || line.assignment.within_quote {
        return Reading::Absent;
    }
    let value = match line.assignment.quote {
        // The first `#` begins no comment: no blank stands before it.
        super::Quote::None if line.first.starts_with('#') => {
            let comment = super::inline_comment(line.first).unwrap_or(line.first.len());
            braces_expanded(line.first.get(..comment).unwrap_or("").trim_end())
        }
        super::Quote::None => braces_expanded(line.value),
        super::Quote::Single => braces_expanded(&unescaped(line.value, "'\\")),
        super::Quote::Double => braces_expanded(&unescaped(line.value, "\\'\"abfnrtv")),
        super::Quote::Broken => return Reading::Absent,
    };
    Reading::Value(value)
}

/// `${NAME}` becomes empty, `${NAME:-default}` its default; `$NAME` stays. It asks for no quotes: single ones do not help.
fn braces_expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(inside.split_once(":-").map_or("", |(_, default)| default));
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn unescaped(text: &str, known: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escape = (c == '\\').then(|| chars.next_if(|next| known.contains(*next))).flatten();
        out.push(escape.map_or(c, escaped));
    }
    out
}

fn escaped(letter: char) -> char {
    match letter {
        'a' => '\u{07}',
        'b' => '\u{08}',
        'f' => '\u{0C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{0B}',
        other => other,
    }
}

/// Splits the line at the first `=`; quotes go only when they are first and last.
fn decouple(line: &Parts<'_>) -> Reading {
    if !line.is_equals() || line.assignment.export || line.behind_bom {
        return Reading::Absent;
    }
    let value = line.first.trim();
    Reading::Value(between(value, '\'').or_else(|| between(value, '"')).unwrap_or(value).to_owned())
}

fn compose(line: &Parts<'_>) -> Reading {
    let whole = line.whole.trim_start_matches([' ', '\t']);
    let value = match whole.as_bytes().first() {
        Some(b'\'') if line.assignment.quote == super::Quote::Single => unescaped(line.value, "'"),
        Some(b'"') if line.assignment.quote == super::Quote::Double => {
            dollars_expanded(&unescaped(&line.value.replace("\\$", "$$"), "abcfnrtv\"\\"))
        }
        Some(b'\'' | b'"') => return Reading::Fails,
        _ => dollars_expanded(whole.split(" #").next().unwrap_or("").trim_end()),
    };
    Reading::Value(value)
}

/// `$NAME` and `${NAME}` become empty, `${NAME:-default}` its default, `$$` becomes `$`; any other `$` stays.
fn dollars_expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(behind) = after.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some((inside, behind)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            let default = inside.split_once(":-").or_else(|| inside.split_once('-'));
            out.push_str(default.map_or("", |(_, default)| default));
            rest = behind;
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// No quotes, no comments: all that stands right of the first `=`. Its scanner takes a CR from the line's end.
fn docker_run(line: &Parts<'_>) -> Reading {
    if line.assignment.export || line.assignment.space_before_separator || !line.is_equals() {
        return Reading::Fails;
    }
    Reading::Value(line.first.to_owned())
}

/// What stands between two equal quotes that are the first and the last character.
fn between(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}
