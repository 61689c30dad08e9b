//! Broker URLs in env files and their templates.

use crate::project::Project;
use crate::project::env::env_files::is_compose_file;
use crate::project::env::readers::EnvReaders;
use crate::rules::celery::holes::Syntax;
use crate::source::NotLoaded;
use crate::source::tree::folder;
use crate::syntax::dotenv::{Assignment, EnvFile, EnvReader, Quote};

use super::{File, Found, Kept, Origin, Source, has_artefact};

pub(super) fn sources(file: &File<'_>, project: &Project) -> Result<Vec<Source>, NotLoaded> {
    let Some(env) = project.env_file(file.path)? else { return Ok(Vec::new()) };
    let tree = project.tree()?;
    let own = folder(file.path);
    let beside_compose = || tree.under(own).any(|path| folder(path) == own && is_compose_file(path));
    let interpolated = own.is_empty() || beside_compose();
    let mut sources = Vec::new();
    for assignment in env.assignments() {
        let Some(mut source) = source(file, &env, assignment, interpolated) else { continue };
        if source.reading.fault("CEL005").is_some() || assignment.comment.is_some() {
            source.kept = kept(&env, assignment, &project.fact::<EnvReaders>(&())?.of(file.path));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(file: &File<'_>, env: &EnvFile, assignment: &Assignment, interpolated: bool) -> Option<Source> {
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
    let found = Found { keys, role, syntax, value: value.to_owned(), bytes, origin: Origin::Env };
    file.source(found)
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
