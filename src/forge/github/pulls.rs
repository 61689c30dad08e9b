//! Pull requests and our own comments on them.

use std::time::{Duration, Instant};

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Ask, GraphReply};
use super::wire::{self, GraphPull, GraphRepository, GraphReview, Nodes};
use super::{GitHub, answer, path, queries};
use crate::forge::contents::ContentId;
use crate::forge::{ForgeError, Result};
use crate::model::id::{Repository, Sha};
use crate::model::marker;
use crate::model::plan::{ForgePosting, PostingKind};
use crate::model::policy::POLICY_PATH;
use crate::model::pull::{PullRequest, PullState, Standing};
use crate::source::Blob;

/// Own postings that came with the pull request are good for this long.
const POSTINGS_KEEP: Duration = Duration::from_secs(60);
/// Where a pull request stands, as it came with a batch of files, counts as read just now for this long.
const STANDING_KEEPS: Duration = Duration::from_secs(2);

/// What one answer brought beside what it was asked for. Each is handed out once, and only for the head it came with.
pub(super) struct Prefetched {
    /// By repository and number: our postings as [`queries::pull`] listed them.
    postings: moka::future::Cache<(u64, u64), Aged<Vec<ForgePosting>>>,
    /// By repository and number: where the pull request stands, as a batch of files brought it.
    standings: moka::future::Cache<(u64, u64), (Instant, Standing)>,
    /// By repository and head: the pull request it was last seen to be the head of.
    pulls: moka::future::Cache<(u64, Sha), u64>,
}

#[derive(Clone)]
struct Aged<T> {
    head: Sha,
    at: Instant,
    value: T,
}

impl Prefetched {
    pub(super) fn new() -> Self {
        Self {
            postings: moka::future::Cache::builder().max_capacity(200).time_to_live(POSTINGS_KEEP).build(),
            standings: moka::future::Cache::builder().max_capacity(200).time_to_live(STANDING_KEEPS).build(),
            pulls: moka::future::Cache::new(1_000),
        }
    }

    /// The pull request whose head this commit is, as far as we know.
    pub(super) async fn pull_of(&self, repository: &Repository, head: &Sha) -> Option<u64> {
        self.pulls.get(&(repository.id, head.clone())).await
    }

    /// `asked_at`: when its batch was sent. Of batches that are under way together the last one sent counts.
    pub(super) async fn seen(
        &self,
        repository: &Repository,
        number: u64,
        asked_at: Instant,
        standing: Standing,
    ) {
        let key = (repository.id, number);
        if self.standings.get(&key).await.is_none_or(|(known, _)| known <= asked_at) {
            self.standings.insert(key, (asked_at, standing)).await;
        }
    }
}

#[derive(Deserialize)]
struct OnePull {
    #[serde(flatten)]
    repository: GraphRepository,
    #[serde(rename = "pullRequest")]
    pull: Option<GraphPull>,
}

impl GitHub {
    /// One request: the pull request, and with it the policy file of the target's tip and our own postings.
    pub(super) async fn read_pull(&self, repository: &Repository, number: u64) -> Result<PullRequest> {
        let what = format!("pull request {}#{number}", repository.full_name());
        let installation = self.installation(repository).await?;
        let variables = json!({"owner": repository.owner, "name": repository.name, "number": number, "policy": POLICY_PATH});
        let answer = self.http.graphql(installation, &queries::pull(), variables, &what).await?;
        let found: OnePull = decode(&answer, &what)?;
        let repository = known(&found.repository, repository, installation, &what)?;
        let Some(mut wire) = found.pull else { return Err(missing(&answer, &what)) };
        let (reviews, base) = (wire.reviews.take(), wire.base_ref.take());
        let pull = pull_request(&repository, &found.repository, &wire, base.as_ref(), &what)?;
        self.keep_policy(&pull, base).await;
        self.keep_postings(&pull, reviews, &answer).await;
        self.prefetched.pulls.insert((repository.id, pull.head.clone()), number).await;
        Ok(pull)
    }

