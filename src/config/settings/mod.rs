//! The settings of `red-panda serve`: one TOML file, every key also as an environment variable.
//!
//! Pure: the environment comes in as a map and files through a reader, so that every mistake can be told in a test.

mod build;
mod raw;
mod secret;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use globset::GlobSet;
use secrecy::SecretString;

/// The file's name where none is given.
pub const SETTINGS_PATH: &str = "red-panda.toml";

/// How long history is kept where nothing is said.
pub const DEFAULT_RETENTION_DAYS: u32 = 90;

/// Everything `serve` needs to know, checked.
#[derive(Debug)]
pub struct Settings {
    /// `host:port` to listen on.
    pub listen: String,
    /// Where people reach this server, without a slash at its end. Without it statuses have no link.
    pub public_url: Option<String>,
    /// `sqlite://…` (absolute or relative to the working directory) or `postgres://…`. May hold a password.
    pub database_url: SecretString,
    /// For how many days runs, verdicts and closed pull requests are kept; what an open pull request needs stays.
    pub retention_days: u32,
    /// Opens the overview. Without it there is none.
    pub admin_token: Option<SecretString>,
    pub forges: Vec<ForgeSettings>,
}

/// One `[[forge]]`.
#[derive(Debug)]
pub struct ForgeSettings {
    /// Its webhooks arrive at `/webhooks/{name}`.
    pub name: String,
    /// Address of the API (GitHub) or of the server (Gitea, Forgejo), without a slash at its end.
    pub url: String,
    pub webhook_secret: SecretString,
    /// Which repositories are served.
    pub repositories: AllowList,
    /// Whose comments are ours; else the forge is asked at start.
    pub bot_login: Option<String>,
    pub account: Account,
}

impl ForgeSettings {
    pub fn kind(&self) -> ForgeKind {
        match self.account {
            Account::GitHub { .. } => ForgeKind::GitHub,
            Account::Gitea { .. } => ForgeKind::Gitea,
        }
    }
}

/// Which client speaks to a forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    GitHub,
    /// Gitea and Forgejo.
    Gitea,
}

impl ForgeKind {
    /// As it is written in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Gitea => "gitea",
        }
    }
}

/// As whom we act.
#[derive(Debug)]
pub enum Account {
    GitHub {
        app_id: u64,
        /// PEM with real line ends, whatever form it was given in.
        private_key: SecretString,
    },
    Gitea {
        token: SecretString,
    },
}

/// Globs over `owner/name`, without regard to case. Empty: every repository (GitHub only, where installing decides).
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    patterns: Vec<String>,
    globs: GlobSet,
}

impl AllowList {
    /// An empty list of patterns allows everything.
    pub fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let mut set = globset::GlobSetBuilder::new();
        for pattern in patterns {
            set.add(
                globset::GlobBuilder::new(pattern).literal_separator(true).case_insensitive(true).build()?,
            );
        }
        Ok(Self { patterns: patterns.to_vec(), globs: set.build()? })
    }

    /// `full_name` is `owner/name`.
    pub fn allows(&self, full_name: &str) -> bool {
        self.patterns.is_empty() || self.globs.is_match(full_name)
    }

    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// What is wrong with the settings: one sentence with its place, and the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct SettingsError {
    /// `red-panda.toml, line 3` or the name of an environment variable.
    pub place: String,
    pub problem: String,
}

impl SettingsError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// Reads a file that a `*_file` key names.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Where the settings come from.
pub struct Inputs<'a> {
    /// The file and its text; `None` when there is only the environment.
    pub file: Option<(&'a Path, &'a str)>,
    pub environment: &'a BTreeMap<String, String>,
    pub read: ReadFile<'a>,
}

impl fmt::Debug for Inputs<'_> {
    /// The environment may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").field("file", &self.file.map(|(path, _)| path)).finish_non_exhaustive()
    }
}

impl Inputs<'_> {
    /// What relative paths are relative to.
    fn folder(&self) -> PathBuf {
        self.file.and_then(|(path, _)| path.parent()).map(Path::to_path_buf).unwrap_or_default()
    }
}

impl Settings {
    /// Reads file and environment; the environment wins key by key.
    pub fn read(inputs: &Inputs<'_>) -> Result<Self, SettingsError> {
        let mut raw = match inputs.file {
            Some((path, text)) => raw::Raw::from_toml(&path.display().to_string(), text)?,
            None => raw::Raw::default(),
        };
        raw.add_environment(inputs.environment)?;
        build::settings(raw, inputs)
    }

    pub fn forge(&self, name: &str) -> Option<&ForgeSettings> {
        self.forges.iter().find(|f| f.name == name)
    }
}

#[cfg(test)]
mod tests;
