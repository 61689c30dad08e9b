//! Which lines of env files are looked at, and which of them may be shown.

use std::sync::Arc;

use crate::model::finding::{NodeText, Place, Position, Span};
use crate::project::Project;
use crate::project::env::env_files::{self, Role};
use crate::project::env::secret;
use crate::source::{Blob, NotLoaded, Text};
use crate::syntax::dotenv::{Assignment, Content, EnvFile, Line};

/// An env file or template whose lines are read by more than a shell.
pub(super) fn read_by_line(project: &Project, path: &str) -> Result<Option<Arc<EnvFile>>, NotLoaded> {
    let read = is_read_by_line(project, path)?;
    if read { project.env_file(path) } else { Ok(None) }
}

fn is_read_by_line(project: &Project, path: &str) -> Result<bool, NotLoaded> {
    let extension = path.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    let other_format =
        matches!(extension.as_str(), "md" | "yml" | "yaml" | "json" | "toml" | "py" | "js" | "ts" | "php");
    if other_format || env_files::is_shell(path) {
        return Ok(false);
    }
    match env_files::role(path) {
        None => Ok(false),
        Some(Role::Template) => Ok(true),
        Some(Role::EnvFile | Role::Perhaps(_)) => {
            let file = project.env_file(path)?;
            let readable = file.as_ref().is_some_and(|file| !is_opaque(file.text()));
            Ok(readable && env_files::is_env_file(path, &[&*project.tree()?], file.as_deref()))
        }
    }
}

/// Encrypted as a whole, or a pointer.
fn is_opaque(text: &Text) -> bool {
    let blob = Blob::Text(text.clone());
    env_files::is_encrypted(&blob, "") || env_files::is_lfs_pointer(&blob)
}

/// A line whose value has holes of a template language in it says nothing about what will stand there.
pub(super) fn has_holes(file: &EnvFile, assignment: &Assignment) -> bool {
    let statement = file.slice(&assignment.statement);
    ["{{", "{%", "<%"].iter().any(|hole| statement.contains(hole))
}

/// The key of a line, where nothing but a name can stand: every reader takes the line for an assignment. What stands
/// left of any other `=` may be a piece of a secret that was pasted or broken over lines.
pub(super) fn name<'f>(file: &'f EnvFile, line: &Line, assignment: &Assignment) -> Option<&'f str> {
    let key = file.key(assignment);
    let in_force = matches!(line.content, Content::Assignment(_));
    let is_usual = in_force || !key.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_name = is_usual && !line.may_be_rest && file.is_for_all(assignment) && secret::is_nameable(key);
    is_name.then_some(key)
}

/// Where a finding about a line stands. Of a line that may hold a secret not even the length is told.
pub(super) fn place(path: &str, file: &EnvFile, line: &Line, shown: Option<&Assignment>) -> Place {
    let at = |line, column| Position { line, column };
    let hidden = Span { start: at(line.number, 1), end: at(line.last, 2) };
    let span = shown.map_or(hidden, |assignment| file.span(&assignment.statement));
    Place::Head { path: path.to_owned(), span }
}

/// May the line be shown? In a template unless something on it could be a secret, in an env file only a placeholder.
fn may_be_shown(path: &str, file: &EnvFile, line: &Line, assignment: &Assignment) -> bool {
    let (key, value) = (file.key(assignment), file.value(assignment));
    let is_sensitive = secret::is_sensitive(key);
    let is_template = env_files::role(path) == Some(Role::Template) && !is_sensitive;
    // A comment behind the value may be the rest of it, or its predecessor; so each word counts as a secret's value.
    let mut words = file.raw(assignment).split([' ', '\t', '#']);
    name(file, line, assignment).is_some()
        && secret::classify(key, value).is_none()
        && words.all(|word| secret::classify("SECRET", word).is_none())
        && only_names_follow_dollars(file.slice(&assignment.statement))
        // `Xk29://Qprt` is a plain URL where no password is expected.
        && value.matches("://").count() <= usize::from(!is_sensitive)
        && !secret::may_hold_login(value)
        && (is_template || if is_sensitive { secret::is_stand_in(value) } else { secret::is_placeholder(key, value) })
}

/// `$DB_PASSWORD` refers to something; `$Xk29Qprt` is as likely a password, or the end of one.
fn only_names_follow_dollars(statement: &str) -> bool {
    statement.split('$').skip(1).all(|behind| {
        let behind = behind.strip_prefix('{').unwrap_or(behind);
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let name = behind.get(..end).unwrap_or("");
        let all = |is: fn(&u8) -> bool| name.bytes().all(|b| b == b'_' || is(&b));
        !name.is_empty() && (all(u8::is_ascii_uppercase) || all(u8::is_ascii_lowercase))
    })
}

/// The node of a finding about this line.
pub(super) fn node(path: &str, file: &EnvFile, line: &Line, assignment: &Assignment) -> NodeText {
    let squeezed: String = file.slice(&assignment.statement).chars().filter(|c| !c.is_whitespace()).collect();
    let shown = may_be_shown(path, file, line, assignment);
    if shown { NodeText::Open(squeezed) } else { NodeText::Secret(squeezed) }
}
