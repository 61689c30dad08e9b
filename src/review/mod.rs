//! One run, end to end: read, judge, plan, publish.
//!
//! A run is data (`run`); what is done with it are functions. `reviewer` reads from top to bottom:
//!
//! ```text
//! reviewer                what a job asks for, step by step
//!  ├ look                 the pull request as it is now
//!  ├ earlier              the runs that were begun before are ended
//!  ├ prepare · judge      policy, deployed refs, what the base is used to, the engine's rounds
//!  └ publish              review and edits
//!     └ status            the one status of the head
//!        └ ledger         what the store is told
//!           └ run         job, forge, store, clock, lease, what it is about
//! ```

mod adopting;
mod earlier;
pub mod judge;
mod ledger;
mod links;
mod look;
mod page;
mod perform;
pub mod prepare;
mod publish;
mod reviewer;
mod run;
mod shared_head;
mod status;

pub use perform::{JobEnd, JobError, Lease, Perform};
pub use reviewer::Reviewer;
