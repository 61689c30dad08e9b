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

use crate::model::finding::Finding;
use crate::project::{Fact, Project};
use crate::rules::{Context, Found, Reading, Rule, ScopedFile};
use crate::source::NotLoaded;

use super::broker_url::{BrokerUrl, Purpose};
use super::keys;
use super::url::UrlFault;

use file::File;
use format::Format;

/// What a rule says of the URLs with its fault, if the file is of one of these purposes: tests hand over odd URLs on
/// purpose, and text only explains.
pub(super) fn each(
    context: &Context<'_>,
    file: ScopedFile<'_>,
    rule: &Rule,
    purposes: &[Purpose],
    judge: impl Fn(&BrokerUrl, &UrlFault) -> Option<Finding>,
) -> Found {
    let urls = of(context, file, purposes)?;
    Ok(urls.iter().filter_map(|url| judge(url, url.reading.fault(rule.code())?)).collect())
}

/// Every broker URL of a changed file, if it is of one of these purposes.
pub(super) fn of(
    context: &Context<'_>,
    file: ScopedFile<'_>,
    purposes: &[Purpose],
) -> Result<Vec<Arc<BrokerUrl>>, NotLoaded> {
    if !purposes.contains(&format::purpose(file.path)) {
        return Ok(Vec::new());
    }
    let found = context.here.fact::<BrokerUrls>(file.path)?;
    // Without hunks, as on the base side of a renamed file, every URL is told where it stands.
    let changed = Some(file.changed).filter(|changed| changed.head_path() == Some(file.path));
    let hunks = changed.and_then(|changed| changed.hunks.as_deref());
    let told = |url: &Arc<BrokerUrl>| match url.changed_part(hunks.unwrap_or(&[])) {
        Some(span) => Arc::new(BrokerUrl { span, ..(**url).clone() }),
        None => Arc::clone(url),
    };
    Ok(found.0.iter().map(told).collect())
}

/// Files in which a broker URL is looked for: of a known format by their names, or without an extension. Nobody misses
/// what a large fixture or a program could have held.
pub(super) fn reading(path: &str) -> Reading {
    match Format::by_name(path) {
        Some(Format::Python | Format::Env) => Reading::WithOthers,
        Some(Format::Yaml) if format::is_json(path) => Reading::InPassing,
        Some(Format::Yaml | Format::Lines(_)) => Reading::Alone,
        Some(Format::Docs) => Reading::InPassing,
        None => Reading::InPassing.when(format::is_bare(path)),
    }
}

/// All of one file: found once, however many rules ask.
struct BrokerUrls(Vec<Arc<BrokerUrl>>);

impl Fact for BrokerUrls {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        Ok(Self(in_file(project, path)?.into_iter().map(Arc::new).collect()))
    }
}

fn in_file(project: &Project, path: &str) -> Result<Vec<BrokerUrl>, NotLoaded> {
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
    match format.with_text(text.as_str()) {
        Format::Python => code::urls(&file, project),
        Format::Env => env::urls(&file, project),
        Format::Yaml => Ok(project.yaml(path)?.map_or_else(Vec::new, |yaml| config::urls(&file, &yaml))),
        Format::Docs => Ok(docs::urls(&file)),
        Format::Lines(syntax) => Ok(lines::urls(&file, syntax)),
    }
}
