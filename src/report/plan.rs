//! What must be posted, kept, edited or marked fixed. Pure: the same input gives the same plan, and once a plan is
//! carried out and remembered the next one is empty.
//!
//! The review is to be published before the edits: a finding counts as posted as soon as any body of ours names it.

use std::collections::HashSet;

use crate::model::finding::{Fingerprint, Severity};
use crate::model::judgement::Reported;
use crate::model::plan::{
    CommentEdit, ForgePosting, NewComment, NewReview, Plan, Posting, PostingKind, body_hash,
};

use super::comparison::Comparison;
use super::group::{self, Group, groups};
use super::known::{Known, united};
use super::markdown::{self, Comment};
use super::summary::{Summary, small_print};
use super::wording::NoLinks;

pub use super::plan_input::PlanInput;

/// The difference between what the forge shows and what it must show.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let compared = Comparison::of(input);
    let review = compared.new_review();
    Plan { review, edits: compared.edits().into_iter().map(|(_, edit)| edit).collect() }
}

/// What the store is to remember once the plan was carried out: `posted` and `demoted` are the forge's answer to the
/// review (both empty without one), `edited` the edits that it took. Replaces all that was stored.
pub fn remember(
    input: &PlanInput<'_>,
    posted: &[ForgePosting],
    demoted: &[usize],
    edited: &[CommentEdit],
) -> Vec<Posting> {
    let compared = Comparison::of(input);
    let mut postings: Vec<Posting> = compared.known.iter().map(Known::as_remembered).collect();
    for (words, edit) in compared.edits() {
        let taken = edited.iter().any(|e| (e.kind, e.forge_id) == (edit.kind, edit.forge_id));
        let known = postings.iter_mut().find(|p| (p.kind, p.forge_id) == (edit.kind, edit.forge_id));
        if let (true, Some(posting)) = (taken, known) {
            posting.fingerprints = edit.fingerprints;
            posting.fixed = edit.fixed;
            posting.body_hash = words.hash;
            posting.headline = words.headline.unwrap_or(std::mem::take(&mut posting.headline));
        }
    }
    postings.extend(compared.posted(posted, demoted));
    postings
}

/// What a body says, apart from addresses, small print and marker.
struct Words {
    hash: String,
    /// Of an inline comment that reports something.
    headline: Option<String>,
}

impl<'a> Comparison<'a> {
    fn new_review(&self) -> Option<NewReview> {
        let rows = self.new_rows.as_ref()?;
        let later = self.of_kind(PostingKind::Summary).next().is_some();
        let body = self.summary_body(&self.summary(rows, later), &self.new_summary_names(rows));
        let comments = self.drafts.iter().map(|draft| NewComment {
            anchor: draft.anchor.clone(),
            body: self.inline_body(&draft.comment, &draft.fingerprints),
            fingerprints: draft.fingerprints.clone(),
        });
        Some(NewReview { head: self.input.judgement.head.clone(), body, comments: comments.collect() })
    }

    /// A summary names what no comment of its own review names.
    fn new_summary_names(&self, rows: &[&Reported]) -> Vec<Fingerprint> {
        let drafted: HashSet<&Fingerprint> = self.drafts.iter().flat_map(|d| &d.fingerprints).collect();
        rows.iter().map(|r| &r.fingerprint).filter(|f| !drafted.contains(f)).cloned().collect()
    }

