//! What in a line of an env file its readers take differently.

use crate::model::finding::{Edit, Fix, FixSafety};
use crate::project::env::secret;
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Line, Quote, Reading, Separator};

/// One of them, with its letter on the page of ENV011.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hazard {
    /// (a) `KEY=value # note`
    Comment,
    /// (b) `KEY= # note`
    OnlyComment,
    /// (c) `KEY =value`
    SpaceBefore,
    /// (c) ` KEY=value`
    Indented,
    /// (c) `KEY= value`
    SpaceAfter,
    /// (f) blanks behind the value
    TrailingSpace,
    /// (g) a quote that does not close where the value ends
    Quotes,
    /// (g) a quoted value over several lines
    SeveralLines,
    /// (g) `KEY=two words`
    UnquotedSpace,
    /// (h) `export KEY=value`
    Export,
    /// (h) `KEY: value`
    Colon,
    /// (h) `key=value`
    LowerCase,
}

impl Hazard {
    /// Tells findings of one key apart.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::OnlyComment => "only a comment",
            Self::SpaceBefore => "blank before",
            Self::Indented => "indented",
            Self::SpaceAfter => "blank after",
            Self::TrailingSpace => "blanks at the end",
            Self::Quotes => "quotes",
            Self::SeveralLines => "several lines",
            Self::UnquotedSpace => "words without quotes",
            Self::Export => "export",
            Self::Colon => "colon",
            Self::LowerCase => "lower case",
        }
    }

    /// Is it one only where a reader that minds it is known to be used? To all others it is a way to write.
    pub(super) fn needs_reader(self) -> bool {
        matches!(self, Self::Indented | Self::SeveralLines)
    }
}

/// Names that are written in lower case everywhere.
const LOWER_CASE: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

/// The hazards of one line. `for_shell`: the file is made to be sourced, see [`is_for_shell`].
pub(super) fn hazards(file: &EnvFile, assignment: &Assignment, for_shell: bool) -> Vec<Hazard> {
    let (key, value) = (file.key(assignment), file.value(assignment));
    let is_colon = assignment.separator == Separator::Colon;
    let has_value = !value.is_empty() || assignment.quote != Quote::None;
    let space_after = assignment.raw.start < assignment.separator_bytes.end;
    let only_comment = assignment.comment.is_some() && !has_value;
    let trailing = assignment.comment.is_none() && file.raw(assignment).ends_with([' ', '\t']);
    let all = [
        (Hazard::Comment, assignment.comment.is_some() && has_value),
        (Hazard::OnlyComment, only_comment),
        (Hazard::SpaceBefore, !is_colon && assignment.space_before_separator),
        (Hazard::Indented, !is_colon && assignment.indented && !assignment.space_before_separator),
        (Hazard::SpaceAfter, !is_colon && has_value && space_after && !assignment.space_before_separator),
        (Hazard::TrailingSpace, trailing && (has_value || !is_colon)),
        (Hazard::Quotes, assignment.quote == Quote::Broken),
        (Hazard::SeveralLines, value.contains('\n')),
        (Hazard::UnquotedSpace, assignment.quote == Quote::None && is_words(key, value)),
        (Hazard::Export, assignment.export && !for_shell),
        (Hazard::Colon, is_colon),
        (Hazard::LowerCase, has_value && is_lower_case(key)),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(hazard, _)| hazard).collect()
}

/// Several words that will stay: a placeholder is replaced as a whole.
fn is_words(key: &str, value: &str) -> bool {
    value.contains([' ', '\t']) && !secret::is_placeholder(key, value)
}

/// Every line is exported.
pub(super) fn is_for_shell(file: &EnvFile) -> bool {
    file.assignments().all(|a| a.export)
}

/// A dotted name is a setting of an image (`discovery.type`), which is written as the image wants it.
fn is_lower_case(key: &str) -> bool {
    key.bytes().any(|b| b.is_ascii_lowercase()) && !key.contains('.') && !LOWER_CASE.contains(&key)
}

