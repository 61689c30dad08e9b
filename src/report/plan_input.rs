//! What a plan is made from.

use std::fmt;

use crate::model::change::Change;
use crate::model::judgement::Judgement;
use crate::model::plan::{ForgePosting, Posting};
use crate::model::pull::Capabilities;

use super::replacement::LineText;
use super::wording::Links;

/// All that a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    pub judgement: &'a Judgement,
    /// The change that was judged, with its hunks.
    pub change: &'a Change,
    /// What the store remembers.
    pub stored: &'a [Posting],
    /// What stands on the forge now.
    pub present: &'a [ForgePosting],
    pub capabilities: Capabilities,
    pub links: &'a dyn Links,
    /// Name of the branch it is to be merged into.
    pub base_branch: &'a str,
    /// How many inline comments may stand open at a time.
    pub max_comments: usize,
    /// `false` for drafts and for heads older than the installation: what stands is edited, nothing new is posted.
    pub review_wanted: bool,
    /// The head's text of a line without its line end; `None` where it is not known.
    pub line_text: LineText<'a>,
}

impl fmt::Debug for PlanInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanInput").field("head", &self.judgement.head).finish_non_exhaustive()
    }
}