    fn summary<'s>(&'s self, rows: &[&'a Reported], later: bool) -> Summary<'s> {
        let judgement = self.input.judgement;
        Summary {
            groups: group::rows(rows.iter().copied(), &self.crowds),
            explained: &self.explained,
            later,
            not_looked_at: &judgement.not_looked_at,
            notes: &[],
            clean: "Nothing left to change here",
        }
    }

    fn summary_body(&self, summary: &Summary<'_>, names: &[Fingerprint]) -> String {
        let budget = self.input.capabilities.body;
        let links = self.input.links;
        let small_print = small_print(self.input.judgement, self.input.base_branch, links, true);
        let room = markdown::room(PostingKind::Summary, names, budget).saturating_sub(small_print.len() + 2);
        let text = format!("{}\n\n{small_print}", summary.text(links, room));
        markdown::body(&text, PostingKind::Summary, names, budget)
    }

    fn summary_hash(&self, summary: &Summary<'_>) -> String {
        body_hash(&summary.text(&NoLinks, self.input.capabilities.body))
    }

    fn inline_body(&self, comment: &Comment<'_>, names: &[Fingerprint]) -> String {
        let budget = self.input.capabilities.body;
        let room = markdown::room(PostingKind::Inline, names, budget);
        markdown::body(&comment.text(self.input.links, room), PostingKind::Inline, names, budget)
    }

    fn inline_words(&self, comment: &Comment<'_>) -> Words {
        let headline = comment.groups.first().and_then(Group::first).map(|f| f.headline.clone());
        Words { hash: body_hash(&comment.text(&NoLinks, self.input.capabilities.body)), headline }
    }

    fn edits(&self) -> Vec<(Words, CommentEdit)> {
        let inline = self
            .live(PostingKind::Inline)
            .filter_map(|(index, known)| self.inline_edit(index, &known.posting));
        let summaries = self
            .live(PostingKind::Summary)
            .filter_map(|(index, known)| self.summary_edit(index, &known.posting));
        inline.chain(summaries).collect()
    }

    fn inline_edit(&self, index: usize, posting: &Posting) -> Option<(Words, CommentEdit)> {
        let assigned = |r: &&Reported| self.members.get(&index).is_some_and(|m| m.contains(&r.fingerprint));
        let members: Vec<&Reported> = self.findings().filter(assigned).collect();
        let all_seen = posting.fingerprints.iter().all(|f| members.iter().any(|r| r.fingerprint == *f));
        // What was not found because nobody could look is not fixed.
        if self.is_incomplete() && !all_seen && (members.is_empty() || !posting.fixed) {
            return None;
        }
        if members.is_empty() {
            return (!posting.fixed).then(|| self.fixed_edit(posting));
        }
        let names = united(&posting.fingerprints, &members);
        let comment = self.comment(groups(members.iter().copied()), names.len() > 1);
        let words = self.inline_words(&comment);
        let with_button = Comment { button: self.button_anchor(&comment).is_some(), ..comment.clone() };
        let unchanged = [&words.hash, &self.inline_words(&with_button).hash].contains(&&posting.body_hash);
        if unchanged && !posting.fixed && names == posting.fingerprints {
            return None;
        }
        // Where a comment hangs by now is not known, and the button might replace other lines. But one that only the
        // forge knows was most likely posted by a run at this head that was stopped.
        let written = if posting.body_hash.is_empty() { &with_button } else { &comment };
        let body = self.inline_body(written, &names);
        Some((words, edit_of(posting, body, names, false)))
    }

    fn fixed_edit(&self, posting: &Posting) -> (Words, CommentEdit) {
        let text = markdown::fixed(&posting.headline, &self.input.judgement.head);
        let names = posting.fingerprints.clone();
        let body = markdown::body(&text, PostingKind::Inline, &names, self.input.capabilities.body);
        (Words { hash: body_hash(&text), headline: None }, edit_of(posting, body, names, true))
    }

    fn summary_edit(&self, index: usize, posting: &Posting) -> Option<(Words, CommentEdit)> {
        if self.is_incomplete() {
            return None;
        }
        let rows = self.rows.get(&index).map(Vec::as_slice).unwrap_or_default();
        let later = self.of_kind(PostingKind::Summary).any(|(_, k)| k.posting.review_id < posting.review_id);
        let summary = self.summary(rows, later);
        let hash = self.summary_hash(&summary);
        let elsewhere = |f: &Fingerprint| {
            self.of_kind(PostingKind::Inline)
                .any(|(_, k)| k.posting.review_id == posting.review_id && k.names(f))
        };
        let unnamed: Vec<&Reported> = rows.iter().copied().filter(|r| !elsewhere(&r.fingerprint)).collect();
        let names = united(&posting.fingerprints, &unnamed);
        if hash == posting.body_hash && names == posting.fingerprints {
            return None;
        }
        let fixed = rows.iter().all(|r| r.finding.severity == Severity::Advice);
        let body = self.summary_body(&summary, &names);
        Some((Words { hash, headline: None }, edit_of(posting, body, names, fixed)))
    }

    fn is_incomplete(&self) -> bool {
        !self.input.judgement.not_looked_at.is_empty()
    }

    /// The new review as the forge took it. What it did not report back is found by its marker at the next run.
    fn posted(&self, posted: &[ForgePosting], demoted: &[usize]) -> Vec<Posting> {
        let Some(rows) = &self.new_rows else { return Vec::new() };
        let later = self.of_kind(PostingKind::Summary).next().is_some();
        let mut summary_names = self.new_summary_names(rows);
        for (index, draft) in self.drafts.iter().enumerate() {
            if demoted.contains(&index) {
                summary_names.extend(draft.fingerprints.iter().cloned());
            }
        }
        let summary = || Words { hash: self.summary_hash(&self.summary(rows, later)), headline: None };
        let inline = |found: &ForgePosting| {
            let draft = self.drafts.iter().find(|d| d.fingerprints == found.fingerprints)?;
            Some((draft.fingerprints.clone(), self.inline_words(&draft.comment)))
        };
        posted
            .iter()
            .filter_map(|found| {
                let (fingerprints, words) = match found.kind {
                    PostingKind::Summary => (summary_names.clone(), summary()),
                    PostingKind::Inline => inline(found)?,
                };
                Some(Posting {
                    kind: found.kind,
                    forge_id: found.forge_id,
                    review_id: found.review_id,
                    fingerprints,
                    headline: words.headline.unwrap_or_default(),
                    body_hash: words.hash,
                    fixed: false,
                    removed: false,
                })
            })
            .collect()
    }
}

fn edit_of(posting: &Posting, body: String, fingerprints: Vec<Fingerprint>, fixed: bool) -> CommentEdit {
    CommentEdit {
        kind: posting.kind,
        forge_id: posting.forge_id,
        review_id: posting.review_id,
        body,
        fingerprints,
        fixed,
    }
}
