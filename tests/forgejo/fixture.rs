//! A repository on a real forge, made for one test: two accounts and a repository with names of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use red_panda::model::id::{Repository, Sha};
use serde_json::{Value, json};

/// Where the real forge is, and the token of its administrator.
pub(crate) fn server() -> (String, String) {
    let named = |variable: &str| {
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: see tests/forgejo/README.md"))
    };
    (named("FORGE_URL").trim_end_matches('/').to_owned(), named("ADMIN_TOKEN"))
}

/// Who makes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As<'a> {
    Token(&'a str),
    Password(&'a str, &'a str),
}

pub(crate) struct Fixture {
    /// Of the forge, as people open it.
    pub(crate) url: String,
    pub(crate) owner: String,
    pub(crate) owner_token: String,
    pub(crate) bot: String,
    pub(crate) bot_token: String,
    pub(crate) name: String,
    pub(crate) id: u64,
    client: reqwest::Client,
}

const SCOPES: [&str; 3] = ["write:repository", "write:issue", "read:user"];

impl Fixture {
    /// Makes the accounts and the repository; its branch `main` holds these files beside a README.
    pub(crate) async fn create(url: &str, admin_token: &str, files: &[(&str, &str)]) -> Self {
        let tail = &uuid::Uuid::new_v4().simple().to_string()[..10];
        let mut fixture = Self {
            url: url.to_owned(),
            owner: format!("ada-{tail}"),
            owner_token: String::new(),
            bot: format!("panda-{tail}"),
            bot_token: String::new(),
            name: format!("blog-{tail}"),
            id: 0,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        fixture.owner_token = fixture.make_account(admin_token, &fixture.owner).await;
        fixture.bot_token = fixture.make_account(admin_token, &fixture.bot).await;
        let path = format!("admin/users/{}/repos", fixture.owner);
        let body =
            json!({ "name": fixture.name, "default_branch": "main", "auto_init": true, "readme": "Default" });
        let made = fixture.must(As::Token(admin_token), "POST", &path, &body).await;
        fixture.id = made["id"].as_u64().unwrap();
        let path = fixture.path(&format!("collaborators/{}", fixture.bot));
        fixture.owner_must("PUT", &path, &json!({ "permission": "write" })).await;
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
        fixture.commit("main", None, &files).await;
        fixture
    }

    /// An account with a token of its own; only its password can make one.
    async fn make_account(&self, admin_token: &str, login: &str) -> String {
        let password = uuid::Uuid::new_v4().to_string();
        let account = json!({
            "username": login,
            "email": format!("{login}@example.test"),
            "password": password,
            "must_change_password": false,
        });
        self.must(As::Token(admin_token), "POST", "admin/users", &account).await;
        let body = json!({ "name": "test", "scopes": SCOPES });
        let made =
            self.must(As::Password(login, &password), "POST", &format!("users/{login}/tokens"), &body).await;
        made["sha1"].as_str().unwrap().to_owned()
    }

    /// One more account that is let into the repository; gives its login.
    pub(crate) async fn invite(&self, admin_token: &str, permission: &str) -> String {
        let login = format!("{permission}-{}", self.name);
        self.make_account(admin_token, &login).await;
        let path = self.path(&format!("collaborators/{login}"));
        self.owner_must("PUT", &path, &json!({ "permission": permission })).await;
        login
    }

    /// As the house names it.
    pub(crate) fn repository(&self) -> Repository {
        Repository { id: self.id, owner: self.owner.clone(), name: self.name.clone(), installation: None }
    }

    /// A path below this repository.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("repos/{}/{}/{rest}", self.owner, self.name)
    }

