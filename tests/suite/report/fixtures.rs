//! A small Django project with a few faults, and a forge and a store that take what is planned.

use red_panda::model::change::{Change, ChangedFile, Commits, FileStatus, Hunk};
use red_panda::model::finding::*;
use red_panda::model::id::{RunId, Sha};
use red_panda::model::judgement::{Judgement, NotLookedAt, Reported};
use red_panda::model::marker;
use red_panda::model::plan::{ForgePosting, NewReview, Plan, Posting, PostingKind, Side};
use red_panda::model::pull::Capabilities;
use red_panda::model::status::Status;
use red_panda::report::plan::{PlanInput, plan, remember};
use red_panda::report::status::{Setting, Stage, status};
use red_panda::report::wording::Links;

pub(crate) const GITHUB: Capabilities = Capabilities {
    check_runs: true,
    suggestions: true,
    multi_line: true,
    status_description: 140,
    body: 65_000,
};
pub(crate) const FORGEJO: Capabilities = Capabilities {
    check_runs: false,
    suggestions: false,
    multi_line: false,
    status_description: 255,
    body: 65_000,
};

pub(crate) const MIGRATION: &str = "trees/migrations/0003_fill_names.py";
pub(crate) const LINE_15: &str = "        migrations.RunPython(fill),";

pub(crate) fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

/// The status of the sample's head at this stage of a run.
pub(crate) fn status_of(capabilities: Capabilities, base_branch: &str, stage: &Stage<'_>) -> Status {
    let setting = Setting {
        sha: &sha('3'),
        run: &RunId("7f3a9c".into()),
        capabilities,
        links: &Pages,
        base_branch,
        resumed: false,
    };
    status(&setting, stage)
}

#[derive(Debug)]
pub(crate) struct Pages;

impl Links for Pages {
    fn rule(&self, code: &str) -> Option<String> {
        Some(format!("https://panda.test/rules/{code}"))
    }

    fn line(&self, side: Side, path: &str, line: Option<u32>) -> Option<String> {
        let commit = if side == Side::Head { "3333333" } else { "9999999" };
        let line = line.map(|l| format!("#L{l}")).unwrap_or_default();
        Some(format!("https://forge.test/blob/{commit}/{path}{line}"))
    }

    fn run(&self) -> Option<String> {
        Some("https://panda.test/runs/7f3a".into())
    }
}

pub(crate) fn span(line: u32, from: u32, to: u32) -> Span {
    Span { start: Position { line, column: from }, end: Position { line, column: to } }
}

pub(crate) fn reported(id: u32, finding: Finding) -> Reported {
    Reported { finding, fingerprint: fp(id) }
}

pub(crate) fn fp(id: u32) -> Fingerprint {
    Fingerprint(format!("{id:016x}"))
}

pub(crate) fn irreversible() -> Finding {
    Finding {
        code: "MIG004",
        severity: Severity::Error,
        confidence: Confidence::Certain,
        place: Place::Head { path: MIGRATION.into(), span: span(15, 9, 35) },
        cause: None,
        subject: "trees.0003_fill_names.operations[0]".into(),
        node: NodeText::Open("migrations.RunPython(fill)".into()),
        headline: "`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed".into(),
        consequence:
            "`migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it."
                .into(),
        fix: Some(Fix {
            safety: FixSafety::Ask,
            text: "Right only if the filled names may stay; otherwise write the function that empties them."
                .into(),
            edits: vec![Edit { span: span(15, 34, 34), replacement: ", migrations.RunPython.noop".into() }],
        }),
    }
}

pub(crate) fn edited_migration() -> Finding {
    Finding {
        code: "MIG001",
        severity: Severity::Error,
        confidence: Confidence::Certain,
        place: Place::Head { path: "trees/migrations/0001_initial.py".into(), span: span(12, 1, 20) },
        cause: None,
        subject: "trees.0001_initial".into(),
        node: NodeText::Open(String::new()),
        headline: "`trees.0001_initial` is deployed and is edited here".into(),
        consequence:
            "Databases that have run it will never run the edit, so production and tests differ from here on."
                .into(),
        fix: Some(Fix::text("Put the file back and write the edit as a new migration.")),
    }
}

