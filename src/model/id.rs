//! Names of things, as types, so that a pull request number cannot be passed for a repository id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A full object id, 40 or 64 lower-case hex digits: a commit, a tree or a blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha(String);

impl Sha {
    /// `None` unless `text` is a full SHA-1 or SHA-256 object id.
    pub fn parse(text: &str) -> Option<Self> {
        let full = matches!(text.len(), 40 | 64);
        (full && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_ascii_lowercase()))
    }

    /// From the raw bytes of an object id.
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        Self(hex::encode(bytes))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people read them.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    /// Git's "no such object": a branch created or deleted in a push payload.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a `[[forge]]` in the settings; its webhook route is `/webhooks/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForgeName(pub String);

impl fmt::Display for ForgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A repository by its forge's own number (survives a rename) and its present name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    /// GitHub: the installation of the App that gives access. Elsewhere `None`.
    pub installation: Option<u64>,
}

impl Repository {
    /// `owner/name`
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// What a job is about. Its text form (`pull/7`, `group/<sha>`, `repository`) is part of the job's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    Pull(u64),
    /// A merge group, by its own head commit.
    Group(Sha),
    /// All of it: what a sweep looks through.
    Repository,
}

const REPOSITORY: &str = "repository";

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull(number) => write!(f, "pull/{number}"),
            Self::Group(sha) => write!(f, "group/{sha}"),
            Self::Repository => f.write_str(REPOSITORY),
        }
    }
}

impl Target {
    /// The inverse of `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == REPOSITORY {
            return Some(Self::Repository);
        }
        match text.split_once('/')? {
            ("pull", number) => number.parse().ok().map(Self::Pull),
            ("group", sha) => Sha::parse(sha).map(Self::Group),
            _ => None,
        }
    }
}

/// The unguessable id of a run: the address of its page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// The first four characters, for a sentence a person reads.
    pub fn short(&self) -> &str {
        self.0.get(..4).unwrap_or(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
