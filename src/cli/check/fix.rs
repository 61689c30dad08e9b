//! `check --fix`: the safe fixes of what was found, put into the working tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::engine::fixes;
use crate::engine::selection::Selection;
use crate::forge::local::{Local, writing};
use crate::model::finding::{Finding, NodeText};
use crate::model::judgement::{Judgement, Verdict};
use crate::model::plan::Side;
use crate::report::fixed::Fixed;
use crate::review::judge::Judged;
use crate::source::{Text, diff};

use super::super::output::{err, out};
use super::{Check, Format, exit_code};

/// Fixes that collide wait for the next round, and some make room for others.
const MAX_ROUNDS: usize = 10;

impl Check {
    pub(super) async fn fix(
        &self,
        local: &mut Local,
        selection: &Selection,
        started: Instant,
    ) -> anyhow::Result<ExitCode> {
        let top = local.working_tree()?;
        let dirty = if self.diff || self.allow_dirty { BTreeSet::new() } else { local.unstaged()? };
        let mut subject = self.subject(local)?;
        let mut judged = self.judge(local, &subject, selection).await?;
        let before = judged.judgement.verdict();
        let mut fixing = Fixing::new(top, dirty);
        for round in 0.. {
            let contents = fixing.round(&judged);
            if contents.is_empty() {
                break;
            }
            if round == MAX_ROUNDS {
                fixing.does_not_settle(&contents);
                break;
            }
            let contents: Vec<_> =
                contents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            let tree = local.replace(subject.head(), &contents)?;
            *subject.head() = tree;
            judged = self.judge(local, &subject, selection).await?;
        }
        if self.diff {
            return Ok(fixing.show(&judged.judgement, before));
        }
        fixing.write();
        let report = fixing.report(&judged.judgement, false);
        if self.format == Format::Text {
            out(&format!("{report}\n"))
        } else {
            err(&report)
        }
        self.print(&judged, started)?;
        Ok(fixing.exit_code(judged.judgement.verdict()))
    }
}

/// What has been fixed so far, nothing of it written.
struct Fixing {
    top: PathBuf,
    /// Files that are left alone, and why.
    alone: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
    fixed: Vec<Finding>,
    /// Files with a safe fix.
    wanted: BTreeSet<String>,
    /// Files, each with the code of a rule whose fix would break it.
    broken: BTreeSet<(String, &'static str)>,
    /// Files of which something may be a secret.
    secret: BTreeSet<String>,
    /// Findings that were fixed in a file which stays as it is.
    undone: usize,
    /// Something went wrong that is not the project's fault.
    failed: bool,
}

/// A file as it stands there, and as it is to be.
struct File {
    on_disk: Vec<u8>,
    /// It has a CR before each LF, which Git takes out.
    has_cr: bool,
    new: Text,
}

impl File {
    /// `text` is what Git holds of it.
    fn open(top: &Path, path: &str, text: Text) -> Result<Self, String> {
        let on_disk = writing::read(top, path).map_err(|error| error.to_string())?;
        let has_cr = on_disk != text.as_str().as_bytes();
        if has_cr && on_disk != with_cr(text.as_str()).as_bytes() {
            return Err("a filter of Git makes something else of it".to_owned());
        }
        Ok(Self { on_disk, has_cr, new: text })
    }

    fn to_be(&self) -> String {
        if self.has_cr { with_cr(self.new.as_str()) } else { self.new.as_str().to_owned() }
    }
}

fn with_cr(text: &str) -> String {
    text.replace('\n', "\r\n")
}

impl Fixing {
    fn new(top: PathBuf, dirty: BTreeSet<String>) -> Self {
        let why = "it has changes that are not staged: stage them, or allow it with `--allow-dirty`";
        let alone = dirty.into_iter().map(|path| (path, why.to_owned())).collect();
        Self {
            top,
            alone,
            files: BTreeMap::new(),
            fixed: Vec::new(),
            wanted: BTreeSet::new(),
            broken: BTreeSet::new(),
            secret: BTreeSet::new(),
            undone: 0,
            failed: false,
        }
    }