pub(crate) fn committed_env() -> Finding {
    Finding {
        code: "ENV001",
        severity: Severity::Error,
        confidence: Confidence::Certain,
        place: Place::Path("project/.env".into()),
        cause: None,
        subject: "project/.env".into(),
        node: NodeText::Secret("SECRET_KEY=correct-horse".into()),
        headline: "`project/.env` is committed and holds 2 values that look real".into(),
        consequence: "`SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history."
            .into(),
        fix: Some(Fix::text("`git rm --cached project/.env`, add it to `.gitignore`, and rotate both values.")),
    }
}

pub(crate) fn broker_url() -> Finding {
    Finding {
        code: "CEL002",
        severity: Severity::Warning,
        confidence: Confidence::Likely,
        place: Place::Head { path: "config/settings.py".into(), span: span(5, 1, 60) },
        cause: None,
        subject: "config.settings.CELERY_BROKER_URL".into(),
        node: NodeText::Secret("amqp://app:p@ss@rabbit/".into()),
        headline: "The password in `CELERY_BROKER_URL` is not percent-encoded".into(),
        consequence: "It works today and breaks with the first `/` or `#` in a new password.".into(),
        fix: Some(Fix::text("Write `@` as `%40`.")),
    }
}

pub(crate) fn print_call(line: u32) -> Finding {
    Finding {
        code: "STY009",
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        place: Place::Head { path: "trees/views.py".into(), span: span(line, 5, 20) },
        cause: None,
        subject: format!("trees.views.show:{line}"),
        node: NodeText::Open(format!("print({line})")),
        headline: "`trees/views.py` reports with `print`".into(),
        consequence: "Nobody reads standard output in production; the message is lost.".into(),
        fix: Some(Fix::text("Use `logger.info`.")),
    }
}

pub(crate) fn advice() -> Finding {
    Finding {
        code: "URL006",
        severity: Severity::Advice,
        confidence: Confidence::Heuristic,
        place: Place::Head { path: "trees/urls.py".into(), span: span(9, 5, 40) },
        cause: None,
        subject: "trees.urls:leaf".into(),
        node: NodeText::Open(String::new()),
        headline: "`leaf` is nested 4 levels deep".into(),
        consequence: "Every caller must know all four ids.".into(),
        fix: None,
    }
}

/// Lines 1–40 of each file are one hunk, and 10–20 of them were added.
pub(crate) fn change() -> Change {
    let hunk = Hunk { old: 1..30, new: 1..41, added: (1..=20).collect(), removed: vec![3] };
    let file = |path: &str| ChangedFile {
        path: path.into(),
        previous_path: None,
        status: FileStatus::Modified,
        hunks: Some(vec![hunk.clone()]),
    };
    Change {
        merge_base: sha('9'),
        target_tip: sha('8'),
        head: sha('3'),
        files: [
            MIGRATION,
            "trees/migrations/0001_initial.py",
            "config/settings.py",
            "trees/views.py",
            "trees/urls.py",
        ]
        .map(file)
        .to_vec(),
        commits: Commits::default(),
        uncommitted: std::collections::BTreeMap::new(),
        truncated: None,
    }
}

pub(crate) fn judgement(findings: Vec<Reported>) -> Judgement {
    let mut findings = findings;
    findings.sort_by(|a, b| {
        let key = |r: &Reported| (std::cmp::Reverse(r.finding.severity), r.finding.place.clone());
        key(a).cmp(&key(b))
    });
    Judgement {
        findings,
        suppressed: Vec::new(),
        not_looked_at: Vec::new(),
        notes: Vec::new(),
        files: 4,
        rules: 30,
        merge_base: sha('9'),
        target_tip: sha('8'),
        head: sha('3'),
    }
}

pub(crate) fn unseen(path: &str, reason: &str) -> NotLookedAt {
    NotLookedAt { path: path.into(), reason: reason.into() }
}

pub(crate) fn all_faults() -> Vec<Reported> {
    vec![
        reported(1, irreversible()),
        reported(2, edited_migration()),
        reported(3, committed_env()),
        reported(4, broker_url()),
        reported(5, print_call(12)),
        reported(6, print_call(18)),
        reported(7, advice()),
    ]
}

pub(crate) fn head_line(path: &str, line: u32) -> Option<String> {
    Some(if (path, line) == (MIGRATION, 15) { LINE_15.into() } else { format!("    line_{line} = {line}") })
}

