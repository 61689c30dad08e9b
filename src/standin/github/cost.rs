//! What a query costs by GitHub's published formula, whatever it finds: each connection is one request for everything
//! above it, and a hundred requests are a point. No query may ask for more than 500,000 nodes.

use super::query::Selection;

const MOST_NODES: u64 = 500_000;

#[derive(Debug, Default)]
struct Sum {
    requests: u64,
    nodes: u64,
}

/// The points, or why GitHub does not take it.
pub(super) fn of(selections: &[Selection]) -> Result<u64, String> {
    let mut sum = Sum::default();
    add(selections, 1, &mut sum)?;
    if sum.nodes > MOST_NODES {
        return Err(format!("the query asks for {} nodes", sum.nodes));
    }
    Ok(((sum.requests + 50) / 100).max(1))
}

/// `times`: so often these fields are resolved at most.
fn add(selections: &[Selection], times: u64, sum: &mut Sum) -> Result<(), String> {
    for selection in selections {
        let (name, arguments, inner) = match selection {
            Selection::On { inner, .. } => {
                add(inner, times, sum)?;
                continue;
            }
            Selection::Field { name, arguments, inner, .. } => (name, arguments, inner),
        };
        let is_connection =
            inner.iter().any(|s| matches!(s, Selection::Field { name, .. } if name == "nodes"));
        if !is_connection {
            add(inner, times, sum)?;
            continue;
        }
        let size = arguments.iter().find(|(key, _)| key == "first" || key == "last").map(|(_, value)| value);
        let size = size.and_then(serde_json::Value::as_u64).filter(|size| (1..=100).contains(size));
        let size = size.ok_or_else(|| format!("{name} asks for no page, or for one of more than 100"))?;
        sum.requests += times;
        sum.nodes = sum.nodes.saturating_add(times.saturating_mul(size));
        add(inner, times.saturating_mul(size), sum)?;
    }
    Ok(())
}
