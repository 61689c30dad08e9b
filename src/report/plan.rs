//! What must be posted, kept, edited or marked fixed. Pure: the same input gives the same plan, and once a plan is
//! carried out and remembered the next one is empty.
//!
//! The review is to be published before the edits: a finding counts as posted as soon as any body of ours names it.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::model::change::Change;
use crate::model::finding::{Fingerprint, Place, Severity};
use crate::model::judgement::{Judgement, Reported};
use crate::model::plan::{
    Anchor, CommentEdit, ForgePosting, NewComment, NewReview, Plan, Posting, PostingKind, Side, body_hash,
};
use crate::model::pull::Capabilities;
use crate::source::anchor;

use super::group::{Group, groups};
use super::known::{Known, known, united};
use super::markdown::{self, Comment};
use super::replacement::{self, LineText, Replacement};
use super::summary::{Summary, small_print};
use super::veil::Veil;
use super::wording::{Links, NoLinks};

/// All that a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    pub judgement: &'a Judgement,
    /// The change that was judged, with its hunks.
    pub change: &'a Change,
    /// What the store remembers.
    pub stored: &'a [Posting],
    /// What stands on the forge now.
    pub present: &'a [ForgePosting],
    pub capabilities: Capabilities,
    pub links: &'a dyn Links,
    /// Name of the branch it is to be merged into.
    pub base_branch: &'a str,
    /// How many inline comments may stand open at a time.
    pub max_comments: usize,
    /// `false` for drafts and for heads older than the installation: what stands is edited, nothing new is posted.
    pub review_wanted: bool,
    /// The head's text of a line without its line end; `None` where it is not known.
    pub line_text: LineText<'a>,
}

impl fmt::Debug for PlanInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanInput").field("head", &self.judgement.head).finish_non_exhaustive()
    }
}

/// The difference between what the forge shows and what it must show.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let desk = Desk::lay(input);
    let review = desk.new_review();
    let edits = desk.edits().into_iter().map(|(_, edit)| edit).collect();
    let newly_removed = desk.known.iter().filter(|k| !k.live && !k.posting.removed);
    Plan { review, edits, removed: newly_removed.map(|k| k.posting.forge_id).collect() }
}

/// What the store is to remember once the plan was carried out: `posted` and `demoted` are the forge's answer to the
/// review (both empty without one), `edited` the edits that it took. Replaces all that was stored.
pub fn remember(
    input: &PlanInput<'_>,
    posted: &[ForgePosting],
    demoted: &[usize],
    edited: &[CommentEdit],
) -> Vec<Posting> {
    let desk = Desk::lay(input);
    let mut postings: Vec<Posting> = desk.known.iter().map(Known::as_remembered).collect();
    for (words, edit) in desk.edits() {
        let taken = edited.iter().any(|e| (e.kind, e.forge_id) == (edit.kind, edit.forge_id));
        let known = postings.iter_mut().find(|p| (p.kind, p.forge_id) == (edit.kind, edit.forge_id));
        if let (true, Some(posting)) = (taken, known) {
            posting.fingerprints = edit.fingerprints;
            posting.fixed = edit.fixed;
            posting.body_hash = words.hash;
            posting.headline = words.headline.unwrap_or(std::mem::take(&mut posting.headline));
        }
    }
    postings.extend(desk.posted(posted, demoted));
    postings
}

/// What a body says, apart from addresses, small print and marker.
struct Words {
    hash: String,
    /// Of an inline comment that reports something.
    headline: Option<String>,
}

/// A comment that is not posted yet.
struct Draft<'a> {
    anchor: Anchor,
    comment: Comment<'a>,
    fingerprints: Vec<Fingerprint>,
}

/// Everything sorted out, before any text is written.
struct Desk<'a> {
    input: &'a PlanInput<'a>,
    veil: Veil<'a>,
    known: Vec<Known>,
    /// By index into `known`: the present findings that an inline comment has to name.
    members: HashMap<usize, HashSet<&'a Fingerprint>>,
    /// By index into `known`: the present findings that a summary has to list.
    rows: HashMap<usize, Vec<&'a Reported>>,
    /// The present findings that the new review has to list; `None`: nothing new.
    new_rows: Option<Vec<&'a Reported>>,
    drafts: Vec<Draft<'a>>,
    /// Findings that no summary explains.
    explained: HashSet<&'a Fingerprint>,
}

