//! Which migrations are deployed: applied to databases that nobody here can see.

use std::sync::Arc;

use crate::source::NotLoaded;

use crate::project::Project;
use crate::project::django::apps::MigrationName;

/// How we know what is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// `deployed.ref`
    Ref(String),
    /// `deployed.tags`: the newest tag.
    Tag(String),
    /// `deployed.environment`: the environment's name.
    Environment(String),
    /// No setting: the tips of these branches, by name.
    Branches(Vec<String>),
}

/// What is deployed, as commits to look into.
#[derive(Debug)]
pub struct Deployed {
    pub evidence: Evidence,
    /// The configured commit, or the tips of the deployed branches; in the order of `Evidence::Branches`.
    pub projects: Vec<Arc<Project>>,
}

/// That a migration is deployed, and why we say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Stands in brackets behind [`Because::state`]: "it is on `main`".
    pub reason: String,
    /// On the target branch, but not at the configured ref: databases of teammates have it, production does not.
    pub merged_only: bool,
}

impl Deployed {
    /// Is this migration deployed, as the file at `from` means it? `merge_base` and `target_tip` are those of the change: what only this pull request
    /// made is never deployed, however often it is rewritten.
    pub fn because(
        &self,
        migration: &MigrationName,
        from: &str,
        merge_base: &Project,
        target_tip: &Project,
    ) -> Result<Option<Because>, NotLoaded> {
        if !has(merge_base, migration, from)? {
            return Ok(None);
        }
        for (index, project) in self.projects.iter().enumerate() {
            if has(project, migration, from)? {
                return Ok(Some(Because { reason: self.evidence.reason(index), merged_only: false }));
            }
        }
        let merged_only =
            !matches!(self.evidence, Evidence::Branches(_)) && has(target_tip, migration, from)?;
        // A configured commit that does not resolve is told beside the findings.
        let reason =
            if self.projects.is_empty() { "nobody can say what is deployed" } else { "not released yet" };
        Ok(merged_only.then(|| Because { reason: reason.to_owned(), merged_only }))
    }
}

impl Because {
    /// Completes "… is …".
    pub fn state(&self) -> &'static str {
        if self.merged_only { "merged" } else { "deployed" }
    }
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.state(), self.reason)
    }
}

impl Evidence {
    fn reason(&self, index: usize) -> String {
        use crate::model::finding::code;
        use crate::model::id::Sha;
        match self {
            Self::Ref(name) => format!("it is on {}", code(Sha::readable(name))),
            Self::Tag(name) => format!("it is in release {}", code(name)),
            Self::Environment(name) => format!("it runs in {}", code(name)),
            Self::Branches(names) => {
                format!("it is on {}", code(names.get(index).map_or("the default branch", String::as_str)))
            }
        }
    }
}

/// Does this commit have the migration, as the file at `from` means it? Another project's of the same name is another.
pub fn has(project: &Project, migration: &MigrationName, from: &str) -> Result<bool, NotLoaded> {
    let (apps, tree) = crate::source::snapshot::both(project.apps(), project.tree())?;
    Ok(apps
        .labelled(&migration.app, from)
        .iter()
        .any(|app| tree.contains(&format!("{}/{}.py", app.migrations, migration.name))))
}