/// A comment as it stands on the fake forge.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) kind: PostingKind,
    pub(crate) id: u64,
    pub(crate) review: u64,
    pub(crate) body: String,
}

/// A forge and a store in memory.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) comments: Vec<Standing>,
    pub(crate) stored: Vec<Posting>,
    pub(crate) change: Change,
    pub(crate) capabilities: Capabilities,
    pub(crate) max_comments: usize,
    pub(crate) review_wanted: bool,
    /// The text of every file; empty: [`head_line`].
    pub(crate) lines: Vec<String>,
    pub(crate) next: u64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            comments: Vec::new(),
            stored: Vec::new(),
            change: change(),
            capabilities: GITHUB,
            max_comments: 20,
            review_wanted: true,
            lines: Vec::new(),
            next: 100,
        }
    }
}

impl World {
    pub(crate) fn present(&self) -> Vec<ForgePosting> {
        let read = |s: &Standing| {
            let (kind, fingerprints) = marker::parse(&s.body).expect("our marker");
            assert_eq!(kind, s.kind);
            ForgePosting { kind, forge_id: s.id, review_id: s.review, fingerprints }
        };
        self.comments.iter().map(read).collect()
    }

    fn with_input<T>(&self, judgement: &Judgement, act: impl Fn(&PlanInput<'_>) -> T) -> T {
        act(&PlanInput {
            judgement,
            change: &self.change,
            stored: &self.stored,
            present: &self.present(),
            capabilities: self.capabilities,
            links: &Pages,
            base_branch: "main",
            max_comments: self.max_comments,
            review_wanted: self.review_wanted,
            line_text: &|path, line| match self.lines.is_empty() {
                true => head_line(path, line),
                false => self.lines.get(line as usize - 1).cloned(),
            },
        })
    }

    pub(crate) fn plan(&self, judgement: &Judgement) -> Plan {
        self.with_input(judgement, plan)
    }

    /// Carries a plan out. The forge refuses the inline comments in `refused` and puts them into the body.
    pub(crate) fn publish(&mut self, judgement: &Judgement, refused: &[usize]) -> Plan {
        let plan = self.plan(judgement);
        let before = self.clone();
        let posted = self.post(&plan, refused);
        self.edit(&plan);
        self.stored = before.with_input(judgement, |input| remember(input, &posted, refused, &plan.edits));
        plan
    }

    /// Only the review reached the forge; nothing was remembered.
    pub(crate) fn crash_after_review(&mut self, judgement: &Judgement) {
        let plan = self.plan(judgement);
        self.post(&plan, &[]);
    }

    fn post(&mut self, plan: &Plan, refused: &[usize]) -> Vec<ForgePosting> {
        let Some(review) = &plan.review else { return Vec::new() };
        let from = self.comments.len();
        let id = self.take_id();
        self.comments.push(Standing {
            kind: PostingKind::Summary,
            id,
            review: id,
            body: review.body.clone(),
        });
        for (index, comment) in review.comments.iter().enumerate() {
            if !refused.contains(&index) {
                let standing = Standing {
                    kind: PostingKind::Inline,
                    id: self.take_id(),
                    review: id,
                    body: comment.body.clone(),
                };
                self.comments.push(standing);
            }
        }
        self.present().split_off(from)
    }

    fn edit(&mut self, plan: &Plan) {
        for edit in &plan.edits {
            let comment = self.comments.iter_mut().find(|c| (c.kind, c.id) == (edit.kind, edit.forge_id));
            comment.expect("an edit of what stands").body = edit.body.clone();
        }
    }

    fn take_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn inline(&self) -> Vec<&Standing> {
        self.comments.iter().filter(|c| c.kind == PostingKind::Inline).collect()
    }

    pub(crate) fn summaries(&self) -> Vec<&Standing> {
        self.comments.iter().filter(|c| c.kind == PostingKind::Summary).collect()
    }

    /// A person removes a comment.
    pub(crate) fn remove(&mut self, id: u64) {
        self.comments.retain(|c| c.id != id);
    }
}

/// The review that a judgement asks for.
pub(crate) fn review(world: &World, judgement: &Judgement) -> NewReview {
    world.plan(judgement).review.expect("something new")
}
