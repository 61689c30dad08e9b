//! What stands around a broker URL and does not belong to it.

use crate::model::finding::Severity;
use crate::rules::celery::holes::Unit;

use super::address::Host;
use super::fault::{Artefact, Kind, UrlReading};
use super::scheme::scheme_end;

/// Takes off what does not belong to the URL: blanks, line ends, quotes, a comment.
pub(super) fn trim<'a>(value: &'a [Unit], reading: &mut UrlReading) -> &'a [Unit] {
    let blank = |unit: &Unit| unit.char().is_some_and(|c| c.is_whitespace() || c.is_control());
    let mut rest = value;
    if let Some(end) = comment_start(rest) {
        reading.add(Kind::Artefact(Artefact::Comment), Severity::Error);
        rest = &rest[..end];
    }
    while let [head @ .., last] = rest
        && blank(last)
    {
        let line_end = matches!(last.char(), Some('\r' | '\n'));
        let artefact = if line_end { Artefact::LineEnd } else { Artefact::TrailingSpace };
        reading.add(Kind::Artefact(artefact), Severity::Error);
        rest = head;
    }
    while let [first, tail @ ..] = rest
        && blank(first)
    {
        reading.add(Kind::Artefact(Artefact::LeadingSpace), Severity::Error);
        rest = tail;
    }
    let quoted = |rest: &[Unit], quote: char| rest.len() > 1 && rest[0].is(quote);
    if let Some(quote) = ['"', '\''].into_iter().find(|quote| quoted(rest, *quote)) {
        reading.add(Kind::Artefact(Artefact::Quotes), Severity::Error);
        rest = &rest[1..];
        if let [head @ .., last] = rest
            && last.is(quote)
        {
            rest = head;
        }
    }
    rest
}

/// Where a comment's blanks begin: a blank and `#` behind a complete address.
fn comment_start(value: &[Unit]) -> Option<usize> {
    let blank = |unit: &Unit| unit.is(' ') || unit.is('\t');
    let hash = (1..value.len()).find(|at| value[*at].is('#') && blank(&value[at - 1]))?;
    let start = value[..hash].iter().rposition(|unit| !blank(unit))? + 1;
    let (before, behind) = (&value[..start], &value[hash..]);
    let complete = match before.iter().rposition(|unit| unit.is('@')) {
        Some(at) => Host::shape(&before[at + 1..]) != Host::None,
        // A comment may hold an `@` of its own.
        None => {
            let host = scheme_end(before).map_or(Host::None, |end| Host::shape(&before[end + 3..]));
            !matches!(host, Host::None | Host::Empty) || !behind.iter().any(|unit| unit.is('@'))
        }
    };
    complete.then_some(start)
}
