//! Gitea and Forgejo: one thin client over their common API. What differs between versions is decided by the answer,
//! never by the version.

mod api;
mod change;
mod files;
pub mod patch;
mod review;
mod status;
pub mod webhook;
mod wire;

use std::fmt;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use secrecy::SecretString;
use serde_json::json;

use crate::config::settings::AllowList;
use crate::model::change::Change;
use crate::model::id::{ForgeName, Repository, Sha};
use crate::model::plan::{CommentEdit, ForgePosting, NewReview};
use crate::model::pull::{Capabilities, OpenPull, PullRequest};
use crate::model::status::Status;
use crate::source::Tree;

use super::reads::Reads;
use super::{
    Budget, FileWanted, Forge, ForgeError, ListAsked, Lists, OpenPulls, PostedReview, Reader, Result, Take,
};
use api::{Api, Call, repo, segment, segments};

/// Calls under way at once for one batch.
const PARALLEL: usize = 6;

/// One `[[forge]]` of the settings.
#[derive(Clone, Debug)]
pub struct GiteaSettings {
    pub name: ForgeName,
    /// As people open it: `https://forge.example.org`.
    pub url: String,
    pub token: SecretString,
    /// Our account. `None`: the forge is asked, which needs the scope `read:user`.
    pub bot_login: Option<String>,
    /// Globs of `owner/name`: the repositories we work for. One organisation or system webhook covers more.
    pub repositories: Vec<String>,
}

/// A Gitea or Forgejo, as our account.
pub struct Gitea {
    name: ForgeName,
    api: Api,
    bot: String,
    patterns: Vec<String>,
    allowed: AllowList,
    files: files::Cache,
    sent: status::Sent,
}

impl fmt::Debug for Gitea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gitea").field("name", &self.name).field("bot", &self.bot).finish_non_exhaustive()
    }
}

impl Gitea {
    /// Checks the settings and learns our own login.
    pub async fn connect(settings: GiteaSettings) -> Result<Self> {
        let allowed = allow_list(&settings.repositories)?;
        let api = Api::new(&settings.url, settings.token)?;
        let bot = own_login(&api, settings.bot_login).await?;
        Ok(Self {
            name: settings.name,
            api,
            bot,
            patterns: settings.repositories,
            allowed,
            files: files::Cache::default(),
            sent: status::Sent::default(),
        })
    }

    /// The `[[forge]]` it was made from.
    pub fn name(&self) -> &ForgeName {
        &self.name
    }

    /// Our account: what it does causes no work.
    pub fn bot_login(&self) -> &str {
        &self.bot
    }

    /// Is this one of the repositories we work for?
    pub fn is_allowed(&self, repository: &Repository) -> bool {
        self.allowed.allows(&repository.full_name())
    }

    async fn repository_at(&self, path: String, what: String) -> Result<wire::Repo> {
        self.api.send(Call::get(what, path)).await?.json()
    }
}

fn allow_list(patterns: &[String]) -> Result<AllowList> {
    let invalid = |message: String| ForgeError::Invalid { what: "`repositories`".into(), message };
    if patterns.is_empty() {
        return Err(invalid("it names none: write \"owner/name\" or \"owner/*\"".into()));
    }
    if let Some(pattern) = patterns.iter().find(|p| p.matches('/').count() != 1) {
        return Err(invalid(format!("\"{pattern}\" is not of the form \"owner/name\"")));
    }
    AllowList::new(patterns).map_err(|fault| invalid(fault.to_string()))
}

/// Whose token it is; also where `told` names the account, so that a wrong token fails here and not at the first webhook.
async fn own_login(api: &Api, told: Option<String>) -> Result<String> {
    let what = "the name of our own account";
    match (api.send(Call::get(what, "user".into())).await, told) {
        (Ok(_), Some(login)) => Ok(login),
        (Ok(answer), None) => Ok(answer.json::<wire::User>()?.login),
        (Err(ForgeError::Forbidden { message, .. }), Some(login)) if speaks_of_scope(&message) => Ok(login),
        // A forge that is down need not keep us from starting.
        (Err(ForgeError::Transient { .. }), Some(login)) => Ok(login),
        (Err(ForgeError::Forbidden { message, .. }), None) if speaks_of_scope(&message) => {
            let message = "the token lacks the scope read:user; set `bot_login` or add the scope".into();
            Err(ForgeError::Forbidden { what: what.into(), message })
        }
        (Err(fault), _) => Err(fault),
    }
}

/// "token does not have at least one of required scope(s): [read:user]"
fn speaks_of_scope(message: &str) -> bool {
    message.contains("scope")
}

