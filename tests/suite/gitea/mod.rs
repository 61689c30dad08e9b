//! The Gitea and Forgejo client against the stand-in, which writes down whatever a real forge would have made wrong of.

mod change;
mod limits;
mod reading;
mod reviews;
mod statuses;
mod webhooks;

use red_panda::forge::gitea::{Gitea, GiteaSettings};
use red_panda::forge::{Forge, ForgeError, PostedReview};
use red_panda::model::finding::Fingerprint;
use red_panda::model::id::{ForgeName, RunId, Sha};
use red_panda::model::marker;
use red_panda::model::plan::{Anchor, NewComment, NewReview, PostingKind, Side};
use red_panda::model::pull::PullRequest;
use red_panda::model::status::{Outcome, Status};
use red_panda::standin::gitea::{BOT, BOT_TOKEN, Forgejo, Repository};
use secrecy::SecretString;

/// A forge with one repository `ada/blog`, and our client for it.
struct House {
    forge: Forgejo,
    blog: Repository,
    client: Gitea,
}

const BASE: &[(&str, &str)] = &[("a.py", "one\ntwo\nthree\n"), ("b b.py", "b\n"), (".gitignore", ".env\n")];

impl House {
    async fn new() -> Self {
        Self::with(BASE).await
    }

    async fn with(files: &[(&str, &str)]) -> Self {
        let forge = Forgejo::start().await.unwrap();
        let blog = forge.repository("ada/blog", files);
        let client = connect(&forge, BOT_TOKEN, Some(BOT)).await.unwrap();
        Self { forge, blog, client }
    }

    /// A pull request that changes line 2 of `a.py`.
    async fn pull(&self) -> PullRequest {
        self.blog.push("topic", &[("a.py", Some("one\nTWO\nthree\n"))]).unwrap();
        let number = self.blog.open_pull("topic", "Change two").unwrap();
        self.fetch(number).await
    }

    /// Posts a review with one comment on line 2 of `a.py`.
    async fn comments(&self, pull: &PullRequest) -> PostedReview {
        let review = review(pull, vec![inline("a.py", Side::Head, 2, 'a')]);
        self.client.ensure_review(pull, &review).await.unwrap()
    }

    async fn fetch(&self, number: u64) -> PullRequest {
        self.client.fetch_pull(&self.blog.model(), number).await.unwrap()
    }

    /// Nothing was done that a real forge would have swallowed.
    fn clean(&self) {
        assert_eq!(self.forge.violations(), Vec::<String>::new());
    }
}

async fn connect(forge: &Forgejo, token: &str, bot: Option<&str>) -> Result<Gitea, ForgeError> {
    Gitea::connect(GiteaSettings {
        name: ForgeName("home".into()),
        url: forge.url(),
        token: SecretString::from(token.to_owned()),
        bot_login: bot.map(str::to_owned),
        repositories: vec!["ada/*".into()],
    })
    .await
}

pub(crate) fn fp(digit: char) -> Fingerprint {
    Fingerprint(digit.to_string().repeat(16))
}

pub(crate) fn inline(path: &str, side: Side, line: u32, digit: char) -> NewComment {
    NewComment {
        anchor: Anchor { path: path.into(), side, line, start_line: None },
        body: format!("**Finding {digit}.**\n\n{}", marker::render(PostingKind::Inline, &[fp(digit)])),
        fingerprints: vec![fp(digit)],
    }
}

fn review(pull: &PullRequest, comments: Vec<NewComment>) -> NewReview {
    let body = format!("### 🐾 Something\n\n{}", marker::render(PostingKind::Summary, &[]));
    NewReview { head: pull.head.clone(), body, comments }
}

fn status(sha: &Sha, outcome: Outcome) -> Status {
    Status {
        sha: sha.clone(),
        outcome,
        description: "3 files checked".into(),
        summary: String::new(),
        annotations: Vec::new(),
        details_url: Some("https://panda.example.test/runs/r1".into()),
        run: RunId("r1".into()),
        resumed: false,
    }
}
