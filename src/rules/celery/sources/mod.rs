//! Where broker URLs stand in a changed file, whatever its format.

mod code;
mod commands;
mod config;
mod docs;
mod env;
mod file;
mod format;
mod lines;

use std::sync::Arc;

use crate::project::Project;
use crate::rules::Context;
use crate::source::NotLoaded;

use super::broker_url::{BrokerUrl, Purpose};
use super::keys;

use file::File;
use format::Format;

/// The URLs that are meant to be used: tests hand over odd ones on purpose.
pub(super) fn in_use(context: &Context<'_>) -> Result<Vec<Arc<BrokerUrl>>, NotLoaded> {
    in_change(context, &[Purpose::Code])
}

/// Every broker URL in the changed files of these purposes, on the side that is judged.
pub(super) fn in_change(
    context: &Context<'_>,
    purposes: &[Purpose],
) -> Result<Vec<Arc<BrokerUrl>>, NotLoaded> {
    let files = context.files().filter(|file| purposes.contains(&format::purpose(file.path)));
    let urls = files.map(|file| {
        let found = context.here.learnt("broker URLs", file.path, || in_file(context.here, file.path))?;
        // Without hunks, as on the base side, every URL is told where it stands.
        let hunks = context.change.file_at_head(file.path).and_then(|changed| changed.hunks.as_deref());
        let told = |url: &Arc<BrokerUrl>| match url.changed_part(hunks.unwrap_or(&[])) {
            Some(span) => Arc::new(BrokerUrl { span, ..(**url).clone() }),
            None => Arc::clone(url),
        };
        Ok(found.iter().map(told).collect::<Vec<_>>())
    });
    Ok(NotLoaded::all(urls)?.concat())
}

/// All of one file: found once, however many rules ask.
fn in_file(project: &Project, path: &str) -> Result<Vec<Arc<BrokerUrl>>, NotLoaded> {
    let by_name = Format::by_name(path);
    if by_name.is_none() && !format::is_bare(path) {
        return Ok(Vec::new());
    }
    let Some(text) = project.text(path)?.filter(|text| keys::may_hold_broker(text.as_str())) else {
        return Ok(Vec::new());
    };
    let Some(format) = by_name.or_else(|| Format::by_first_line(text.as_str())) else {
        return Ok(Vec::new());
    };
    let file = File::new(path, &text);
    let urls = match format {
        Format::Python => match project.module(path)? {
            Some(module) => code::urls(&file, project, &module)?,
            None => Vec::new(),
        },
        Format::Env => env::urls(&file, project)?,
        Format::Yaml => project.yaml(path)?.map_or_else(Vec::new, |yaml| config::urls(&file, &yaml)),
        Format::Docs => docs::urls(&file),
        Format::Lines(syntax) => lines::urls(&file, syntax),
    };
    Ok(urls.into_iter().map(Arc::new).collect())
}
