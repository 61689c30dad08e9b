//! Reviews. The forge writes the comments one by one into a draft of ours and then submits it: what a failure leaves
//! in the draft would be published with the next review, so drafts are removed before and after.

use serde_json::{Value, json};

use crate::forge::{ForgeError, PostedReview, Result};
use crate::model::finding::Fingerprint;
use crate::model::marker;
use crate::model::plan::{ForgePosting, NewComment, NewReview, PostingKind, Side};
use crate::model::pull::PullRequest;

use super::api::{Call, LONG, repo};
use super::wire::{Review, ReviewComment, is_by};
use super::{Gitea, of};

/// Longest body of a review or comment that we write, in bytes.
pub(super) const BODY: usize = 60_000;
/// A draft: seen by nobody but us.
pub(super) const PENDING: &str = "PENDING";
/// The event we send and the state it becomes. Any other event, also a misspelt one, makes a draft.
const COMMENT: &str = "COMMENT";

impl Gitea {
    pub(super) async fn write_review(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        let reviews = self.own_reviews(pull).await?;
        if let Some((posted, demoted)) = find(&reviews, review) {
            return self.posted(pull, posted, review, demoted).await;
        }
        for draft in reviews.iter().filter(|r| r.state == PENDING) {
            self.delete_review(pull, draft.id).await?;
        }
        match self.post(pull, review).await {
            Ok(posted) => self.posted(pull, &posted, review, Vec::new()).await,
            Err(ForgeError::Invalid { .. }) if !review.comments.is_empty() => {
                self.write_without_inline(pull, review).await
            }
            Err(fault @ ForgeError::Transient { .. }) => self.reconcile(pull, review, fault).await,
            Err(fault) => Err(fault),
        }
    }

    /// The forge would not take it with its inline comments and does not say which one is at fault.
    async fn write_without_inline(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        let demoted = (0..review.comments.len()).collect();
        let posted = self.post(pull, &with_comments_in_the_body(review)).await?;
        self.posted(pull, &posted, review, demoted).await
    }

    /// A post that broke may have happened all the same. If it did not, what it left behind goes.
    async fn reconcile(
        &self,
        pull: &PullRequest,
        review: &NewReview,
        fault: ForgeError,
    ) -> Result<PostedReview> {
        let reviews = self.own_reviews(pull).await?;
        if let Some((posted, demoted)) = find(&reviews, review) {
            return self.posted(pull, posted, review, demoted).await;
        }
        for draft in reviews.iter().filter(|r| r.state == PENDING) {
            self.delete_review(pull, draft.id).await?;
        }
        Err(fault)
    }

    async fn post(&self, pull: &PullRequest, review: &NewReview) -> Result<Review> {
        let what = of(format!("a review of pull request {}", pull.number), &pull.repository);
        let body = json!({
            "event": COMMENT,
            "commit_id": review.head,
            "body": review.body,
            "comments": review.comments.iter().map(inline).collect::<Vec<_>>(),
        });
        let call = Call::post(what.clone(), reviews_path(pull), body).timeout(LONG);
        let posted: Review = self.api.send(call).await?.json()?;
        if posted.state == COMMENT {
            return Ok(posted);
        }
        self.delete_review(pull, posted.id).await?;
        Err(ForgeError::Invalid {
            what,
            message: "the forge took it for something else than a comment".into(),
        })
    }

    async fn delete_review(&self, pull: &PullRequest, id: u64) -> Result<()> {
        let what = of(format!("our draft under pull request {}", pull.number), &pull.repository);
        super::found(self.api.send(Call::delete(what, format!("{}/{id}", reviews_path(pull)))).await)
            .map(drop)
    }

    /// Reviews of our account, drafts too, oldest first.
    pub(super) async fn own_reviews(&self, pull: &PullRequest) -> Result<Vec<Review>> {
        let what = of(format!("the reviews of pull request {}", pull.number), &pull.repository);
        let call = || Call::get(what.clone(), reviews_path(pull));
        let (mut reviews, _) = self.api.list::<Review>(usize::MAX, call).await?;
        reviews.retain(|r| is_by(r.user.as_ref(), &self.bot));
        Ok(reviews)
    }

    /// What of a review of ours carries our marker: its body, then its inline comments. People's replies stand among
    /// them.
    pub(super) async fn postings_of(&self, pull: &PullRequest, review: &Review) -> Result<Vec<ForgePosting>> {
        let summary = marker::posting(
            PostingKind::Summary,
            review.comment_id().unwrap_or(review.id),
            review.id,
            &review.body,
        );
        let comments =
            if review.comments_count == 0 { Vec::new() } else { self.comments_of(pull, review.id).await? };
        let own = comments.iter().filter(|c| is_by(c.user.as_ref(), &self.bot));
        let inline = own.filter_map(|c| marker::posting(PostingKind::Inline, c.id, review.id, &c.body));
        Ok(summary.into_iter().chain(inline).collect())
    }