    async fn keep_policy(&self, pull: &PullRequest, base: Option<wire::BaseRef>) {
        let blob = match base.and_then(|b| b.target).and_then(|t| t.file) {
            Some(None) => Some(Blob::Missing),
            Some(Some(file)) => file.object.and_then(super::files::whole_text),
            None => None,
        };
        if let Some(blob) = blob {
            let id = ContentId::At(pull.base_tip.clone(), POLICY_PATH.to_owned());
            self.contents.keep(&pull.repository, id, blob).await;
        }
    }

    /// Keeps them only when the answer listed all of them.
    async fn keep_postings(
        &self,
        pull: &PullRequest,
        reviews: Option<Nodes<GraphReview>>,
        answer: &GraphReply,
    ) {
        let key = (pull.repository.id, pull.number);
        self.prefetched.postings.invalidate(&key).await;
        let whole = !answer.errors.iter().any(|e| e.is_about(&["repository", "pullRequest", "reviews"]));
        let Some(reviews) = reviews.filter(|r| whole && !r.page.has_next_page) else { return };
        let ours: Vec<GraphReview> = reviews.into_vec().into_iter().filter(|r| self.wrote(r)).collect();
        if ours.iter().any(|r| r.comments.page.has_next_page) {
            return;
        }
        let value = ours.into_iter().flat_map(postings_of).collect();
        let aged = Aged { head: pull.head.clone(), at: Instant::now(), value };
        self.prefetched.postings.insert(key, aged).await;
    }

    fn wrote(&self, review: &GraphReview) -> bool {
        let own = review.author.as_ref().is_some_and(|a| self.is_own(&a.login()));
        own && review.state != "PENDING"
    }

    /// Our postings as they came with the pull request, else every page of both REST lists.
    pub(super) async fn read_own_postings(&self, pull: &PullRequest) -> Result<Vec<ForgePosting>> {
        let key = (pull.repository.id, pull.number);
        let brought = self.prefetched.postings.remove(&key).await;
        if let Some(aged) = brought.filter(|a| a.head == pull.head && a.at.elapsed() < POSTINGS_KEEP) {
            return Ok(aged.value);
        }
        let reviews = self.rest_reviews(pull).await?;
        let summaries = reviews.iter().filter(|r| r.state != "PENDING" && self.is_author(r.user.as_ref()));
        let mut postings: Vec<ForgePosting> = summaries
            .filter_map(|r| {
                marker::posting(PostingKind::Summary, r.id, r.id, r.body.as_deref().unwrap_or(""))
            })
            .collect();
        let drafts: Vec<u64> = reviews.iter().filter(|r| r.state == "PENDING").map(|r| r.id).collect();
        let ask = Ask::get(format!("{}/comments?per_page=100", pull_path(pull)), "the review comments");
        let comments = self.rest_comments(pull, ask).await?;
        for comment in comments.iter().filter(|c| self.is_author(c.user.as_ref())) {
            let review = comment.pull_request_review_id.unwrap_or(0);
            if !drafts.contains(&review) {
                postings.extend(marker::posting(PostingKind::Inline, comment.id, review, &comment.body));
            }
        }
        Ok(postings)
    }

    pub(super) async fn rest_reviews(&self, pull: &PullRequest) -> Result<Vec<wire::RestReview>> {
        let installation = self.installation(&pull.repository).await?;
        let ask = Ask::get(format!("{}/reviews?per_page=100", pull_path(pull)), "the reviews");
        self.http.pages(installation, ask, |page: Vec<wire::RestReview>| page).await
    }

    pub(super) async fn rest_comments(&self, pull: &PullRequest, ask: Ask) -> Result<Vec<wire::RestComment>> {
        let installation = self.installation(&pull.repository).await?;
        self.http.pages(installation, ask, |page: Vec<wire::RestComment>| page).await
    }

    /// Where it stands now: from a batch of files that brought it a moment ago, else asked for.
    pub(super) async fn read_standing(&self, pull: &PullRequest) -> Result<Standing> {
        let key = (pull.repository.id, pull.number);
        match self.prefetched.standings.remove(&key).await.filter(|(at, _)| at.elapsed() < STANDING_KEEPS) {
            Some((_, standing)) => Ok(standing),
            None => self.rest_standing(pull).await,
        }
    }

