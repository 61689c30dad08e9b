//! How numbers and addresses are put into words, the same on every face.

use std::fmt::Debug;

use crate::model::catalogue::is_suppressible;
use crate::model::finding::{Place, Severity};
use crate::model::judgement::Judgement;
use crate::model::plan::Side;

use super::escape::{Segment, clean, segments};

/// Addresses for people. What is not known is `None`, and the text stands without a link.
pub trait Links: Debug + Send + Sync {
    /// The page of a rule.
    fn rule(&self, code: &str) -> Option<String>;
    /// A line of a file (or the whole file) on the forge: at head, or at the merge base.
    fn line(&self, side: Side, path: &str, line: Option<u32>) -> Option<String>;
    /// The page of this run.
    fn run(&self) -> Option<String>;
}

/// No address is known.
#[derive(Clone, Copy, Debug)]
pub struct NoLinks;

impl Links for NoLinks {
    fn rule(&self, _: &str) -> Option<String> {
        None
    }

    fn line(&self, _: Side, _: &str, _: Option<u32>) -> Option<String> {
        None
    }

    fn run(&self) -> Option<String> {
        None
    }
}

/// The comment that keeps a finding, in the language of its file. `None` where no comment can.
pub(super) fn suppression(code: &str, place: &Place) -> Option<String> {
    let Place::Head { path, .. } = place else { return None };
    if !is_suppressible(code) {
        return None;
    }
    let template = [".html", ".htm", ".djhtml", ".txt"].iter().any(|end| path.ends_with(end));
    Some(if template {
        format!("{{# red-panda: ignore[{code}] -- why #}}")
    } else {
        format!("# red-panda: ignore[{code}] -- why")
    })
}

/// `1 error`, `2 errors`
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `2 errors, 1 warning`, without what there is none of; empty when there is nothing.
pub(super) fn tally(judgement: &Judgement, with_advice: bool) -> String {
    let kinds = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Advice, "piece of advice", "pieces of advice"),
    ];
    let counts = kinds.into_iter().filter_map(|(severity, one, many)| {
        let number = judgement.count(severity);
        let counts = number > 0 && (with_advice || severity > Severity::Advice);
        counts.then(|| count(number, one, many))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// `4`, `4 and 9`, `4, 9 and 12`
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A sentence of ours without Markdown: code keeps its backticks only where it has a blank in it.
pub(super) fn plain(sentence: &str) -> String {
    let mut text = String::new();
    for segment in segments(sentence) {
        match segment {
            Segment::Code(code) if code.contains(char::is_whitespace) => {
                text.push('`');
                text.push_str(&clean(code));
                text.push('`');
            }
            Segment::Code(code) | Segment::Text(code) => text.push_str(&clean(code)),
        }
    }
    text
}

/// The same without its full stop, for a line that goes on.
pub(super) fn plain_clause(sentence: &str) -> String {
    let text = plain(sentence);
    text.strip_suffix('.').map(str::to_owned).unwrap_or(text)
}

/// At most `longest` characters, cut behind a word where there is one.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let room: String = text.chars().take(longest.saturating_sub(1)).collect();
    let next_is_blank = text[room.len()..].starts_with(' ');
    let word_end = if next_is_blank { room.len() } else { room.rfind(' ').unwrap_or(room.len()) };
    let kept = room[..word_end].trim_end_matches([' ', ',', ';', ':', '·', '.']);
    if longest == 0 { String::new() } else { format!("{kept}…") }
}

/// `trees/models.py:12`, or the path alone.
pub(super) fn spot(place: &Place) -> Option<String> {
    let path = clean(place.path()?);
    Some(place.span().map_or(path.clone(), |span| format!("{path}:{}", span.start.line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_cut_behind_a_word() {
        assert_eq!(cut("password in the broker URL", 100), "password in the broker URL");
        assert_eq!(cut("password in the broker URL", 14), "password in…");
        assert_eq!(cut("password in the broker URL", 12), "password in…");
        assert_eq!(cut("pässwörd", 5), "päss…");
        assert_eq!(cut("password", 0), "");
    }

    #[test]
    fn commands_keep_their_backticks_in_plain_text() {
        let sentence = "`migrate trees 0002` stops with `IrreversibleError`.";
        assert_eq!(plain_clause(sentence), "`migrate trees 0002` stops with IrreversibleError");
    }

    #[test]
    fn secrets_and_whole_files_offer_no_suppression() {
        let span = crate::model::finding::Span::line(1, 3);
        let head = |path: &str| Place::Head { path: path.into(), span };
        assert_eq!(suppression("SEC001", &head("settings.py")), None);
        assert_eq!(suppression("MIG001", &Place::Path("a.py".into())), None);
        assert_eq!(suppression("MIG004", &head("a.py")).unwrap(), "# red-panda: ignore[MIG004] -- why");
        assert_eq!(suppression("TPL001", &head("a.html")).unwrap(), "{# red-panda: ignore[TPL001] -- why #}");
    }
}
