//! The open pull requests of many repositories with one query.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::http::GraphReply;
use super::pulls::{known, latest, sha};
use super::wire::{GraphRepository, ListedPull, Nodes};
use super::{GitHub, answer, queries};
use crate::forge::{ForgeError, ListAsked, Lists, OpenPulls, Result};
use crate::model::pull::OpenPull;

/// Repositories in one query. A hundred would cost the same one point, and come nearer to the ten seconds after which
/// GitHub gives an answer up.
pub(super) const AT_ONCE: usize = 50;

const WHAT: &str = "the open pull requests";

#[derive(Deserialize)]
struct OneList {
    #[serde(flatten)]
    repository: GraphRepository,
    #[serde(rename = "pullRequests")]
    pulls: Nodes<ListedPull>,
}

impl GitHub {
    pub(super) async fn read_lists(&self, asked: &[ListAsked]) -> Result<Lists> {
        let Some(first) = asked.first() else { return Ok(Lists { parts: Vec::new(), points: 0 }) };
        let installation = self.installation(&first.repository).await?;
        let mut variables = Map::new();
        for (i, list) in asked.iter().enumerate() {
            variables.insert(format!("o{i}"), list.repository.owner.as_str().into());
            variables.insert(format!("n{i}"), list.repository.name.as_str().into());
            variables.insert(format!("a{i}"), list.after.as_deref().into());
        }
        let query = queries::open_pulls(asked.len());
        let answer = self.http.graphql(installation, &query, Value::Object(variables), WHAT).await?;
        // A server without limits says null.
        let points = answer.data.pointer("/rateLimit/cost").and_then(Value::as_u64).unwrap_or(0);
        let parts = asked.iter().enumerate().map(|(i, list)| part(&answer, i, list, installation)).collect();
        Ok(Lists { parts, points })
    }
}

/// What the answer says of one repository.
fn part(answer: &GraphReply, i: usize, asked: &ListAsked, installation: u64) -> Result<OpenPulls> {
    let (alias, what) = (format!("r{i}"), format!("{WHAT} of {}", asked.repository.full_name()));
    let missing = || {
        let error = answer.errors.iter().find(|e| e.is_about(&[&alias]));
        error.map_or_else(|| ForgeError::NotFound { what: what.clone() }, |e| e.as_error(&what))
    };
    let found = answer.data.get(&alias).filter(|found| !found.is_null()).ok_or_else(missing)?;
    let found = OneList::deserialize(found)
        .map_err(|e| answer::transient(&what, format!("GitHub's answer does not decode: {e}")))?;
    let repository = known(&found.repository, &asked.repository, installation, &what)?;
    let next = found.pulls.page.end_cursor.clone().filter(|_| found.pulls.page.has_next_page);
    let nodes = found.pulls.nodes.ok_or_else(missing)?;
    Ok(OpenPulls {
        repository,
        default_branch: found.repository.default_branch_ref.map_or_else(String::new, |b| b.name),
        // An entry that GitHub shows in part only is looked at by itself.
        pulls: nodes.into_iter().flatten().filter_map(|wire| open_pull(wire, &what).ok()).collect(),
        next,
    })
}

fn open_pull(wire: ListedPull, what: &str) -> Result<OpenPull> {
    let head = wire.head_ref.and_then(|head| head.target).and_then(|tip| tip.committed_date);
    Ok(OpenPull {
        number: wire.number,
        head: sha(&wire.head_ref_oid, what)?,
        base_branch: wire.base_ref_name,
        draft: wire.is_draft,
        head_since: latest(head.as_deref().into_iter().chain([wire.created_at.as_str()])),
    })
}
