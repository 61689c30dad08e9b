//! What is left in scripts of the browser and in templates: `console.log(…)`, `{% debug %}`.

use std::ops::Range;

use crate::model::finding::{Finding, Fix, NodeText, Place, Severity};
use crate::rules::style::length;
use crate::rules::{Context, Found, Reading, Rule, ScopedFile};
use crate::source::Text;
use crate::source::tree::folder;

/// Bytes of a tag that are looked through for its end.
const MAX_TAG: usize = 80;

pub(in crate::rules::style) fn reading(path: &str) -> Reading {
    let for_browsers = folder(path).split('/').any(|part| matches!(part, "static" | "assets"));
    let is_script = path.ends_with(".js") && for_browsers;
    let is_template = path.ends_with(".html");
    length::reading(path).min(Reading::InPassing).min(Reading::InPassing.when(is_script || is_template))
}

pub(in crate::rules::style) fn check(rule: &Rule, context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(text) = context.here.text(file.path)? else { return Ok(Vec::new()) };
    if file.path.ends_with(".html") {
        return Ok(debug_tags(&text).into_iter().map(|at| debug_tag(rule, file.path, &text, at)).collect());
    }
    if length::is_made_elsewhere(file.path, &text) {
        return Ok(Vec::new());
    }
    Ok(console_lines(&text).into_iter().map(|line| console(rule, file.path, &text, line)).collect())
}

/// Lines that begin with `console.log(`, outside of comments.
fn console_lines(text: &Text) -> Vec<u32> {
    let mut in_comment = false;
    let mut found = Vec::new();
    for (number, line) in text.lines() {
        if !in_comment && line.trim_start().starts_with("console.log(") {
            found.push(number);
        }
        let (opened, closed) = (line.rfind("/*"), line.rfind("*/"));
        in_comment = if in_comment {
            closed.is_none() || opened > closed
        } else {
            opened.is_some() && opened > closed
        };
    }
    found
}

fn console(rule: &Rule, path: &str, text: &Text, line: u32) -> Finding {
    let place = Place::Head { path: path.to_owned(), span: text.line_span(line) };
    let node = NodeText::Open(text.line(line).split_whitespace().collect());
    let headline = "`console.log` is left in a script that visitors load";
    let consequence = "Everybody who opens the console reads it, and nobody else does.";
    rule.finding(place, "script", node, headline, consequence)
        .with_severity(Severity::Advice)
        .with_fix(Fix::text("Delete the line."))
}

/// `{% debug %}` outside of comments and of what is shown as it is.
fn debug_tags(text: &Text) -> Vec<Range<usize>> {
    let source = text.as_str();
    let mut closing: Option<&str> = None;
    let mut found = Vec::new();
    for (start, _) in source.match_indices("{%") {
        let behind = source.as_bytes().get(start + 2..).unwrap_or_default();
        // Those that matter are short, and a line may be the whole file.
        let Some(end) = behind.windows(2).take(MAX_TAG).position(|two| two == b"%}") else { continue };
        let words = source.get(start + 2..start + 2 + end).unwrap_or("").trim();
        let tag = words.split_whitespace().next().unwrap_or("");
        match closing {
            Some(wanted) if tag == wanted => closing = None,
            Some(_) => {}
            None if tag == "comment" => closing = Some("endcomment"),
            None if tag == "verbatim" => closing = Some("endverbatim"),
            None if words == "debug" => found.push(start..start + end + 4),
            None => {}
        }
    }
    found
}

fn debug_tag(rule: &Rule, path: &str, text: &Text, at: Range<usize>) -> Finding {
    let place = Place::Head { path: path.to_owned(), span: text.span(at) };
    let headline = "`{% debug %}` is left in a template";
    let consequence = "With `DEBUG` on it prints every variable of the page, with it off nothing.";
    let finding = rule.finding(place, "template", NodeText::Open("debug".to_owned()), headline, consequence);
    finding.with_fix(Fix::text("Delete the tag."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_counts() {
        let script = "/* console.log(1)\nconsole.log(2)\n*/\n  console.log(3)\n// console.log(4)\nx = 'console.log('\n";
        assert_eq!(console_lines(&Text::new(script)), [4]);
        let template = "{% comment %}{% debug %}{% endcomment %}\n{% verbatim %}{% debug %}{% endverbatim %}{%debug%}\n{% debug";
        let found = debug_tags(&Text::new(template));
        assert_eq!(found.iter().map(|at| &template[at.clone()]).collect::<Vec<_>>(), ["{%debug%}"]);
    }
}
