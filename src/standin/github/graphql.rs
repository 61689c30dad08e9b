//! Just enough GraphQL for the queries that the client sends. A field this does not know is a violation: then either
//! the client asks for what GitHub does not have, or this has to learn it.

use serde_json::{Map, Value, json};

use crate::model::id::Sha;

use super::answer::Answer;
use super::cost;
use super::query::{self, Selection};
use super::rfc3339;
use super::world::{Comment, Pull, Repo, Review, State, World};

/// What the query costs, before anything is looked up.
pub(super) fn cost(world: &mut World, body: &Value) -> Result<u64, Answer> {
    let asked = query::parsed(body).ok_or_else(|| "a GraphQL query does not parse".to_owned());
    asked.and_then(|selections| cost::of(&selections)).map_err(|fault| {
        let refusal = Answer::ok(&json!({"errors": [{"message": &fault}]}));
        world.violate(fault);
        refusal
    })
}

pub(super) fn answer(world: &mut World, body: &Value) -> Answer {
    let selections = query::parsed(body).unwrap_or_default();
    let cost = cost::of(&selections).unwrap_or_default();
    let mut run = Run { world, cost, errors: Vec::new(), violations: Vec::new() };
    let data = run.object(&Node::Root, &selections, &mut Vec::new());
    let (errors, violations) = (run.errors, run.violations);
    let mut answered = json!({"data": data});
    if !errors.is_empty() {
        answered["errors"] = Value::Array(errors);
    }
    for violation in violations {
        world.violate(violation);
    }
    Answer::ok(&answered)
}