impl<'a> Desk<'a> {
    fn lay(input: &'a PlanInput<'a>) -> Self {
        let known = known(input.stored, input.present);
        let mut desk = Self {
            input,
            veil: Veil::of(input.judgement),
            known,
            members: HashMap::new(),
            rows: HashMap::new(),
            new_rows: None,
            drafts: Vec::new(),
            explained: HashSet::new(),
        };
        let review = input.review_wanted
            && desk.findings().any(|r| desk.is_new(r) && r.finding.severity >= Severity::Warning);
        desk.seat_members(review);
        if review {
            desk.drafts = desk.draft_comments();
        }
        desk.seat_rows(review);
        desk.explained = desk.explained();
        desk
    }

    fn findings(&self) -> impl Iterator<Item = &'a Reported> + use<'a> {
        self.input.judgement.findings.iter()
    }

    fn of_kind(&self, kind: PostingKind) -> impl Iterator<Item = (usize, &Known)> {
        self.known.iter().enumerate().filter(move |(_, k)| k.posting.kind == kind)
    }

    fn live(&self, kind: PostingKind) -> impl Iterator<Item = (usize, &Known)> {
        self.of_kind(kind).filter(|(_, k)| k.live)
    }

    /// No posting of ours has ever named it.
    fn is_new(&self, reported: &Reported) -> bool {
        !self.known.iter().any(|k| k.names(&reported.fingerprint))
    }

    /// A person removed its comment.
    fn is_removed(&self, reported: &Reported) -> bool {
        let inline = |k: &Known| k.names(&reported.fingerprint);
        !self.live(PostingKind::Inline).any(|(_, k)| inline(k))
            && self.of_kind(PostingKind::Inline).any(|(_, k)| inline(k))
    }

    /// Each inline comment names its findings, and those that have come to the same group since.
    fn seat_members(&mut self, review: bool) {
        let mut members: HashMap<usize, HashSet<&'a Fingerprint>> = HashMap::new();
        for group in groups(self.findings()) {
            let mut home = None;
            let mut homeless = Vec::new();
            for reported in group.members {
                let homes: Vec<usize> = self
                    .live(PostingKind::Inline)
                    .filter(|(_, k)| k.names(&reported.fingerprint))
                    .map(|(index, _)| index)
                    .collect();
                let may_join = !self.is_removed(reported) && (review || !self.is_new(reported));
                if homes.is_empty() && may_join {
                    homeless.push(&reported.fingerprint);
                }
                home = home.or(homes.first().copied());
                for index in homes {
                    members.entry(index).or_default().insert(&reported.fingerprint);
                }
            }
            if let Some(index) = home {
                members.entry(index).or_default().extend(homeless);
            }
        }
        self.members = members;
    }