/// A thing of a repository as an error names it.
fn of(thing: impl fmt::Display, repository: &Repository) -> String {
    format!("{thing} of {}", repository.full_name())
}

#[async_trait]
impl Reader for Gitea {
    async fn fetch_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree> {
        self.read_tree(repository, commit).await
    }

    async fn fetch_each(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()> {
        self.read_files(repository, wanted, take).await
    }

    async fn fetch_ref(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        if let Some(sha) = Sha::parse(name) {
            return Ok(self.commit_exists(repository, &sha).await?.then_some(sha));
        }
        if let Some(tag) = name.strip_prefix("refs/tags/") {
            return self.tag(repository, tag).await;
        }
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            return self.branch(repository, branch).await;
        }
        match self.branch(repository, name).await? {
            Some(sha) => Ok(Some(sha)),
            None => self.tag(repository, name).await,
        }
    }

    async fn fetch_tags(&self, repository: &Repository) -> Result<Vec<String>> {
        let call = || Call::get(of("the tags", repository), format!("{}/tags", repo(repository)));
        let (tags, _) = self.api.list::<wire::Tag>(usize::MAX, call).await?;
        Ok(tags.into_iter().map(|t| t.name).collect())
    }

    async fn fetch_deployed(&self, repository: &Repository, _environment: &str) -> Result<Option<Sha>> {
        let path = format!("{}/releases/latest", repo(repository));
        let call = Call::get(of("the newest release", repository), path);
        match found(self.api.send(call).await)? {
            Some(answer) => self.tag(repository, &answer.json::<wire::Release>()?.tag_name).await,
            None => Ok(None),
        }
    }
}

/// A thing that is not there is `None`.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ForgeError::NotFound { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

impl Gitea {
    async fn branch(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        let path = format!("{}/branches/{}", repo(repository), segments(name));
        let answer = found(self.api.send(Call::get(of("a branch", repository), path)).await)?;
        let branch = answer.map(|a| a.json::<wire::Branch>()).transpose()?;
        Ok(branch.and_then(|b| Sha::parse(&b.commit.id)))
    }

    async fn tag(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        let path = format!("{}/tags/{}", repo(repository), segments(name));
        let answer = found(self.api.send(Call::get(of("a tag", repository), path)).await)?;
        let tag = answer.map(|a| a.json::<wire::Tag>()).transpose()?;
        Ok(tag.and_then(|t| t.commit).and_then(|c| Sha::parse(&c.sha)))
    }

    async fn pull(&self, repository: &Repository, number: u64) -> Result<PullRequest> {
        let what = of(format!("pull request {number}"), repository);
        let call = Call::get(what.clone(), format!("{}/pulls/{number}", repo(repository)));
        // A pull request whose fork is damaged is `null`, with status 200.
        let pull: Option<wire::Pull> = self.api.send(call).await?.json()?;
        match pull.and_then(|p| p.to_model(repository)) {
            Some(pull) if pull.repository.id == repository.id => Ok(pull),
            Some(_) => {
                let message = format!("{} is another repository now", repository.full_name());
                Err(ForgeError::Gone { what, message })
            }
            None => Err(ForgeError::Invalid { what, message: "the forge cannot show it".into() }),
        }
    }

    /// Does the commit exist as far as the forge has come? Asked once for each.
    async fn commit_exists(&self, repository: &Repository, sha: &Sha) -> Result<bool> {
        if self.files.knows(repository, sha).await {
            return Ok(true);
        }
        let path = format!("{}/git/commits/{sha}", repo(repository));
        let call = Call::get(of("a commit", repository), path);
        let call = call.query("stat", false).query("verification", false).query("files", false);
        let exists = match self.api.send(call).await {
            // A well-formed id that is nobody's is 422 on some versions.
            Err(ForgeError::Invalid { .. }) => false,
            other => found(other)?.is_some(),
        };
        if exists {
            self.files.learn(repository, sha).await;
        }
        Ok(exists)
    }

    /// Whom the forge lets be assigned, which every reader may ask: those who may write, and of an organisation also
    /// the members of a team that may read its pull requests. That somebody is a collaborator would say less: a
    /// collaborator may be one who only reads, and a member of a team is none.
    async fn may_be_assigned(&self, repository: &Repository, login: &str) -> Result<bool> {
        let call =
            Call::get(of("who may be assigned", repository), format!("{}/assignees", repo(repository)));
        let people: Option<Vec<Option<wire::User>>> = self.api.send(call).await?.json()?;
        Ok(people.unwrap_or_default().iter().flatten().any(|u| u.login.eq_ignore_ascii_case(login)))
    }

