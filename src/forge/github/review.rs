//! Posting a review. GitHub takes all of it or nothing, and does not say which comment it would not take.

use std::collections::VecDeque;

use http::Method;
use serde_json::{Value, json};

use super::GitHub;
use super::http::{Ask, invalid};
use super::pulls::pull_path;
use super::wire::{Created, RestComment};
use super::{answer, path};
use crate::forge::{ForgeError, PostedReview, Result};
use crate::model::finding::Fingerprint;
use crate::model::marker;
use crate::model::plan::{CommentEdit, ForgePosting, NewComment, NewReview, PostingKind, Side};
use crate::model::pull::PullRequest;

/// Longest body of a review or comment, in bytes.
pub(super) const BODY: usize = 65_000;

impl GitHub {
    pub(super) async fn post_review(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        let all: Vec<usize> = (0..review.comments.len()).collect();
        match self.send_review(pull, review, &all).await {
            Ok(id) => self.posted(pull, review, id, Vec::new()).await,
            Err(ForgeError::Invalid { .. }) => self.post_what_is_taken(pull, review).await,
            Err(error @ ForgeError::Transient { .. }) => self.posted_after_all(pull, review, error).await,
            Err(error) => Err(error),
        }
    }

    /// One request: the review with these of its comments, visible at once; the others in its body.
    async fn send_review(&self, pull: &PullRequest, review: &NewReview, inline: &[usize]) -> Result<u64> {
        let comments: Vec<Value> =
            inline.iter().filter_map(|i| review.comments.get(*i)).map(comment).collect();
        let demoted = demoted(review, inline);
        let body = json!({
            "commit_id": review.head, "event": "COMMENT", "comments": comments,
            "body": self.body_with(pull, review, &demoted),
        });
        self.create_review(pull, body).await
    }

    async fn create_review(&self, pull: &PullRequest, body: Value) -> Result<u64> {
        let installation = self.installation(&pull.repository).await?;
        let ask = Ask::send(Method::POST, format!("{}/reviews", pull_path(pull)), body, "the review");
        Ok(self.http.json::<Created>(installation, &ask).await?.id)
    }

    /// After a refusal: was it a moved head, a draft that a crash left, or single comments?
    async fn post_what_is_taken(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        let head = self.rest_standing(pull).await?.head;
        if head != review.head {
            let message = format!("the head moved from {} to {}", review.head.short(), head.short());
            return Err(answer::transient("the review", message));
        }
        self.remove_drafts(pull).await?;
        let taken = self.probe(pull, review).await?;
        let (id, inline) = match self.send_review(pull, review, &taken).await {
            Ok(id) => (id, taken),
            Err(ForgeError::Invalid { .. }) if !taken.is_empty() => {
                (self.send_review(pull, review, &[]).await?, Vec::new())
            }
            Err(error @ ForgeError::Transient { .. }) => {
                return self.posted_after_all(pull, review, error).await;
            }
            Err(error) => return Err(error),
        };
        self.posted(pull, review, id, demoted(review, &inline)).await
    }

