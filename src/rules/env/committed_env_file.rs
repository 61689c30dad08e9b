use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::env::env_files::{self, Role};
use crate::project::env::secret::is_nameable;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::source::snapshot::both;
use crate::source::tree::{file_name, folder, join};

use super::exposure::{Value, git_rm, real_keys};
use super::published::{How, Published, Shown, at_head, in_commits};
use super::reading;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::ENV001,
    page: include_str!("committed_env_file.md"),
    against: Against::Nothing,
    looks: &[Look::Change(reading, check)],
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let ((head, commits), mut shown) =
        both(both(at_head(context), in_commits(context)), Shown::before(context))?;
    let mut findings: Vec<Finding> = head.iter().map(finding).collect();
    shown.extend(&head);
    for published in commits {
        findings.extend(shown.news_of(published).as_ref().map(finding));
    }
    Ok(findings)
}

fn finding(published: &Published) -> Finding {
    let path = published.path.as_str();
    let subject = match &published.commit {
        Some(sha) => format!("{path} at {}", sha.short()),
        None => path.to_owned(),
    };
    let place = Place::Path(path.to_owned());
    let node = NodeText::Secret(String::new());
    RULE.finding(place, subject, node, headline(published), consequence(published))
        .with_severity(severity(published))
        .with_fix(Fix::text(fix(published)))
}

fn severity(published: &Published) -> Severity {
    let real = published.values.iter().any(Value::is_real);
    let filled = !published.values.iter().all(Value::is_placeholder);
    match &published.how {
        How::Lfs | How::Unreadable => Severity::Error,
        How::Modified | How::Link { inside: false, .. } if !real => Severity::Warning,
        _ if filled => Severity::Error,
        // A template under an env file's name is the file that people will fill in.
        How::From { previous, .. } if env_files::role(previous) == Some(Role::Template) => Severity::Error,
        _ if env_files::is_fixture(&published.path) => Severity::Advice,
        _ => Severity::Warning,
    }
}

fn headline(published: &Published) -> String {
    let name = code(&published.path);
    let real = real_keys(&published.values);
    if let Some(sha) = &published.commit {
        let holds = real.map_or_else(String::new, |real| format!(" and holds {}", real.phrase()));
        return format!("{name} was committed in {}{holds}", code(sha.short()));
    }
    match (&published.how, real) {
        (How::Modified, Some(real)) => format!("{name} is committed, and this change adds {}", real.phrase()),
        (How::Modified, None) => format!("{name} is committed, and this change edits its values"),
        (How::Link { target, inside: false }, _) => {
            format!("{name} is committed as a link to {}, which is not in the repository", code(target))
        }
        (How::Link { target, .. }, real) => {
            let holds = real.map_or_else(String::new, |real| format!(", which holds {}", real.phrase()));
            format!("{name} is committed as a link to {}{holds}", code(target))
        }
        (How::Lfs, _) => format!("{name} is committed, its content to Git LFS"),
        (How::From { previous, copied }, None) => {
            let how = if *copied { "copied" } else { "renamed" };
            format!("{name} is committed, {how} from {}", code(previous))
        }
        (_, Some(real)) => format!("{name} is committed and holds {}", real.phrase()),
        (_, None) => format!("{name} is committed"),
    }
}

fn consequence(published: &Published) -> String {
    let has_values = severity(published) == Severity::Error;
    match (&published.how, &published.commit) {
        (_, Some(_)) if published.values.iter().any(Value::is_real) => {
            "The push published it: taking it out in a later commit leaves it in the history, for everyone who can fetch."
        }
        (_, Some(_)) => "It is gone at the head, but the commit stays in the history, for everyone who can fetch.",
        (How::Link { inside: false, .. }, _) => {
            "A clone on any other machine has a link that leads nowhere, and settings fail to read it."
        }
        (How::Link { .. }, _) => "Whoever fills it in writes into the file it points at, and commits that.",
        (How::Lfs, _) => "Everyone who can fetch gets its content from the LFS server.",
        _ if has_values => {
            "The push published it: everyone who can fetch reads it, and a later commit does not take it back."
        }
        _ => "Git tracks the file, so the first real value that somebody fills in goes out with the next `git commit -a`.",
    }
    .to_owned()
}

fn fix(published: &Published) -> String {
    let path = published.path.as_str();
    let rotate = real_keys(&published.values).map(|real| real.rotate());
    let name =
        Some(file_name(path)).filter(|name| is_nameable(name.trim_start_matches('.'))).unwrap_or(".env");
    if published.commit.is_some() {
        return match rotate {
            Some(rotate) => {
                format!("Treat it as leaked: {rotate}, and squash the branch before it is merged.")
            }
            None => {
                "Squash the branch before it is merged, and rotate whatever in it was meant to stay private."
                    .to_owned()
            }
        };
    }
    let rotate = match (rotate, severity(published)) {
        (Some(rotate), _) => format!(", {rotate}"),
        (None, Severity::Error) => ", rotate whatever in it is secret".to_owned(),
        (None, _) => String::new(),
    };
    let template = join(folder(path), ".env.example");
    format!(
        "Take it out of Git with {}, add {} to `.gitignore`{rotate}, and keep only {}.",
        git_rm(path),
        code(name),
        code(&template)
    )
}
