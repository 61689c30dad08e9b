//! What was pytest's before.

use crate::project::python::pytest::Pytest;
use crate::rules::Context;
use crate::source::NotLoaded;

/// Did the repository run its tests with pytest before the change? Then nothing of it is new.
pub(in crate::rules::testing) fn is_old(context: &Context<'_>) -> Result<bool, NotLoaded> {
    Ok(context.merge_base.fact::<Pytest>(&())?.is_used)
}