    /// Comments for groups of which nobody has read anything yet, most severe first, while there is room.
    fn draft_comments(&self) -> Vec<Draft<'a>> {
        let mut fresh: Vec<Group<'a>> = groups(self.findings())
            .into_iter()
            .filter(|g| g.members.iter().all(|r| self.is_new(r) || self.is_removed(r)))
            .map(|g| Group { members: g.members.into_iter().filter(|r| self.is_new(r)).collect() })
            .filter(|g| g.severity() >= Severity::Warning)
            .collect();
        fresh.sort_by_key(|g| std::cmp::Reverse(g.severity()));
        let room = self.input.max_comments.saturating_sub(self.members.len());
        fresh.into_iter().filter_map(|group| self.draft(group)).take(room).collect()
    }

    fn draft(&self, group: Group<'a>) -> Option<Draft<'a>> {
        let resolve = |r: &&Reported| {
            anchor::resolve(self.input.change, &r.finding.place, self.input.capabilities.multi_line)
        };
        let mut anchor = group.members.iter().find_map(resolve)?;
        let fingerprints = group.members.iter().map(|r| r.fingerprint.clone()).collect();
        let name_lines = group.members.len() > 1;
        let mut comment = self.comment(vec![group], name_lines);
        if let Some(exact) = self.button_anchor(&comment) {
            anchor = exact;
            comment.button = true;
        }
        Some(Draft { anchor, comment, fingerprints })
    }

    /// A lone finding may come with its replacement; several share one text.
    fn comment(&self, groups: Vec<Group<'a>>, name_lines: bool) -> Comment<'a> {
        let lone = match groups.as_slice() {
            [group] if group.members.len() == 1 => group.first(),
            _ => None,
        };
        let replacement = lone.and_then(|f| replacement::of(f, &self.veil, self.input.line_text));
        Comment { groups, name_lines, replacement, button: false }
    }

    /// The lines that a button would replace, when a comment can hang on exactly these and the finding is there.
    fn button_anchor(&self, comment: &Comment<'a>) -> Option<Anchor> {
        let capabilities = self.input.capabilities;
        let Replacement { lines, .. } = comment.replacement.as_ref()?;
        let Place::Head { path, span } = &comment.groups.first()?.first()?.place else { return None };
        let here = lines.start < span.lines().end && span.lines().start < lines.end;
        let one = lines.end - lines.start == 1;
        if !capabilities.suggestions || !here || !(one || capabilities.multi_line) {
            return None;
        }
        let hunks = self.input.change.file_at_head(path)?.hunks.as_deref()?;
        let inside = hunks.iter().any(|h| h.new.start <= lines.start && lines.end <= h.new.end);
        inside.then(|| Anchor {
            path: path.clone(),
            side: Side::Head,
            line: lines.end - 1,
            start_line: (!one).then_some(lines.start),
        })
    }

    /// Each finding is listed by one summary: the one that names it, else the one its comment came with.
    fn seat_rows(&mut self, review: bool) {
        let mut rows: HashMap<usize, Vec<&'a Reported>> = HashMap::new();
        let mut new_rows = Vec::new();
        for reported in self.findings() {
            match (self.summary_of(reported), review) {
                _ if self.is_new(reported) => new_rows.push(reported),
                (Some(index), _) => rows.entry(index).or_default().push(reported),
                (None, true) => new_rows.push(reported),
                (None, false) => {
                    if let Some(index) = self.newest_summary() {
                        rows.entry(index).or_default().push(reported);
                    }
                }
            }
        }
        self.rows = rows;
        self.new_rows = review.then_some(new_rows);
    }

    fn summary_of(&self, reported: &Reported) -> Option<usize> {
        let summaries = || self.live(PostingKind::Summary);
        let named = summaries()
            .filter(|(_, k)| k.names(&reported.fingerprint))
            .max_by_key(|(_, k)| k.posting.review_id);
        let came_with = || {
            let reviews: Vec<u64> = self
                .of_kind(PostingKind::Inline)
                .filter(|(_, k)| k.names(&reported.fingerprint))
                .map(|(_, k)| k.posting.review_id)
                .collect();
            summaries().find(|(_, k)| reviews.contains(&k.posting.review_id))
        };
        named.or_else(came_with).map(|(index, _)| index)
    }

    fn newest_summary(&self) -> Option<usize> {
        self.live(PostingKind::Summary).max_by_key(|(_, k)| k.posting.review_id).map(|(index, _)| index)
    }

    fn explained(&self) -> HashSet<&'a Fingerprint> {
        let drafted: HashSet<&Fingerprint> = self.drafts.iter().flat_map(|d| &d.fingerprints).collect();
        let seated: HashSet<&Fingerprint> = self.members.values().flatten().copied().collect();
        self.findings()
            .filter(|r| {
                drafted.contains(&r.fingerprint) || seated.contains(&r.fingerprint) || self.is_removed(r)
            })
            .map(|r| &r.fingerprint)
            .collect()
    }

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
            groups: groups(rows.iter().copied()),
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
        let seated = |r: &&Reported| self.members.get(&index).is_some_and(|m| m.contains(&r.fingerprint));
        let members: Vec<&Reported> = self.findings().filter(seated).collect();
        let all_seen = posting.fingerprints.iter().all(|f| members.iter().any(|r| r.fingerprint == *f));
        // What was not found because nobody could look is not fixed.
        if self.is_incomplete() && !all_seen && !(posting.fixed && !members.is_empty()) {
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
        // Where the comment hangs by now is not known: the button might replace other lines.
        let body = self.inline_body(&comment, &names);
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
