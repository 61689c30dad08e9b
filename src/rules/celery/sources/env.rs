//! Broker URLs in env files and their templates.

use crate::project::Project;
use crate::project::env::env_files::is_compose_file;
use crate::project::env::readers::EnvReaders;
use crate::rules::celery::broker_url::{BrokerUrl, Kept, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::{Role, read};
use crate::source::NotLoaded;
use crate::source::tree::folder;
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Quote};

use super::file::{Candidate, File};

pub(super) fn urls(file: &File<'_>, project: &Project) -> Result<Vec<BrokerUrl>, NotLoaded> {
    let Some(env) = project.env_file(file.path)? else { return Ok(Vec::new()) };
    let tree = project.tree()?;
    let own = folder(file.path);
    let beside_compose = || tree.under(own).any(|path| folder(path) == own && is_compose_file(path));
    let interpolated = own.is_empty() || beside_compose();
    let mut urls = Vec::new();
    for assignment in env.assignments() {
        let Some(mut url) = url(file, &env, assignment, interpolated) else { continue };
        if url.reading.fault("CEL005").is_some() || assignment.comment.is_some() {
            url.kept = kept(&env, assignment, &project.fact::<EnvReaders>(&())?.of(file.path));
        }
        urls.push(url);
    }
    Ok(urls)
}

fn url(file: &File<'_>, env: &EnvFile, assignment: &Assignment, interpolated: bool) -> Option<BrokerUrl> {
    let key = env.key(assignment);
    let role = file.role(key);
    let bytes = match assignment.quote {
        // Blanks and what looks like a comment may be part of the address: the grammar decides.
        Quote::None => assignment.value.start..assignment.raw.end,
        Quote::Single | Quote::Double => assignment.value.clone(),
        Quote::Broken => assignment.raw.clone(),
    };
    let value = env.slice(&bytes);
    let literal = !interpolated || assignment.quote == Quote::Single;
    let syntax = if literal { Syntax::Literal } else { Syntax::Compose };
    let keys = vec![key.to_owned()];
    let found = Candidate { keys, role, syntax, value: value.to_owned(), bytes, origin: Origin::Env };
    file.url(found)
}

/// Does what stands around the value reach a reader of this file?
fn kept(env: &EnvFile, assignment: &Assignment, readers: &[EnvReader]) -> Kept {
    let keeps = |reader: &EnvReader| env.read(assignment, *reader).value().is_some_and(has_artefact);
    if readers.iter().any(keeps) {
        Kept::Surely
    } else if readers.is_empty() {
        Kept::Perhaps
    } else {
        Kept::No
    }
}

/// Blanks, quotes or a comment around a value as its reader gets it.
fn has_artefact(value: &str) -> bool {
    read(value, Syntax::Literal, Role::Unknown).fault("CEL005").is_some()
}
