use crate::model::catalogue;
use crate::model::change::Uncommitted;
use crate::model::finding::{Finding, Fix, NodeText, Place, Position, Severity, Span, code};
use crate::project::env::env_files::{self, Role};
use crate::project::env::secret::is_nameable;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::source::snapshot::both;
use crate::source::tree::{file_name, folder, join};

use super::exposure::{Value, git, is_plain, real_keys, rewrite};
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
    // The line as such, without a column: how long a name or a value is stays untold.
    let at = |line, column| Position { line, column };
    let line = published.line.map(|line| Span { start: at(line, 1), end: at(line, 2) });
    let place = match line {
        Some(span) => Place::Head { path: path.to_owned(), span },
        None => Place::Path(path.to_owned()),
    };
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
    let is = match published.uncommitted {
        None => "is committed",
        Some(Uncommitted::Staged) => "is staged",
        Some(Uncommitted::Untracked) => "is untracked, not ignored",
    };
    match (&published.how, real) {
        (How::Modified, Some(real)) => format!("{name} {is}, and this change adds {}", real.phrase()),
        (How::Modified, None) => format!("{name} {is}, and this change edits its values"),
        (How::Link { target, inside: false }, _) => {
            format!("{name} {is} as a link to {}, which is not in the repository", place_of(target))
        }
        (How::Link { target, .. }, real) => {
            let holds = real.map_or_else(String::new, |real| format!(", which holds {}", real.phrase()));
            format!("{name} {is} as a link to {}{holds}", place_of(target))
        }
        (How::Lfs, _) => format!("{name} {is}, its content to Git LFS"),
        (How::From { previous, copied }, None) => {
            let how = if *copied { "copied" } else { "renamed" };
            format!("{name} {is}, {how} from {}", code(previous))
        }
        (_, Some(real)) => format!("{name} {is} and holds {}", real.phrase()),
        (_, None) => format!("{name} {is}"),
    }
}

/// A link's target is text that anybody wrote: shown where it looks like the path that it should be.
fn place_of(target: &str) -> String {
    let is_path = is_plain(target)
        && target.split('/').all(|part| part.split('.').all(|p| p.is_empty() || is_nameable(p)));
    if is_path { code(target) } else { "another file".to_owned() }
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
        _ if published.uncommitted == Some(Uncommitted::Untracked) => {
            "The next `git add .` takes it, and the next push publishes it."
        }
        _ if published.uncommitted == Some(Uncommitted::Staged) => {
            "The next commit takes it, and the next push publishes it."
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
    if let Some(sha) = &published.commit {
        let rotate = rotate.unwrap_or_else(|| "rotate whatever in it was meant to stay private".to_owned());
        return rewrite(&rotate, sha);
    }
    let name = Some(file_name(path)).filter(|name| is_plain(name)).unwrap_or(".env");
    let template = code(&join(folder(path), ".env.example"));
    // Works wherever the file's last line ends.
    let ignore = code(&format!("printf '\\n{name}\\n' >> .gitignore"));
    match published.uncommitted {
        Some(Uncommitted::Untracked) => {
            return format!("At the root of the repository run {ignore}, and commit only {template}.");
        }
        Some(Uncommitted::Staged) => {
            let unstage = git("restore --staged", path);
            return format!(
                "At the root of the repository run {unstage} and {ignore}, and commit only {template}."
            );
        }
        None => {}
    }
    let rotate = match (rotate, severity(published)) {
        (Some(rotate), _) => format!(", {rotate}"),
        (None, Severity::Error) => ", rotate whatever in it is secret".to_owned(),
        (None, _) => String::new(),
    };
    format!(
        "Take it out of Git with {}, add {} to `.gitignore`{rotate}, and keep only {template}.",
        git("rm --cached", path),
        code(name),
    )
}