    /// The whole list of a repository's open pull requests.
    async fn open_pulls(&self, repository: &Repository) -> Result<OpenPulls> {
        let call = || {
            let call =
                Call::get(of("the open pull requests", repository), format!("{}/pulls", repo(repository)));
            call.query("state", "open").query("sort", "recentupdate")
        };
        let (listed, _) = self.api.list::<wire::Pull>(usize::MAX, call).await?;
        let pulls: Vec<PullRequest> = listed.iter().filter_map(|p| p.to_model(repository)).collect();
        let first = pulls.first();
        Ok(OpenPulls {
            repository: first.map_or_else(|| repository.clone(), |p| p.repository.clone()),
            default_branch: first.map(|p| p.default_branch.clone()).unwrap_or_default(),
            pulls: pulls.into_iter().map(OpenPull::from).collect(),
            next: None,
        })
    }

    /// The repositories an entry of the allow-list names.
    async fn repositories_of(&self, pattern: &str) -> Result<Vec<wire::Repo>> {
        if let Some((owner, name)) =
            pattern.split_once('/').filter(|_| !pattern.contains(['*', '?', '[', '{', '\\']))
        {
            let path = format!("repos/{}/{}", segment(owner), segment(name));
            return Ok(vec![self.repository_at(path, pattern.to_owned()).await?]);
        }
        let what = format!("the repositories of {}", self.bot);
        let listed = self.api.list(usize::MAX, || Call::get(what.clone(), "user/repos".into())).await;
        match listed {
            Ok((repositories, _)) => Ok(repositories),
            Err(ForgeError::Forbidden { message, .. }) if speaks_of_scope(&message) => {
                let message =
                    "the token lacks the scope read:user; add it or name the repositories without wildcards";
                Err(ForgeError::Forbidden { what, message: message.into() })
            }
            Err(fault) => Err(fault),
        }
    }
}