/// A place in the graph.
#[derive(Clone)]
enum Node<'w> {
    Root,
    RateLimit,
    Repository(&'w Repo),
    Named(String),
    Login {
        kind: &'static str,
        login: String,
    },
    Pull(&'w Repo, &'w Pull),
    PullCommit(&'w Repo, Sha),
    Commit(&'w Repo, Sha),
    Ref(&'w Repo, Sha),
    TreeEntry(&'w Repo, Sha),
    Blob(&'w Repo, Sha),
    /// A folder: an object that is neither commit nor blob.
    Tree,
    Review(&'w Pull, &'w Review),
    Comment(&'w Comment),
    Page {
        more: bool,
        end: String,
    },
    Connection {
        nodes: Vec<Node<'w>>,
        more: bool,
        end: String,
    },
}

enum Found<'w> {
    Value(Value),
    Node(Node<'w>),
    List(Vec<Node<'w>>),
    Null,
}

struct Run<'w> {
    world: &'w World,
    /// Points of the whole query.
    cost: u64,
    errors: Vec<Value>,
    violations: Vec<String>,
}

impl<'w> Run<'w> {
    fn object(&mut self, node: &Node<'w>, selections: &[Selection], path: &mut Vec<String>) -> Value {
        let mut object = Map::new();
        for selection in selections {
            match selection {
                Selection::On { kind, inner } if kind == node.kind() => {
                    if let Value::Object(more) = self.object(node, inner, path) {
                        object.extend(more);
                    }
                }
                Selection::On { .. } => {}
                Selection::Field { alias, name, arguments, inner } => {
                    path.push(alias.clone());
                    let value = self.field(node, name, arguments, inner, path);
                    path.pop();
                    object.insert(alias.clone(), value);
                }
            }
        }
        Value::Object(object)
    }

    fn field(
        &mut self,
        node: &Node<'w>,
        name: &str,
        arguments: &[(String, Value)],
        inner: &[Selection],
        path: &mut Vec<String>,
    ) -> Value {
        let Some(found) = self.resolve(node, name, arguments) else {
            self.violations.push(format!("the stand-in knows no field {}.{name}", node.kind()));
            return Value::Null;
        };
        match found {
            Found::Value(value) => value,
            Found::Node(next) => self.object(&next, inner, path),
            Found::List(nodes) => nodes.iter().map(|n| self.object(n, inner, path)).collect(),
            Found::Null => {
                if matches!(name, "repository" | "pullRequest") {
                    let message = format!("Could not resolve to a {name}.");
                    self.errors.push(json!({"type": "NOT_FOUND", "path": path, "message": message}));
                }
                Value::Null
            }
        }
    }

    fn resolve(&self, node: &Node<'w>, name: &str, arguments: &[(String, Value)]) -> Option<Found<'w>> {
        let argument = |key: &str| arguments.iter().find(|(k, _)| k == key).map(|(_, v)| v);
        let text = |key: &str| argument(key).and_then(Value::as_str).unwrap_or("");
        Some(match (node, name) {
            (Node::Root, "repository") => {
                maybe(self.world.repo(text("owner"), text("name")).map(Node::Repository))
            }
            (Node::Root, "rateLimit") => Found::Node(Node::RateLimit),
            (Node::RateLimit, "cost") => value(json!(self.cost)),
            (Node::Repository(r), "databaseId") => value(json!(r.id)),
            (Node::Repository(r), "name") => value(json!(r.name)),
            (Node::Repository(r), "owner") => Found::Node(login(&r.owner)),
            (Node::Repository(r), "defaultBranchRef") => Found::Node(Node::Named(r.default_branch.clone())),
            (Node::Repository(r), "pullRequest") => {
                let number = argument("number").and_then(Value::as_u64);
                maybe(number.and_then(|n| r.pulls.get(&n)).map(|p| Node::Pull(r, p)))
            }
            (Node::Repository(r), "pullRequests") => {
                let mut open: Vec<&Pull> = r.pulls.values().filter(|p| p.state == State::Open).collect();
                match argument("orderBy")?.get("field")?.as_str()? {
                    "CREATED_AT" => open.sort_by_key(|p| (p.created, p.number)),
                    "UPDATED_AT" => open.sort_by_key(|p| p.updated),
                    _ => return None,
                }
                if argument("orderBy")?.get("direction")? == "DESC" {
                    open.reverse();
                }
                self.connection(r.id, open.into_iter().map(|p| Node::Pull(r, p)).collect(), arguments)?
            }
            (Node::Repository(r), "object") => maybe(object(r, text("oid"), text("expression"))),
            (Node::Named(n), "name") => value(json!(n)),
            (Node::Login { login, .. }, "login") => value(json!(login)),
            (Node::Login { kind, .. }, "__typename") => value(json!(kind)),
            (Node::Pull(r, p), _) => self.pull(r, p, name, arguments)?,
            (Node::PullCommit(r, c), "commit") => Found::Node(Node::Commit(r, c.clone())),
            (Node::Commit(r, c), "committedDate") => value(json!(rfc3339(r.git.get(c)?.time))),
            (Node::Commit(r, c), "file") => {
                maybe(r.git.file(c, text("path")).map(|f| Node::TreeEntry(r, f.id())))
            }
            (Node::Commit(_, oid) | Node::Blob(_, oid), "oid") => value(json!(oid)),
            (Node::Ref(r, c), "target") => Found::Node(Node::Commit(r, c.clone())),
            (Node::TreeEntry(r, b), "object") => Found::Node(Node::Blob(r, b.clone())),
            (Node::Blob(r, b), _) => self.blob(&r.git.blob(b)?, name)?,
            (Node::Review(p, r), _) => self.review(p, r, name, arguments)?,
            (Node::Comment(c), "fullDatabaseId") => value(json!(c.id.to_string())),
            (Node::Comment(c), "body") => value(json!(c.body)),
            (Node::Connection { nodes, .. }, "nodes") => Found::List(nodes.clone()),
            (Node::Connection { more, end, .. }, "pageInfo") => {
                Found::Node(Node::Page { more: *more, end: end.clone() })
            }
            (Node::Page { more, .. }, "hasNextPage") => value(json!(more)),
            (Node::Page { end, .. }, "endCursor") => value(json!(end)),
            _ => return None,
        })
    }

    fn pull(
        &self,
        repo: &'w Repo,
        pull: &'w Pull,
        name: &str,
        arguments: &[(String, Value)],
    ) -> Option<Found<'w>> {
        let tip = repo.git.branch(&pull.base_branch);
        Some(match name {
            "number" => value(json!(pull.number)),
            "url" => {
                value(json!(format!("{}/{}/pull/{}", self.world.base_url, repo.full_name(), pull.number)))
            }
            "state" => value(json!(match pull.state {
                State::Open => "OPEN",
                State::Closed => "CLOSED",
                State::Merged => "MERGED",
            })),
            "isDraft" => value(json!(pull.draft)),
            "createdAt" => value(json!(rfc3339(pull.created))),
            "changedFiles" => value(json!(repo.diff_of(pull).len())),
            "headRefOid" => value(json!(pull.shown_head())),
            "baseRefName" => value(json!(pull.base_branch)),
            "baseRefOid" => value(json!(tip)),
            "author" => Found::Node(login(&pull.author)),
            // A fork's branch may be hidden from us.
            "headRef" if pull.from_fork => Found::Null,
            "headRef" => Found::Node(Node::Ref(repo, pull.shown_head().clone())),
            "commits" => {
                self.connection(0, vec![Node::PullCommit(repo, pull.shown_head().clone())], arguments)?
            }
            "baseRef" => maybe(tip.map(|t| Node::Ref(repo, t))),
            "reviews" => {
                self.connection(0, pull.reviews.iter().map(|r| Node::Review(pull, r)).collect(), arguments)?
            }
            _ => return None,
        })
    }

    fn blob(&self, bytes: &[u8], name: &str) -> Option<Found<'w>> {
        let text = std::str::from_utf8(bytes).ok().filter(|t| !t.contains('\0'));
        let cut = bytes.len() > self.world.longest_text;
        Some(match name {
            "byteSize" => value(json!(bytes.len())),
            "isBinary" => value(json!(text.is_none())),
            "isTruncated" => value(json!(cut && text.is_some())),
            "text" => value(match text {
                Some(text) if cut => json!(text.chars().take(self.world.longest_text).collect::<String>()),
                text => json!(text),
            }),
            _ => return None,
        })
    }

    fn review(
        &self,
        pull: &'w Pull,
        review: &'w Review,
        name: &str,
        arguments: &[(String, Value)],
    ) -> Option<Found<'w>> {
        Some(match name {
            "fullDatabaseId" => value(json!(review.id.to_string())),
            "state" => value(json!(review.state)),
            "body" => value(json!(review.body)),
            "author" => Found::Node(login(&review.login)),
            "comments" => {
                let comments = pull.comments.iter().filter(|c| c.review == review.id);
                self.connection(0, comments.map(Node::Comment).collect(), arguments)?
            }
            _ => return None,
        })
    }

    /// A page of it. Nothing, where the cursor is of another list.
    fn connection(
        &self,
        list: u64,
        nodes: Vec<Node<'w>>,
        arguments: &[(String, Value)],
    ) -> Option<Found<'w>> {
        let argument = |key: &str| arguments.iter().find(|(k, _)| k == key).map(|(_, v)| v);
        let first = argument("first").and_then(Value::as_u64).map_or(100, |n| n as usize);
        let after = match argument("after").and_then(Value::as_str) {
            Some(cursor) => cursor.strip_prefix(&format!("{list}:"))?.parse().ok()?,
            None => 0,
        };
        let size = first.min(self.world.longest_page);
        let more = nodes.len() > after + size;
        let shown: Vec<Node<'w>> = nodes.into_iter().skip(after).take(size).collect();
        let end = format!("{list}:{}", after + shown.len());
        Some(Found::Node(Node::Connection { nodes: shown, more, end }))
    }
}

impl Node<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Root => "Query",
            Self::RateLimit => "RateLimit",
            Self::Repository(_) => "Repository",
            Self::Named(_) | Self::Ref(..) => "Ref",
            Self::Login { kind, .. } => kind,
            Self::Pull(..) => "PullRequest",
            Self::PullCommit(..) => "PullRequestCommit",
            Self::Commit(..) => "Commit",
            Self::TreeEntry(..) => "TreeEntry",
            Self::Blob(..) => "Blob",
            Self::Tree => "Tree",
            Self::Review(..) => "PullRequestReview",
            Self::Comment(_) => "PullRequestReviewComment",
            Self::Page { .. } => "PageInfo",
            Self::Connection { .. } => "Connection",
        }
    }
}

fn value<'w>(value: Value) -> Found<'w> {
    Found::Value(value)
}

fn maybe(node: Option<Node<'_>>) -> Found<'_> {
    node.map_or(Found::Null, Found::Node)
}

/// A bot's login comes without its suffix.
fn login<'w>(login: &str) -> Node<'w> {
    match login.strip_suffix("[bot]") {
        Some(bare) => Node::Login { kind: "Bot", login: bare.to_owned() },
        None => Node::Login { kind: "User", login: login.to_owned() },
    }
}

fn object<'w>(repo: &'w Repo, oid: &str, expression: &str) -> Option<Node<'w>> {
    if let Some(oid) = Sha::parse(oid) {
        return match repo.git.get(&oid) {
            Some(_) => Some(Node::Commit(repo, oid)),
            None => repo.git.blob(&oid).map(|_| Node::Blob(repo, oid)),
        };
    }
    let (at, path) = expression.split_once(':')?;
    let commit = repo.git.get(&repo.git.resolve(at)?)?;
    match commit.files.get(path) {
        Some(content) => Some(Node::Blob(repo, content.id())),
        None => commit.files.keys().any(|p| p.starts_with(&format!("{path}/"))).then_some(Node::Tree),
    }
}
