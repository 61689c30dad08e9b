//! Trees and texts as they were read, and what changed between two of them.

pub mod anchor;
pub mod compare;
pub mod diff;
pub mod edit;
pub mod snapshot;
pub mod text;
pub mod tree;

pub use snapshot::{NotLoaded, Snapshot, SnapshotId, Want};
pub use text::Text;
pub use tree::{Blob, Tree, TreeEntry};
