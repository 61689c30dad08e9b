//! A change made of two sets of files, judged in memory: what rule pages and rule tests stand on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::{Clock, DeployedAt, Engine, Input, Step};
use crate::model::change::{Change, ChangedFile, CommitFiles, Commits, FileStatus, Mode, Path};
use crate::model::id::Sha;
use crate::model::judgement::Judgement;
use crate::model::policy::Policy;
use crate::project::migrations::deployed::Evidence;
use crate::source::{Blob, SnapshotId, Tree, TreeEntry, Want, diff};

/// The files of a commit.
pub type Files = BTreeMap<Path, Vec<u8>>;

/// Two commits and what stands around them.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// At the merge base.
    pub base: Files,
    pub head: Files,
    /// At the target's tip; `None`: it has not moved since the merge base.
    pub tip: Option<Files>,
    /// Head path → path at the merge base.
    pub renames: BTreeMap<Path, Path>,
    /// The configured deployed ref and its files; `None`: the target branch counts.
    pub deployed: Option<(Evidence, Files)>,
    /// Head paths that are symbolic links.
    pub symlinks: Vec<Path>,
    /// Files of further commits of the change, oldest first.
    pub commits: Vec<Files>,
    pub policy: Policy,
}

/// What an engine asked for until it had judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Batches.
    pub rounds: usize,
    /// Files in all of them.
    pub contents: usize,
}

impl Sample {
    /// A change from `base` to `head`, each a list of path and text.
    pub fn new(base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        Self { base: files(base), head: files(head), ..Self::default() }
    }

    /// The change as a forge would show it.
    pub fn change(&self) -> Change {
        let tip = if self.tip.is_some() { sha('c') } else { sha('a') };
        let scanned = (0..self.commits.len()).map(|i| CommitFiles {
            sha: commit_sha(i),
            paths: self.commits.get(i).map_or_else(Vec::new, |files| files.keys().cloned().collect()),
        });
        Change {
            merge_base: sha('a'),
            target_tip: tip,
            head: sha('b'),
            files: self.changed_files(),
            commits: Commits { scanned: scanned.collect(), not_scanned: 0 },
            uncommitted: BTreeMap::new(),
            truncated: None,
        }
    }

    fn changed_files(&self) -> Vec<ChangedFile> {
        let mut changed = Vec::new();
        for (path, content) in &self.head {
            let previous = self.renames.get(path);
            let (status, old) = match (previous, self.base.get(path)) {
                (Some(from), _) => (FileStatus::Renamed, self.base.get(from)),
                (None, Some(old)) if old == content => continue,
                (None, Some(old)) => (FileStatus::Modified, Some(old)),
                (None, None) => (FileStatus::Added, None),
            };
            changed.push(ChangedFile {
                path: path.clone(),
                previous_path: previous.cloned(),
                status,
                hunks: hunks(old, Some(content)),
            });
        }
        let moved: Vec<&Path> = self.renames.values().collect();
        for (path, content) in
            self.base.iter().filter(|(p, _)| !self.head.contains_key(*p) && !moved.contains(p))
        {
            let hunks = hunks(Some(content), None);
            changed.push(ChangedFile {
                path: path.clone(),
                previous_path: None,
                status: FileStatus::Deleted,
                hunks,
            });
        }
        changed
    }

    /// Runs the engine over it, giving it what it asks for.
    pub fn judge(&self) -> Judgement {
        self.judge_counted().0
    }

    /// The same, with what the engine asked for: a forge is paid for each batch.
    pub fn judge_counted(&self) -> (Judgement, Asked) {
        self.drive(&mut self.engine(), &|| Duration::ZERO)
    }

    /// An engine that has not begun.
    pub fn engine(&self) -> Engine {
        Engine::new(self.input())
    }

    /// What an engine starts from.
    pub fn input(&self) -> Input {
        let change = self.change();
        let deployed = match &self.deployed {
            Some((evidence, _)) => DeployedAt { evidence: evidence.clone(), commits: vec![sha('d')] },
            None => DeployedAt {
                evidence: Evidence::Branches(vec!["main".to_owned()]),
                commits: vec![change.target_tip.clone()],
            },
        };
        Input::new(change, self.policy.clone(), deployed)
    }

    /// Gives an engine what it asks for until it has judged.
    pub fn drive(&self, engine: &mut Engine, clock: &Clock) -> (Judgement, Asked) {
        let mut asked = Asked::default();
        loop {
            match engine.step(clock) {
                Step::Done(judgement) => return (*judgement, asked),
                Step::Need(wants) => {
                    asked.rounds += 1;
                    asked.contents += wants.iter().filter(|want| matches!(want, Want::File { .. })).count();
                    wants.iter().for_each(|want| self.supply(engine, want));
                }
            }
        }
    }