    /// Oldest first: the forge gives them file by file in an order of its own. This list has no pages.
    async fn comments_of(&self, pull: &PullRequest, review: u64) -> Result<Vec<ReviewComment>> {
        let what = of(format!("the comments of review {review}"), &pull.repository);
        let call = Call::get(what, format!("{}/{review}/comments", reviews_path(pull)));
        let comments: Option<Vec<Option<ReviewComment>>> = self.api.send(call).await?.json()?;
        let mut comments: Vec<_> = comments.unwrap_or_default().into_iter().flatten().collect();
        comments.sort_by_key(|c| c.id);
        Ok(comments)
    }

    async fn posted(
        &self,
        pull: &PullRequest,
        posted: &Review,
        review: &NewReview,
        demoted: Vec<usize>,
    ) -> Result<PostedReview> {
        let mut postings = self.postings_of(pull, posted).await?;
        let place = |posting: &ForgePosting| {
            let comment = review.comments.iter().position(|c| c.fingerprints == posting.fingerprints);
            (posting.kind == PostingKind::Inline, comment)
        };
        postings.sort_by_key(place);
        Ok(PostedReview { postings, demoted })
    }
}

fn reviews_path(pull: &PullRequest) -> String {
    format!("{}/pulls/{}/reviews", repo(&pull.repository), pull.number)
}

/// The review we are about to post, if it is there already, with the comments that stand in its body. The forge keeps
/// the text a review was posted with, edited or not.
fn find<'a>(posted: &'a [Review], review: &NewReview) -> Option<(&'a Review, Vec<usize>)> {
    let with_body = |body: &str| {
        let ours = |r: &&Review| r.state == COMMENT && r.commit_id == review.head.as_str();
        posted.iter().filter(ours).find(|r| r.body.trim() == body.trim())
    };
    if let Some(found) = with_body(&review.body) {
        return Some((found, Vec::new()));
    }
    let found = with_body(&with_comments_in_the_body(review).body)?;
    Some((found, (0..review.comments.len()).collect()))
}

/// Positions are line numbers of the new or the old file, whatever their name says.
fn inline(comment: &NewComment) -> Value {
    let line = comment.anchor.line;
    let (new, old) = match comment.anchor.side {
        Side::Head => (line, 0),
        Side::Base => (0, line),
    };
    json!({ "path": comment.anchor.path, "body": comment.body, "new_position": new, "old_position": old })
}

/// All in the body, under one marker that names what both said. What is too long for it is only named there.
fn with_comments_in_the_body(review: &NewReview) -> NewReview {
    let mut fingerprints: Vec<Fingerprint> = marker::parse(&review.body).map(|(_, f)| f).unwrap_or_default();
    fingerprints.extend(review.comments.iter().flat_map(|c| c.fingerprints.iter().cloned()));
    let marker = marker::render(PostingKind::Summary, &fingerprints);
    let mut body = marker::strip(&review.body).to_owned();
    for comment in &review.comments {
        let text = marker::strip(&comment.body);
        let (path, line) = (comment.anchor.path.replace('`', "'"), comment.anchor.line);
        let part = format!("\n\n`{path}` line {line}\n\n{text}");
        if body.len() + part.len() + marker.len() + 2 <= BODY {
            body.push_str(&part);
        }
    }
    NewReview { head: review.head.clone(), body: format!("{body}\n\n{marker}"), comments: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Sha;
    use crate::model::plan::Anchor;

    fn review() -> NewReview {
        let fp = |text: &str| Fingerprint(text.repeat(16));
        let anchor = Anchor { path: "a.py".into(), side: Side::Base, line: 7, start_line: None };
        let comment = NewComment {
            anchor,
            body: format!("**It breaks.**\n\n{}", marker::render(PostingKind::Inline, &[fp("b")])),
            fingerprints: vec![fp("b")],
        };
        NewReview {
            head: Sha::parse(&"a".repeat(40)).unwrap(),
            body: format!("### Two\n\n{}", marker::render(PostingKind::Summary, &[fp("a")])),
            comments: vec![comment],
        }
    }

    #[test]
    fn p4_a_position_is_a_line_number_of_its_side() {
        let sent = inline(&review().comments[0]);
        assert_eq!((&sent["old_position"], &sent["new_position"]), (&json!(7), &json!(0)));
    }

    #[test]
    fn a_demoted_comment_keeps_its_words_and_its_fingerprints() {
        let demoted = with_comments_in_the_body(&review());
        assert!(
            demoted
                .body
                .contains("### Two\n\n`a.py` line 7\n\n**It breaks.**\n\n<!-- red-panda:v1 summary fp=aaaa")
        );
        assert_eq!(marker::parse(&demoted.body).unwrap().1.len(), 2);
        assert_eq!(demoted.body.matches("<!--").count(), 1);
        assert!(demoted.comments.is_empty());
    }

    #[test]
    fn a_demoted_comment_that_the_body_has_no_room_for_is_still_named_by_the_marker() {
        let mut review = review();
        review.comments[0].body.insert_str(0, &"long ".repeat(BODY));
        let demoted = with_comments_in_the_body(&review);
        assert!(demoted.body.len() <= BODY);
        assert_eq!(marker::parse(&demoted.body).unwrap().1.len(), 2);
    }
}