    /// Puts in what can be put in together; returns the files that this changed.
    fn round(&mut self, judged: &Judged) -> Vec<(String, Text)> {
        let Judgement { findings, suppressed, .. } = &judged.judgement;
        let all = findings.iter().chain(suppressed.iter().map(|(reported, _)| reported));
        let secret = all.map(|r| &r.finding).filter(|f| matches!(f.node, NodeText::Secret(_)));
        self.secret.extend(secret.filter_map(path_of).map(str::to_owned));
        let safe = findings.iter().map(|reported| &reported.finding).filter(|f| fixes::is_safe(f));
        for path in safe.filter_map(path_of) {
            self.wanted.insert(path.to_owned());
            self.open(path, judged);
        }
        let text = |path: &str| {
            let is_open = !self.alone.contains_key(path);
            self.files.get(path).filter(|_| is_open).map(|file| file.new.clone())
        };
        let mut changed = Vec::new();
        for file in fixes::put_in(&judged.judgement, &text) {
            self.broken.extend(file.broken.iter().map(|finding| (file.path.clone(), finding.code)));
            self.fixed.extend(file.fixed);
            if let Some(open) = self.files.get_mut(&file.path).filter(|open| open.new != file.text) {
                open.new = file.text.clone();
                changed.push((file.path, file.text));
            }
        }
        changed
    }

    fn open(&mut self, path: &str, judged: &Judged) {
        if self.alone.contains_key(path) || self.files.contains_key(path) {
            return;
        }
        let Some(text) = judged.engine.text(Side::Head, path) else { return };
        match File::open(&self.top, path, text) {
            Ok(file) => drop(self.files.insert(path.to_owned(), file)),
            Err(why) => drop(self.alone.insert(path.to_owned(), why)),
        }
    }

    /// Leaves a file as it is.
    fn leave(&mut self, path: &str, why: String) {
        self.files.remove(path);
        let fixed = self.fixed.len();
        self.fixed.retain(|finding| path_of(finding) != Some(path));
        self.undone += fixed - self.fixed.len();
        self.alone.insert(path.to_owned(), why);
    }

    fn does_not_settle(&mut self, contents: &[(String, Text)]) {
        for (path, _) in contents {
            let last = self.fixed.iter().rfind(|finding| finding.place.path() == Some(path));
            let code = last.map_or("a rule", |finding| finding.code);
            let why = format!(
                "the fix of {code} still changes it after {MAX_ROUNDS} rounds, which is a fault of Red Panda"
            );
            self.failed = true;
            self.leave(path, why);
        }
    }

    fn write(&mut self) {
        for (path, file) in std::mem::take(&mut self.files) {
            if let Err(error) = writing::write(&self.top, &path, &file.on_disk, file.to_be().as_bytes()) {
                self.failed = true;
                self.leave(&path, error.to_string());
            }
        }
    }

    /// Shows what would change. Where something may be a secret its file is not shown: logs are read by many.
    fn show(&mut self, judgement: &Judgement, before: Verdict) -> ExitCode {
        for path in self.secret.clone().intersection(&self.wanted.clone()) {
            self.leave(path, "it may hold a secret, so what would change in it is not shown".to_owned());
        }
        for (path, file) in &self.files {
            let old = String::from_utf8_lossy(&file.on_disk);
            out(&diff::unified(path, &old, &file.to_be()));
        }
        err(&self.report(judgement, true));
        self.exit_code(before)
    }

    fn report(&mut self, judgement: &Judgement, only_shown: bool) -> String {
        self.fixed.sort_by(|a, b| a.place.cmp(&b.place));
        let broken = self.broken.iter().map(|(path, code)| {
            let why =
                format!("the fix of {code} leaves a file that does not parse, which is a fault of Red Panda");
            (path.clone(), why)
        });
        let alone = self.alone.clone().into_iter().filter(|(path, _)| self.wanted.contains(path));
        let left_alone: Vec<_> = alone.chain(broken).collect();
        let left = judgement.findings.len() + self.undone;
        Fixed { fixed: &self.fixed, left_alone: &left_alone, left, only_shown }.render()
    }

    fn exit_code(&self, verdict: Verdict) -> ExitCode {
        if self.failed || !self.broken.is_empty() { ExitCode::from(2) } else { exit_code(verdict) }
    }
}

fn path_of(finding: &Finding) -> Option<&str> {
    finding.place.path()
}
