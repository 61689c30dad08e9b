//! Names of things, as types, so that a pull request number cannot be passed for a repository id.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

/// A full object id, 40 or 64 lower-case hex digits: a commit, a tree or a blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha(String);

impl Sha {
    const SHORT: usize = 7;

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
        &self.0[..Self::SHORT]
    }

    /// What people read of the name that somebody gave a commit: only an object id is shortened.
    pub fn readable(name: &str) -> &str {
        if Self::parse(name).is_some() { &name[..Self::SHORT] } else { name }
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

/// How a run's id writes its day.
const DAY: &str = "%Y%m%d";

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

/// The unguessable id of a run, `9f86…0a08-20261201`: the address of its page. It carries the day on which it was made,
/// so that a page can say of a run that is no longer kept that it is gone, without a row being kept for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// `random` must come from a good source: whoever knows the id may read the page.
    pub fn new(random: u128, at_ms: i64) -> Self {
        let day = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().format(DAY);
        Self(format!("{random:032x}-{day}"))
    }

    /// When its day began, in Unix milliseconds. `None`: it has not the form of an id.
    pub fn day(&self) -> Option<i64> {
        let (random, day) = self.0.split_once('-')?;
        let is_random = random.len() == 32 && random.bytes().all(|b| b.is_ascii_hexdigit());
        let day = NaiveDate::parse_from_str(day, DAY).ok().filter(|_| is_random)?;
        Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
    }

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

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn a_run_s_id_tells_its_day_and_nothing_else_does() {
        let id = RunId::new(0xabc, 1_796_130_000_000);
        assert_eq!(id.0, "00000000000000000000000000000abc-20261201");
        assert_eq!(id.day(), Some(1_796_083_200_000));
        for other in ["", "abc-20261201", "abcdef", "00000000000000000000000000000abc-2026120x"] {
            assert_eq!(RunId(other.into()).day(), None, "{other}");
        }
    }
}
