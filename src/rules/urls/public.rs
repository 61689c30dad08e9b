//! Which routes anybody may see.

use crate::project::django::routes::tree::{Route, Routes};

/// First segments of what is not for the public.
const INTERNAL: [&str; 8] =
    ["admin", "internal", "staff", "backoffice", "back-office", "backend", "__debug__", "debug"];
/// What the names of decorators hold that let only staff in, or whom a permission was given.
const STAFF: [&str; 6] = ["staff", "admin", "superuser", "manager", "permission", "passes_test"];

/// Where a route of a urls module can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// By anybody, for certain.
    Public,
    /// Nobody knows where it hangs in the tree.
    Perhaps,
    /// Under `admin/` or `internal/`, only while debugging, or by staff.
    Inside,
}

/// What the ways to one place of a urls module say.
pub(super) fn seen<'a>(routes: &Routes, ways: impl Iterator<Item = &'a Route>) -> Seen {
    let ways: Vec<&Route> = ways.collect();
    match ways.as_slice() {
        [] => Seen::Perhaps,
        all if all.iter().all(|way| is_inside(way)) => Seen::Inside,
        all if routes.is_rooted()
            && all.iter().all(|way| way.above.route.is_some() && !way.above.is_wrapped) =>
        {
            Seen::Public
        }
        _ => Seen::Perhaps,
    }
}

fn is_inside(way: &Route) -> bool {
    let segments = way.above.route.as_deref().unwrap_or_default().split('/');
    let is_internal = segments.map(|segment| segment.trim_start_matches('^')).any(|s| INTERNAL.contains(&s));
    let wrappers = way.wrappers.iter().map(String::as_str);
    way.above.is_conditional || is_internal || wrappers.into_iter().any(is_for_staff)
}

/// May this be, by its dotted name, a decorator that lets only staff in?
pub(super) fn is_for_staff(decorator: &str) -> bool {
    decorator.rsplit('.').next().is_some_and(|last| STAFF.iter().any(|word| last.contains(word)))
}