/// Does this reader get something else than was meant?
pub(super) fn trips(hazard: Hazard, file: &EnvFile, assignment: &Assignment, reader: EnvReader) -> bool {
    let reading = file.read(assignment, reader);
    match hazard {
        Hazard::Comment | Hazard::OnlyComment => {
            let comment = assignment.comment.as_ref().map_or("", |range| file.slice(range)).trim_end();
            reading.value().is_some_and(|value| value.trim_end().ends_with(comment))
        }
        Hazard::SpaceAfter | Hazard::TrailingSpace => reading
            .value()
            .is_some_and(|value| value.starts_with([' ', '\t']) || value.ends_with([' ', '\t'])),
        Hazard::SpaceBefore | Hazard::Indented | Hazard::Quotes | Hazard::Export | Hazard::Colon => {
            matches!(reading, Reading::Absent | Reading::Fails)
        }
        Hazard::SeveralLines => !reading.value().is_some_and(|value| value.contains('\n')),
        Hazard::UnquotedSpace | Hazard::LowerCase => false,
    }
}

/// The exact change that takes the hazard away; `None` where a person has to decide.
pub(super) fn fix(hazard: Hazard, file: &EnvFile, line: &Line, assignment: &Assignment) -> Option<Fix> {
    let edit =
        |bytes, replacement: &str| Edit { span: file.span(&bytes), replacement: replacement.to_owned() };
    let exact = |safety, text: &str, edits| Some(Fix { safety, text: text.to_owned(), edits });
    let raw = file.raw(assignment);
    match hazard {
        // A CR cannot be put into an edit: the new line would end otherwise than its neighbours.
        Hazard::Comment | Hazard::OnlyComment if !line.crlf => {
            let comment = assignment.comment.clone()?;
            let text = file.slice(&comment).trim_end().to_owned();
            let start =
                if hazard == Hazard::OnlyComment { assignment.raw.start } else { value_end(assignment) };
            let above = assignment.statement.start..assignment.statement.start;
            let edits = vec![edit(above, &format!("{text}\n")), edit(start..comment.end, "")];
            let safety = if text.starts_with("# ") { FixSafety::Safe } else { FixSafety::Ask };
            exact(safety, "Right if the `#` begins a comment: it moves to its own line above.", edits)
        }
        Hazard::SpaceBefore | Hazard::SpaceAfter | Hazard::Colon => {
            let edits = vec![edit(assignment.separator_bytes.clone(), "=")];
            exact(FixSafety::Safe, "Write `=` without blanks around it.", edits)
        }
        Hazard::Indented => {
            let blanks = line.bytes.start..assignment.statement.start;
            exact(FixSafety::Safe, "Begin the line with the name.", vec![edit(blanks, "")])
        }
        Hazard::TrailingSpace => {
            let kept = assignment.raw.start + raw.trim_end_matches([' ', '\t']).len();
            exact(FixSafety::Safe, "Remove the blanks at the end.", vec![edit(kept..assignment.raw.end, "")])
        }
        Hazard::UnquotedSpace => {
            let value = file.value(assignment);
            let quote = ['"', '\''].into_iter().find(|q| !value.contains(*q))?;
            if value.contains(['$', '\\', '`']) {
                return None;
            }
            let edits = vec![edit(assignment.value.clone(), &format!("{quote}{value}{quote}"))];
            exact(
                FixSafety::Ask,
                "Right unless `docker run --env-file` reads the file: it keeps the quotes.",
                edits,
            )
        }
        Hazard::Export => {
            let edits = vec![edit(assignment.statement.start..assignment.key.start, "")];
            exact(FixSafety::Ask, "Right unless a shell sources the file.", edits)
        }
        Hazard::Comment | Hazard::OnlyComment | Hazard::Quotes | Hazard::SeveralLines | Hazard::LowerCase => {
            None
        }
    }
}

/// Where the value ends with its closing quote.
fn value_end(assignment: &Assignment) -> usize {
    assignment.value.end + usize::from(matches!(assignment.quote, Quote::Single | Quote::Double))
}