    /// Status and JSON of an answer; null when it is none.
    pub(crate) async fn call(&self, who: As<'_>, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.request(method.parse().unwrap(), format!("{}/api/v1/{path}", self.url));
        let request = match who {
            As::Token(token) => request.header("authorization", format!("token {token}")),
            As::Password(login, password) => request.basic_auth(login, Some(password)),
        };
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn must(&self, who: As<'_>, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(who, method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// What the owner does has to work.
    pub(crate) async fn owner_must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.must(As::Token(&self.owner_token), method, path, body).await
    }

    /// One commit on `branch`, or from it onto the new branch: text to write, `None` to delete.
    pub(crate) async fn commit(
        &self,
        branch: &str,
        new: Option<&str>,
        files: &[(&str, Option<&str>)],
    ) -> Sha {
        let mut operations = Vec::new();
        for (path, text) in files {
            let known = self.blob(branch, path).await;
            let operation = match (known.is_some(), text) {
                (_, None) => "delete",
                (true, Some(_)) => "update",
                (false, Some(_)) => "create",
            };
            let content = BASE64.encode(text.unwrap_or_default());
            operations
                .push(json!({ "operation": operation, "path": path, "content": content, "sha": known }));
        }
        let mut body = json!({ "branch": branch, "message": "Change", "files": operations });
        if let Some(new) = new {
            body["new_branch"] = json!(new);
        }
        let made = self.owner_must("POST", &self.path("contents"), &body).await;
        Sha::parse(made["commit"]["sha"].as_str().unwrap()).unwrap()
    }

    async fn blob(&self, branch: &str, path: &str) -> Option<String> {
        let tree = self.path(&format!("git/trees/{branch}?recursive=true&per_page=1000"));
        let tree = self.owner_must("GET", &tree, &Value::Null).await;
        let found = tree["tree"].as_array()?.iter().find(|row| row["path"] == path)?;
        found["sha"].as_str().map(str::to_owned)
    }

    /// Opens a pull request into `main`.
    pub(crate) async fn open_pull(&self, branch: &str, title: &str) -> u64 {
        let body = json!({ "head": branch, "base": "main", "title": title });
        self.owner_must("POST", &self.path("pulls"), &body).await["number"].as_u64().unwrap()
    }

    /// `main` takes no merge without this status, of administrators neither.
    pub(crate) async fn require(&self, context: &str) {
        let rule = json!({
            "rule_name": "main",
            "branch_name": "main",
            "enable_push": true,
            "enable_status_check": true,
            "status_check_contexts": [context],
            "apply_to_admins": true,
            "block_admin_merge_override": true,
        });
        self.owner_must("POST", &self.path("branch_protections"), &rule).await;
    }

    /// Tries to merge; waits while the forge still computes. The message of a refusal.
    pub(crate) async fn merge(&self, number: u64) -> Result<(), String> {
        for _ in 0..50 {
            let path = self.path(&format!("pulls/{number}/merge"));
            let body = json!({ "Do": "merge" });
            let (status, answer) = self.call(As::Token(&self.owner_token), "POST", &path, &body).await;
            let message = answer["message"].as_str().unwrap_or_default().to_owned();
            match status {
                200 => return Ok(()),
                405 if message == "Please try again later" => {}
                _ => return Err(message),
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        Err("the forge does not come to an end".into())
    }

    /// All inline comments: (path, line, side's hunk, author, body, id).
    pub(crate) async fn inline_comments(&self, number: u64) -> Vec<Value> {
        let path = self.path(&format!("pulls/{number}/reviews"));
        let reviews = self.owner_must("GET", &path, &Value::Null).await;
        let mut comments = Vec::new();
        for review in reviews.as_array().unwrap() {
            let path = self.path(&format!("pulls/{number}/reviews/{}/comments", review["id"]));
            let listed = self.owner_must("GET", &path, &Value::Null).await;
            comments.extend(listed.as_array().cloned().unwrap_or_default());
        }
        comments
    }

    /// A person writes under a pull request.
    pub(crate) async fn comment(&self, number: u64, body: &str) -> u64 {
        let path = self.path(&format!("issues/{number}/comments"));
        self.owner_must("POST", &path, &json!({ "body": body })).await["id"].as_u64().unwrap()
    }

    /// Deliveries of everything we work with go to `url`.
    pub(crate) async fn add_hook(&self, url: &str, secret: &str) {
        let hook = json!({
            "type": "gitea",
            "active": true,
            "config": { "url": url, "content_type": "json", "secret": secret },
            "events": ["pull_request_only", "pull_request_sync", "pull_request_comment", "push"],
        });
        self.owner_must("POST", &self.path("hooks"), &hook).await;
    }
}