#[async_trait]
impl Forge for Gitea {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            check_runs: false,
            suggestions: false,
            multi_line: false,
            status_description: status::DESCRIPTION,
            body: review::BODY,
        }
    }

    fn line_url(&self, repository: &Repository, commit: &Sha, path: &str, line: Option<u32>) -> String {
        let (owner, name) = (segment(&repository.owner), segment(&repository.name));
        let file = format!("{}/{owner}/{name}/src/commit/{commit}/{}", self.api.web(), segments(path));
        line.map_or(file.clone(), |line| format!("{file}#L{line}"))
    }

    async fn fetch_repository(&self, repository: &Repository) -> Result<Repository> {
        let path = format!("repositories/{}", repository.id);
        Ok(self.repository_at(path, repository.full_name()).await?.to_model())
    }

    async fn fetch_installations(&self) -> Result<Vec<Option<u64>>> {
        Ok(vec![None])
    }

    async fn fetch_repositories(&self, _installation: Option<u64>) -> Result<Vec<Repository>> {
        let mut reads = Reads::default();
        for pattern in &self.patterns {
            // One that was deleted, or that we were put out of, does not hide the others.
            reads.add(self.repositories_of(pattern).await)?;
        }
        let mut repositories: Vec<Repository> = Vec::new();
        // An archived repository takes no comments.
        let listed = reads.end()?.into_iter().filter(|r| !r.archived);
        for repository in listed.map(|r| r.to_model()) {
            if self.is_allowed(&repository) && !repositories.contains(&repository) {
                repositories.push(repository);
            }
        }
        Ok(repositories)
    }

    async fn fetch_pull(&self, repository: &Repository, number: u64) -> Result<PullRequest> {
        let pull = self.pull(repository, number).await?;
        // The forge read the tip from the repository itself.
        self.files.learn(repository, &pull.base_tip).await;
        Ok(pull)
    }

    fn lists_at_once(&self) -> usize {
        PARALLEL
    }

    /// One list for each repository: the forges' search over issues names no heads.
    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> Result<Lists> {
        let reads: Vec<_> = asked.iter().map(|list| self.open_pulls(&list.repository)).collect();
        let parts: Vec<_> = stream::iter(reads).buffered(PARALLEL).collect().await;
        match parts.iter().find_map(|part| part.as_ref().err().filter(|e| e.is_limit())) {
            Some(limited) => Err(limited.clone()),
            None => Ok(Lists { parts, points: 0 }),
        }
    }

    /// Neither has a limit of its own; one before it says so with a 429.
    fn budgets(&self, _installation: Option<u64>) -> Vec<Budget> {
        Vec::new()
    }

    async fn fetch_change(&self, pull: &PullRequest) -> Result<Change> {
        self.read_change(pull).await
    }

    async fn fetch_group_change(&self, repository: &Repository, _head: &Sha, _base: &Sha) -> Result<Change> {
        let message = "Gitea and Forgejo have no merge queue".into();
        Err(ForgeError::Invalid { what: of("a merge group", repository), message })
    }

    async fn fetch_own_postings(&self, pull: &PullRequest) -> Result<Vec<ForgePosting>> {
        let reviews = self.own_reviews(pull).await?;
        let posted = reviews.iter().filter(|r| r.state != review::PENDING);
        let reads: Vec<_> = posted.map(|review| self.postings_of(pull, review)).collect();
        let postings = stream::iter(reads).buffered(PARALLEL);
        Ok(postings.try_collect::<Vec<_>>().await?.concat())
    }

    async fn fetch_may_write(&self, repository: &Repository, login: &str) -> Result<bool> {
        if login.eq_ignore_ascii_case(&repository.owner) {
            return Ok(true);
        }
        let collaborator = format!("{}/collaborators/{}", repo(repository), segment(login));
        let what = of(format!("the permission of {login}"), repository);
        match self.api.send(Call::get(what.clone(), format!("{collaborator}/permission"))).await {
            Ok(answer) => {
                let permission = answer.json::<wire::Permission>()?.permission;
                Ok(matches!(permission.as_str(), "owner" | "admin" | "write"))
            }
            // Only an admin of the repository may ask for it.
            Err(ForgeError::Forbidden { .. }) => self.may_be_assigned(repository, login).await,
            other => Ok(found(other)?.is_some()),
        }
    }

    async fn ensure_status(&self, repository: &Repository, status: &Status) -> Result<()> {
        self.write_status(repository, status).await
    }

    async fn ensure_review(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        self.write_review(pull, review).await
    }

    async fn ensure_comment(&self, pull: &PullRequest, edit: &CommentEdit) -> Result<()> {
        let what = of(format!("comment {}", edit.forge_id), &pull.repository);
        let path = format!("{}/issues/comments/{}", repo(&pull.repository), edit.forge_id);
        let answer = self.api.send(Call::patch(what.clone(), path, json!({ "body": edit.body }))).await?;
        // 204 is how the forge says that it did nothing.
        if answer.status == StatusCode::OK { Ok(()) } else { Err(ForgeError::NotFound { what }) }
    }

    async fn ensure_reaction(&self, repository: &Repository, comment_id: u64) -> Result<()> {
        let path = format!("{}/issues/comments/{comment_id}/reactions", repo(repository));
        let call =
            Call::post(of(format!("comment {comment_id}"), repository), path, json!({ "content": "eyes" }));
        self.api.send(call).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(owner: &str, name: &str) -> Repository {
        Repository { id: 1, owner: owner.into(), name: name.into(), installation: None }
    }

    fn settings(repositories: &[&str]) -> GiteaSettings {
        GiteaSettings {
            name: ForgeName("home".into()),
            url: "https://forge.example.test".into(),
            token: SecretString::from("t"),
            bot_login: Some("red-panda".into()),
            repositories: repositories.iter().map(|r| (*r).to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn only_repositories_of_the_list_are_ours() {
        let forge = Gitea::connect(settings(&["ada/*", "grace/blog"])).await.unwrap();
        for (owner, name, ours) in [
            ("ada", "x", true),
            ("Ada", "X", true),
            ("grace", "blog", true),
            ("grace", "shop", false),
            ("eve", "ada", false),
        ] {
            assert_eq!(forge.is_allowed(&repository(owner, name)), ours, "{owner}/{name}");
        }
    }

    #[tokio::test]
    async fn a_list_that_names_nothing_or_nonsense_is_refused() {
        for list in [&[][..], &["blog"], &["a/b/c"], &["a/[b"]] {
            assert!(
                matches!(Gitea::connect(settings(list)).await, Err(ForgeError::Invalid { .. })),
                "{list:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_line_has_an_address() {
        let forge = Gitea::connect(settings(&["ada/*"])).await.unwrap();
        let sha = Sha::parse(&"a".repeat(40)).unwrap();
        let url = forge.line_url(&repository("ada", "blog"), &sha, "a b/c.py", Some(3));
        assert_eq!(url, format!("https://forge.example.test/ada/blog/src/commit/{sha}/a%20b/c.py#L3"));
    }
}
