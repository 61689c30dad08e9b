//! What must be posted, kept, edited or marked fixed so that the forge shows the findings.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::change::Path;
use super::finding::Fingerprint;
use super::id::Sha;

/// Which side of the diff an inline comment stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A removed line, numbered as at the merge base.
    Base,
    /// An added or context line, numbered as at head.
    Head,
}

/// A place in the diff that the forge is known to accept: inside a hunk of the exact head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub path: Path,
    pub side: Side,
    /// The line the comment hangs on; of a multi-line comment the last.
    pub line: u32,
    /// First line of a multi-line comment: smaller than `line` and in the same hunk. Else `None`.
    pub start_line: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    pub anchor: Anchor,
    /// Markdown with the hidden marker at its end.
    pub body: String,
    pub fingerprints: Vec<Fingerprint>,
}

/// One review: the only thing of ours that sends a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReview {
    /// The head that was judged; sent as `commit_id`.
    pub head: Sha,
    /// Markdown with the hidden marker at its end.
    pub body: String,
    pub comments: Vec<NewComment>,
}

/// What a posting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingKind {
    Inline,
    /// The body of a review.
    Summary,
}

/// What the store remembers of a comment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub kind: PostingKind,
    /// The forge's id of the comment (of a summary: of the review, or of the issue comment that carries its text).
    pub forge_id: u64,
    /// The review it came with.
    pub review_id: u64,
    /// What it reports. A summary's are those of findings that stand nowhere else.
    pub fingerprints: Vec<Fingerprint>,
    /// The sentence an inline comment opens with: what is struck through once it is fixed. Empty for a summary, and
    /// where the comment was found on the forge and nothing is remembered of it.
    pub headline: String,
    /// Hash of what the last body written said ([`body_hash`]): addresses, small print and marker do not count, so
    /// that a push that changes nothing else edits nothing.
    pub body_hash: String,
    /// It says "fixed" for all of its fingerprints.
    pub fixed: bool,
    /// A person removed it from the forge: never posted inline again.
    pub removed: bool,
}

/// The first 32 hex digits of a text's SHA-256.
pub fn body_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text)).chars().take(32).collect()
}

/// An own comment as it stands on the forge now. Its body is not asked for: Forgejo returns an edited review's old text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgePosting {
    pub kind: PostingKind,
    pub forge_id: u64,
    pub review_id: u64,
    /// From the hidden marker.
    pub fingerprints: Vec<Fingerprint>,
}

/// A new text for a comment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentEdit {
    pub kind: PostingKind,
    pub forge_id: u64,
    pub review_id: u64,
    pub body: String,
    pub fingerprints: Vec<Fingerprint>,
    pub fixed: bool,
}

/// The difference between what the forge shows and what it must show. Empty: nothing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub review: Option<NewReview>,
    pub edits: Vec<CommentEdit>,
}
