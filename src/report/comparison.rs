//! The findings and our postings laid beside each other: which comment names what, which summary lists what, and
//! what nobody has read yet. Everything is sorted out here before any text is written.

use std::collections::{HashMap, HashSet};

use crate::model::finding::{Fingerprint, Place, Severity};
use crate::model::judgement::Reported;
use crate::model::plan::{Anchor, PostingKind, Side};
use crate::source::anchor;

use super::group::{Crowds, Group, Manners, groups};
use super::known::{Known, known};
use super::markdown::Comment;
use super::plan_input::PlanInput;
use super::replacement::{self, Replacement};
use super::secret_lines::SecretLines;

/// A comment that is not posted yet.
pub(super) struct Draft<'a> {
    pub(super) anchor: Anchor,
    pub(super) comment: Comment<'a>,
    pub(super) fingerprints: Vec<Fingerprint>,
}

/// Everything sorted out, before any text is written.
pub(super) struct Comparison<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) secret_lines: SecretLines<'a>,
    pub(super) crowds: Crowds<'a>,
    pub(super) known: Vec<Known>,
    /// By index into `known`: the present findings that an inline comment has to name.
    pub(super) members: HashMap<usize, HashSet<&'a Fingerprint>>,
    /// By index into `known`: the present findings that a summary has to list.
    pub(super) rows: HashMap<usize, Vec<&'a Reported>>,
    /// The present findings that the new review has to list; `None`: nothing new.
    pub(super) new_rows: Option<Vec<&'a Reported>>,
    pub(super) drafts: Vec<Draft<'a>>,
    /// Findings that no summary explains.
    pub(super) explained: HashSet<&'a Fingerprint>,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(input: &'a PlanInput<'a>) -> Self {
        let known = known(input.stored, input.present);
        let mut compared = Self {
            input,
            secret_lines: SecretLines::of(input.judgement),
            crowds: Crowds::of(&input.judgement.findings),
            known,
            members: HashMap::new(),
            rows: HashMap::new(),
            new_rows: None,
            drafts: Vec::new(),
            explained: HashSet::new(),
        };
        let review = input.review_wanted
            && compared.findings().any(|r| compared.is_new(r) && r.finding.severity >= Severity::Warning);
        compared.assign_members(review);
        if review {
            compared.drafts = compared.draft_comments();
        }
        compared.assign_rows(review);
        compared.explained = compared.explained();
        compared
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &'a Reported> + use<'a> {
        self.input.judgement.findings.iter()
    }

    pub(super) fn of_kind(&self, kind: PostingKind) -> impl Iterator<Item = (usize, &Known)> {
        self.known.iter().enumerate().filter(move |(_, k)| k.posting.kind == kind)
    }

    pub(super) fn live(&self, kind: PostingKind) -> impl Iterator<Item = (usize, &Known)> {
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
    fn assign_members(&mut self, review: bool) {
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
            .map(|g| Group { members: g.members.into_iter().filter(|r| self.is_new(r)).collect(), ..g })
            .filter(|g| g.severity() >= Severity::Warning)
            .filter(|g| !g.first().is_some_and(|first| self.crowds.hold(first)))
            .collect();
        fresh.sort_by_key(|g| std::cmp::Reverse(g.severity()));
        let mut manners = self.manners();
        fresh.retain(|group| manners.let_speak(group));
        let room = self.input.max_comments.saturating_sub(self.members.len());
        fresh.into_iter().filter_map(|group| self.draft(group)).take(room).collect()
    }

    /// What the comments that stand have said already.
    fn manners(&self) -> Manners<'a> {
        let named: HashSet<&Fingerprint> = self.members.values().flatten().copied().collect();
        let mut manners = Manners::default();
        for group in groups(self.findings().filter(|r| named.contains(&r.fingerprint))) {
            manners.let_speak(&group);
        }
        manners
    }

    fn draft(&self, group: Group<'a>) -> Option<Draft<'a>> {
        let resolve = |r: &&Reported| {
            anchor::resolve(self.input.change, &r.finding, self.input.capabilities.multi_line)
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
    pub(super) fn comment(&self, groups: Vec<Group<'a>>, name_lines: bool) -> Comment<'a> {
        let lone = match groups.as_slice() {
            [group] if group.members.len() == 1 => group.first(),
            _ => None,
        };
        let replacement = lone.and_then(|f| replacement::of(f, &self.secret_lines, self.input.line_text));
        Comment { groups, name_lines, replacement, button: false }
    }

    /// The lines that a button would replace, when a comment can hang on exactly these and the finding is there.
    pub(super) fn button_anchor(&self, comment: &Comment<'a>) -> Option<Anchor> {
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
    fn assign_rows(&mut self, review: bool) {
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
        let assigned: HashSet<&Fingerprint> = self.members.values().flatten().copied().collect();
        self.findings()
            .filter(|r| {
                drafted.contains(&r.fingerprint) || assigned.contains(&r.fingerprint) || self.is_removed(r)
            })
            .map(|r| &r.fingerprint)
            .collect()
    }
}
