//! Our own postings, from what the store remembers and what the forge shows.

use std::collections::{HashMap, HashSet};

use crate::model::finding::Fingerprint;
use crate::model::judgement::Reported;
use crate::model::plan::{ForgePosting, Posting};

/// A posting, and whether it still stands on the forge.
pub(super) struct Known {
    pub(super) posting: Posting,
    pub(super) live: bool,
}

impl Known {
    pub(super) fn as_remembered(&self) -> Posting {
        Posting { removed: !self.live, ..self.posting.clone() }
    }

    pub(super) fn names(&self, fingerprint: &Fingerprint) -> bool {
        self.posting.fingerprints.contains(fingerprint)
    }
}

/// The store's postings, those that only the forge knows (the store was lost, or we were stopped before we could
/// remember), and of both whether they stand.
pub(super) fn known(stored: &[Posting], present: &[ForgePosting]) -> Vec<Known> {
    let on_forge: HashMap<_, _> = present.iter().map(|p| ((p.kind, p.forge_id), p)).collect();
    let in_store: HashSet<_> = stored.iter().map(|p| (p.kind, p.forge_id)).collect();
    let remembered = stored.iter().map(|posting| {
        let standing = on_forge.get(&(posting.kind, posting.forge_id));
        let mut posting = posting.clone();
        for fingerprint in standing.iter().flat_map(|s| &s.fingerprints) {
            if !posting.fingerprints.contains(fingerprint) {
                posting.fingerprints.push(fingerprint.clone());
            }
        }
        Known { posting, live: standing.is_some() }
    });
    let adopted = present.iter().filter(|p| !in_store.contains(&(p.kind, p.forge_id))).map(|p| Known {
        posting: Posting {
            kind: p.kind,
            forge_id: p.forge_id,
            review_id: p.review_id,
            fingerprints: p.fingerprints.clone(),
            headline: String::new(),
            body_hash: String::new(),
            fixed: false,
            removed: false,
        },
        live: true,
    });
    remembered.chain(adopted).collect()
}

/// What is named once stays named: a finding that comes back is known.
pub(super) fn united(names: &[Fingerprint], members: &[&Reported]) -> Vec<Fingerprint> {
    let mut all = names.to_vec();
    for reported in members {
        if !all.contains(&reported.fingerprint) {
            all.push(reported.fingerprint.clone());
        }
    }
    all
}