/// The same in words.
pub(super) fn advice(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Comment | Hazard::OnlyComment => "Move the comment to its own line above.",
        Hazard::SpaceBefore | Hazard::SpaceAfter | Hazard::Colon => "Write `=` without blanks around it.",
        Hazard::Indented => "Begin the line with the name.",
        Hazard::TrailingSpace => "Remove the blanks at the end.",
        Hazard::Quotes => {
            "Close the quote where the value ends; a value that holds `\"` stands in single quotes."
        }
        Hazard::SeveralLines => {
            "Write it on one line, with `\\n` for each line end, and put the line ends back where it is read."
        }
        Hazard::UnquotedSpace => "Put the value in quotes.",
        Hazard::Export => "Remove `export`, unless a shell sources the file.",
        Hazard::LowerCase => "Write the name in upper case, here and where it is read.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    fn found(line: &str) -> Vec<Hazard> {
        let file = EnvFile::parse(&Text::new(&format!("{line}\nOTHER=1\n")));
        file.assignments().next().map(|a| hazards(&file, a, false)).unwrap_or_default()
    }

    /// The line with the hazard's exact fix applied, as far as it stays on its line.
    fn fixed(line: &str) -> String {
        let file = EnvFile::parse(&Text::new(line));
        let first = &file.lines()[0];
        let assignment = first.assignment().unwrap();
        let hazard = hazards(&file, assignment, false)[0];
        let mut text: Vec<char> = line.chars().collect();
        for edit in fix(hazard, &file, first, assignment).unwrap().edits.iter().rev() {
            let (from, to) = (edit.span.start.column as usize - 1, edit.span.end.column as usize - 1);
            text.splice(from..to, edit.replacement.chars());
        }
        text.into_iter().collect()
    }

    #[test]
    fn each_hazard_is_known_by_its_line() {
        for (line, hazard) in [
            ("A=b # c", Hazard::Comment),
            ("A='b' # c", Hazard::Comment),
            ("A=   # c", Hazard::OnlyComment),
            ("A=# c", Hazard::OnlyComment),
            ("  A=b", Hazard::Indented),
            ("A =b", Hazard::SpaceBefore),
            ("A = b", Hazard::SpaceBefore),
            ("A= b", Hazard::SpaceAfter),
            ("A= 'b'", Hazard::SpaceAfter),
            ("A=b  ", Hazard::TrailingSpace),
            ("A=\"b\"\t", Hazard::TrailingSpace),
            ("A=  ", Hazard::TrailingSpace),
            ("A=\"b", Hazard::Quotes),
            ("A=\"\"b", Hazard::Quotes),
            ("A=\"b\nc\"", Hazard::SeveralLines),
            ("A=b c", Hazard::UnquotedSpace),
            ("export A=b", Hazard::Export),
            ("A: b", Hazard::Colon),
            ("a_b=c", Hazard::LowerCase),
        ] {
            assert_eq!(found(line), [hazard], "{line:?}");
        }
    }

    #[test]
    fn plain_lines_have_none() {
        for line in [
            "A=b",
            "A=",
            "A=b#c",
            "A=#c",
            "A=\"b # c\"",
            "A='b c'",
            "A=<your key here>",
            "no_proxy=x",
            "discovery.type=one",
            "A=b=c",
        ] {
            assert_eq!(found(line), [], "{line:?}");
        }
    }

    #[test]
    fn the_exact_fix_leaves_one_reading_for_all() {
        for (line, after) in [
            ("A=b # c", "# c\nA=b"),
            ("A=\"b\"\t# c", "# c\nA=\"b\""),
            ("A=   # c", "# c\nA="),
            ("A=# c", "# c\nA="),
            ("\tA=b", "A=b"),
            ("A = b", "A=b"),
            ("A= 'b'", "A='b'"),
            ("A=b  ", "A=b"),
            ("A=b c", "A=\"b c\""),
            ("export A=b", "A=b"),
            ("A: b", "A=b"),
        ] {
            assert_eq!(fixed(line), after, "{line:?}");
            let file = EnvFile::parse(&Text::new(after));
            let assignment = file.get("A").unwrap();
            for reader in
                [EnvReader::DjangoEnviron, EnvReader::PythonDotenv, EnvReader::Decouple, EnvReader::Compose]
            {
                assert_eq!(file.read(assignment, reader).value(), Some(file.value(assignment)), "{after:?}");
            }
        }
    }
}
