//! What the demo prints: the story, then the forge as people see it.

use crate::model::id::Sha;
use crate::model::status::STATUS_NAME;
use crate::standin::gitea::{Repository, Shown};

use super::super::markdown;
use super::sample;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[1;31m";
const RESET: &str = "\u{1b}[0m";

fn paint(colour: bool, code: &str, text: &str) -> String {
    if colour { format!("{code}{text}{RESET}") } else { text.to_owned() }
}

pub(super) fn intro(colour: bool, url: &str) -> String {
    format!(
        "{}\n\nThe server listens on {url}, beside a stand-in Forgejo that holds `{}`.\n\
         A pull request, \"{}\", is open there, and its webhook is on its way.\n\n",
        paint(colour, BOLD, "🐾 Red Panda, from webhook to review"),
        sample::REPOSITORY,
        sample::TITLE,
    )
}

/// The review as it stands on the forge: its summary, the comments in their files, the status.
pub(super) fn review(repository: &Repository, number: u64, head: &Sha, colour: bool) -> String {
    let comments = repository.comments_on(number);
    let mut text = String::new();
    for comment in comments.iter().filter(|c| c.path.is_empty()) {
        text.push_str(&boxed(&format!("{}  ·  review", comment.author), comment, colour));
    }
    for comment in comments.iter().filter(|c| !c.path.is_empty()) {
        let line = if comment.line > 0 { comment.line } else { comment.old_line };
        text.push_str(&boxed(&format!("{}:{line}", comment.path), comment, colour));
    }
    if let Some(status) = repository.status_of(head) {
        let mark = if status.state == "success" { "✓" } else { "✗" };
        let line = format!("{mark} {STATUS_NAME} — {}", status.description);
        text.push_str(&format!(
            "{}\n",
            paint(colour, if status.state == "success" { BOLD } else { RED }, &line)
        ));
        if let Err(refusal) = repository.merge(number) {
            text.push_str(&format!(
                "{}\n\n",
                paint(colour, DIM, &format!("  Merging is refused: {refusal}"))
            ));
        }
        text.push_str(&format!("The run's page: {}\n", status.target_url));
    }
    text
}

pub(super) fn waiting(colour: bool) -> String {
    format!("{}\n", paint(colour, DIM, "It stays up until Ctrl-C."))
}

/// A comment under the place it hangs on.
fn boxed(title: &str, comment: &Shown, colour: bool) -> String {
    let bar = format!("{} ", paint(colour, DIM, "│"));
    format!("{}\n{}\n", paint(colour, BOLD, title), markdown::render(&comment.body, &bar, colour))
}