    pub(super) async fn rest_standing(&self, pull: &PullRequest) -> Result<Standing> {
        let what = format!("pull request {}#{}", pull.repository.full_name(), pull.number);
        let installation = self.installation(&pull.repository).await?;
        let found: wire::RestPull = self.http.json(installation, &Ask::get(pull_path(pull), &what)).await?;
        let head = sha(&found.head.sha, &what)?;
        Ok(Standing { head, base_branch: found.base.name, is_open: found.state == "open" })
    }
}

/// `/repos/{owner}/{name}/pulls/{number}`
pub(super) fn pull_path(pull: &PullRequest) -> String {
    format!("{}/pulls/{}", path::repository(&pull.repository), pull.number)
}

/// The repository of an answer; null is the error that the answer names.
fn decode<T: for<'de> Deserialize<'de>>(answer: &GraphReply, what: &str) -> Result<T> {
    match answer.data.get("repository") {
        None | Some(Value::Null) => Err(missing(answer, what)),
        Some(repository) => T::deserialize(repository)
            .map_err(|e| answer::transient(what, format!("GitHub's answer does not decode: {e}"))),
    }
}

fn missing(answer: &GraphReply, what: &str) -> ForgeError {
    let first = answer.errors.iter().find(|e| e.is_about(&["repository"]));
    first.map_or_else(|| ForgeError::NotFound { what: what.to_owned() }, |e| e.as_error(what))
}

/// The repository under its present name. A name that another repository took over is not ours.
pub(super) fn known(
    found: &GraphRepository,
    asked: &Repository,
    installation: u64,
    what: &str,
) -> Result<Repository> {
    if found.database_id != Some(asked.id) {
        let message = format!("{} is another repository now", asked.full_name());
        return Err(ForgeError::Gone { what: what.to_owned(), message });
    }
    let (owner, name) = (found.owner.login.clone(), found.name.clone());
    Ok(Repository { id: asked.id, owner, name, installation: Some(installation) })
}

fn pull_request(
    repository: &Repository,
    facts: &GraphRepository,
    wire: &GraphPull,
    base: Option<&wire::BaseRef>,
    what: &str,
) -> Result<PullRequest> {
    let tip = base.and_then(|b| b.target.as_ref()).map_or(wire.base_ref_oid.as_str(), |t| t.oid.as_str());
    Ok(PullRequest {
        repository: repository.clone(),
        number: wire.number,
        author: wire.author.as_ref().map(wire::Actor::login).unwrap_or_else(|| "ghost".to_owned()),
        state: match wire.state.as_str() {
            "OPEN" => PullState::Open,
            "MERGED" => PullState::Merged,
            _ => PullState::Closed,
        },
        draft: wire.is_draft,
        head: sha(&wire.head_ref_oid, what)?,
        base_branch: wire.base_ref_name.clone(),
        base_tip: sha(tip, what)?,
        merge_base: None,
        default_branch: facts.default_branch_ref.as_ref().map_or_else(String::new, |b| b.name.clone()),
        changed_files: Some(wire.changed_files),
        head_since: head_since(wire),
        web_url: wire.url.clone(),
    })
}

fn head_since(wire: &GraphPull) -> Option<i64> {
    let commits = wire.commits.nodes.iter().flatten().flatten().map(|n| n.commit.committed_date.as_str());
    latest(commits.chain([wire.created_at.as_str()]))
}

/// GitHub does not say when a head was pushed: it was not before the pull request nor before its last commit was made.
pub(super) fn latest<'a>(dates: impl Iterator<Item = &'a str>) -> Option<i64> {
    dates.filter_map(|d| DateTime::parse_from_rfc3339(d).ok()).map(|d| d.timestamp_millis()).max()
}

fn postings_of(review: GraphReview) -> Vec<ForgePosting> {
    let id = review.full_database_id;
    let summary = marker::posting(PostingKind::Summary, id, id, &review.body);
    let comments = review.comments.into_vec().into_iter();
    let inline =
        comments.filter_map(|c| marker::posting(PostingKind::Inline, c.full_database_id, id, &c.body));
    summary.into_iter().chain(inline).collect()
}

pub(super) fn sha(text: &str, what: &str) -> Result<Sha> {
    Sha::parse(text).ok_or_else(|| answer::transient(what, "GitHub named a commit that is none".to_owned()))
}