    /// Which comments GitHub takes: halves are tried as drafts, which nobody is told of, down to single comments.
    async fn probe(&self, pull: &PullRequest, review: &NewReview) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..review.comments.len()).collect();
        let (mut taken, mut waiting) = (Vec::new(), VecDeque::from([all]));
        while let Some(some) = waiting.pop_front() {
            if some.is_empty() {
                continue;
            }
            let comments: Vec<Value> =
                some.iter().filter_map(|i| review.comments.get(*i)).map(comment).collect();
            match self.create_review(pull, json!({"commit_id": review.head, "comments": comments})).await {
                Ok(draft) => {
                    self.remove_draft(pull, draft).await?;
                    taken.extend(some);
                }
                Err(ForgeError::Invalid { .. }) if some.len() > 1 => {
                    let (left, right) = some.split_at(some.len() / 2);
                    waiting.extend([left.to_vec(), right.to_vec()]);
                }
                Err(ForgeError::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        taken.sort_unstable();
        Ok(taken)
    }

    /// While a draft of ours is open GitHub takes no other review.
    async fn remove_drafts(&self, pull: &PullRequest) -> Result<()> {
        for review in self.rest_reviews(pull).await? {
            if review.state == "PENDING" && self.is_author(review.user.as_ref()) {
                self.remove_draft(pull, review.id).await?;
            }
        }
        Ok(())
    }

    async fn remove_draft(&self, pull: &PullRequest, id: u64) -> Result<()> {
        let installation = self.installation(&pull.repository).await?;
        let mut ask = Ask::get(format!("{}/reviews/{id}", pull_path(pull)), "a draft review");
        ask.method = Method::DELETE;
        match self.http.send(installation, &ask).await {
            Ok(_) | Err(ForgeError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// After a 5xx or a timeout: a review of ours at this head that reports the same is the one just sent.
    async fn posted_after_all(
        &self,
        pull: &PullRequest,
        review: &NewReview,
        error: ForgeError,
    ) -> Result<PostedReview> {
        let Ok(reviews) = self.rest_reviews(pull).await else { return Err(error) };
        let candidates = reviews.iter().rev().filter(|r| {
            let same_head = r.commit_id.as_deref() == Some(review.head.as_str());
            same_head && r.state != "PENDING" && self.is_author(r.user.as_ref())
        });
        for found in candidates {
            let Ok(comments) = self.comments_of(pull, found.id).await else { return Err(error) };
            let mut there = fingerprints(comments.iter().map(|c| c.body.as_str()));
            there.extend(fingerprints(found.body.as_deref()));
            let mut sent = fingerprints(review.comments.iter().map(|c| c.body.as_str()));
            sent.extend(fingerprints([review.body.as_str()]));
            there.sort();
            sent.sort();
            if marker::parse(found.body.as_deref().unwrap_or("")).is_some() && there == sent {
                let inline = postings(review, found.id, &comments);
                let demoted =
                    (0..review.comments.len()).filter(|i| !inline.iter().any(|(j, _)| j == i)).collect();
                return Ok(self.assemble(review, found.id, inline, demoted));
            }
        }
        Err(error)
    }

    async fn comments_of(&self, pull: &PullRequest, review: u64) -> Result<Vec<RestComment>> {
        let address = format!("{}/reviews/{review}/comments?per_page=100", pull_path(pull));
        self.rest_comments(pull, Ask::get(address, "the comments of the review")).await
    }

    /// Reads the comments' ids back: the answer to the review does not name them.
    async fn posted(
        &self,
        pull: &PullRequest,
        review: &NewReview,
        id: u64,
        demoted: Vec<usize>,
    ) -> Result<PostedReview> {
        let inline = if demoted.len() == review.comments.len() {
            Vec::new()
        } else {
            postings(review, id, &self.comments_of(pull, id).await?)
        };
        Ok(self.assemble(review, id, inline, demoted))
    }

    fn assemble(
        &self,
        review: &NewReview,
        id: u64,
        inline: Vec<(usize, ForgePosting)>,
        demoted: Vec<usize>,
    ) -> PostedReview {
        let fingerprints = summary_fingerprints(review, &demoted);
        let summary = ForgePosting { kind: PostingKind::Summary, forge_id: id, review_id: id, fingerprints };
        let postings = std::iter::once(summary).chain(inline.into_iter().map(|(_, p)| p)).collect();
        PostedReview { postings, demoted }
    }

    /// The body with the demoted comments below it, each under a link to its line, and one marker for all.
    fn body_with(&self, pull: &PullRequest, review: &NewReview, demoted: &[usize]) -> String {
        if demoted.is_empty() {
            return review.body.clone();
        }
        let marker = marker::render(PostingKind::Summary, &summary_fingerprints(review, demoted));
        let mut body = marker::strip(&review.body).to_owned();
        for comment in demoted.iter().filter_map(|i| review.comments.get(*i)) {
            let anchor = &comment.anchor;
            // A removed line has no line at head: the link leads to the file.
            let line = (anchor.side == Side::Head).then_some(anchor.line);
            let url = path::line(&self.web, &pull.repository, &review.head, &anchor.path, line);
            let name = crate::model::finding::code(&format!("{}:{}", anchor.path, anchor.line));
            let part = format!("\n\n[{name}]({url})\n\n{}", marker::strip(&comment.body));
            if body.len() + part.len() + marker.len() + 2 <= BODY {
                body.push_str(&part);
            }
        }
        format!("{body}\n\n{marker}")
    }

    pub(super) async fn edit(&self, pull: &PullRequest, edit: &CommentEdit) -> Result<()> {
        let installation = self.installation(&pull.repository).await?;
        let (method, path) = match edit.kind {
            PostingKind::Summary => (Method::PUT, format!("{}/reviews/{}", pull_path(pull), edit.forge_id)),
            PostingKind::Inline => {
                let home = path::repository(&pull.repository);
                (Method::PATCH, format!("{home}/pulls/comments/{}", edit.forge_id))
            }
        };
        let ask = Ask::send(method, path, json!({"body": edit.body}), "the comment");
        self.http.send(installation, &ask).await.map(drop)
    }
}

fn comment(comment: &NewComment) -> Value {
    let anchor = &comment.anchor;
    let side = match anchor.side {
        Side::Base => "LEFT",
        Side::Head => "RIGHT",
    };
    let mut wire = json!({"path": anchor.path, "line": anchor.line, "side": side, "body": comment.body});
    // A start that is not before the end is a 422 for the whole review.
    if let Some(start) = anchor.start_line.filter(|start| *start < anchor.line) {
        wire["start_line"] = json!(start);
        wire["start_side"] = json!(side);
    }
    wire
}

fn demoted(review: &NewReview, inline: &[usize]) -> Vec<usize> {
    (0..review.comments.len()).filter(|i| !inline.contains(i)).collect()
}

/// The comments read back, by which of ours each is.
fn postings(review: &NewReview, id: u64, comments: &[RestComment]) -> Vec<(usize, ForgePosting)> {
    let mut free: Vec<&RestComment> = comments.iter().collect();
    let mut found = Vec::new();
    for (i, sent) in review.comments.iter().enumerate() {
        let same = |c: &&RestComment| marker::parse(&c.body).is_some_and(|(_, f)| f == sent.fingerprints);
        if let Some(at) = free.iter().position(same) {
            let comment = free.remove(at);
            found.extend(marker::posting(PostingKind::Inline, comment.id, id, &comment.body).map(|p| (i, p)));
        }
    }
    found
}

fn summary_fingerprints(review: &NewReview, demoted: &[usize]) -> Vec<Fingerprint> {
    let mut all = fingerprints([review.body.as_str()]);
    for comment in demoted.iter().filter_map(|i| review.comments.get(*i)) {
        all.extend(comment.fingerprints.iter().filter(|f| !all.contains(f)).cloned().collect::<Vec<_>>());
    }
    all
}

fn fingerprints<'a>(bodies: impl IntoIterator<Item = &'a str>) -> Vec<Fingerprint> {
    bodies.into_iter().filter_map(marker::parse).flat_map(|(_, f)| f).collect()
}

/// Says so before GitHub does: the whole review would be refused.
pub(super) fn check_length(review: &NewReview) -> Result<()> {
    let longest = review.comments.iter().map(|c| c.body.len()).chain([review.body.len()]).max().unwrap_or(0);
    if longest > BODY {
        Err(invalid("the review", format!("a body is longer than {BODY} bytes")))
    } else {
        Ok(())
    }
}