    /// Gives an engine one thing.
    pub fn supply(&self, engine: &mut Engine, want: &Want) {
        match want {
            Want::Tree(id) => engine.supply_tree(want, self.tree(*id)),
            Want::File { snapshot, path, .. } => {
                let blob =
                    self.files_at(*snapshot).get(path).map_or(Blob::Missing, |bytes| Blob::from_bytes(bytes));
                engine.supply_file(want, blob);
            }
        }
    }

    fn tree(&self, id: SnapshotId) -> Tree {
        let entry = |path: &Path, bytes: &Vec<u8>| {
            let mode = if self.symlinks.contains(path) { Mode::Symlink } else { Mode::File };
            (path.clone(), TreeEntry { mode, blob: Some(content_id(bytes)), size: Some(bytes.len() as u64) })
        };
        Tree { entries: self.files_at(id).iter().map(|(p, b)| entry(p, b)).collect(), truncated: false }
    }

    fn files_at(&self, id: SnapshotId) -> &Files {
        match id {
            SnapshotId::Head => &self.head,
            SnapshotId::MergeBase => &self.base,
            SnapshotId::TargetTip => self.tip.as_ref().unwrap_or(&self.base),
            SnapshotId::Deployed(_) => self.deployed.as_ref().map_or(&self.base, |(_, files)| files),
            SnapshotId::Commit(index) => self.commits.get(index).unwrap_or(&self.head),
        }
    }
}

/// Paths with their texts.
pub fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn hunks(old: Option<&Vec<u8>>, new: Option<&Vec<u8>>) -> Option<Vec<crate::model::change::Hunk>> {
    let text =
        |bytes: Option<&Vec<u8>>| bytes.map_or(Some(String::new()), |b| String::from_utf8(b.clone()).ok());
    Some(diff::hunks(&text(old)?, &text(new)?))
}

/// The same for equal contents, as Git's own ids are.
fn content_id(bytes: &[u8]) -> Sha {
    use sha2::{Digest, Sha256};
    id(&hex::encode(&Sha256::digest(bytes)[..20]))
}

/// A made-up object id of one repeated digit.
fn sha(digit: char) -> Sha {
    id(&digit.to_string().repeat(40))
}

fn commit_sha(index: usize) -> Sha {
    id(&format!("{index:040x}"))
}

fn id(text: &str) -> Sha {
    // Forty hex digits by construction; the zero id stands in if that were ever broken.
    Sha::parse(text).unwrap_or_else(|| id(&"0".repeat(40)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::source::Text;
    use crate::syntax::python::passes;

    /// Every content has a line that no other test has.
    fn marked(path: &str, text: &str) -> (String, String) {
        (path.to_owned(), format!("# each content is read once: {path}\n{text}"))
    }

    #[test]
    fn a_content_is_parsed_and_indexed_once_by_all_rules_and_sides() {
        let migration = |name: &str, before: &str, operations: &str| {
            let dependencies = format!("[('blog', '{before}')]");
            marked(
                &format!("blog/migrations/{name}.py"),
                &format!(
                    "from django.db import migrations, models\nfrom blog.models import Post\n\ndef f(apps, editor):\n    Post.objects.create()\n\nclass Migration(migrations.Migration):\n    dependencies = {dependencies}\n    operations = [{operations}]\n"
                ),
            )
        };
        let settings = "import os\nINSTALLED_APPS = ['blog']\nPASSWORD = os.environ['PASSWORD']\n";
        let url = "CELERY_BROKER_URL = f'amqp://grove:{PASSWORD}@rabbit:5672/grove'\n";
        let base = [
            marked(
                "manage.py",
                "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n",
            ),
            marked("config/settings.py", settings),
            marked(
                "blog/apps.py",
                "from django.apps import AppConfig\nclass Blog(AppConfig):\n    name = 'blog'\n",
            ),
            marked("blog/models.py", "from django.db import models\nclass Post(models.Model):\n    pass\n"),
            migration("0001_initial", "0000_none", "migrations.CreateModel('Post', fields=[])"),
            migration("0002_more", "0001_initial", "migrations.RunPython(f, f)"),
        ];
        let head = [
            marked("config/settings.py", &format!("{settings}{url}")),
            migration("0002_more", "0001_initial", "migrations.RunPython(f)"),
            migration("0003_new", "0002_more", "migrations.RunPython(f), migrations.RunSQL('DROP TABLE x')"),
        ];
        let bytes = |files: &[(String, String)]| -> Files {
            files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect()
        };
        let mut all = bytes(&base);
        all.extend(bytes(&head));
        let sample = Sample { base: bytes(&base), head: all, ..Sample::default() };
        let found = sample.judge().findings;
        let codes: BTreeSet<&str> = found.iter().map(|reported| reported.finding.code).collect();
        assert!(
            codes.contains("MIG004") && codes.contains("MIG014") && codes.contains("CEL003"),
            "{codes:?}"
        );
        for (path, text) in base.iter().chain(&head) {
            assert_eq!(passes::over(&Text::new(text)), 1, "{path}");
        }
    }
}
