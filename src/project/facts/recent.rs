//! What was read lately of texts and is not kept.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of what was read lately beyond what is kept: a rule asks for the same file several times in a row. What made
/// room for others is there while somebody has it, and then read again.
const MAX_RECENT: usize = 48 * 1024 * 1024;

/// What was read lately and is not kept, oldest first, with its bytes.
#[derive(Default)]
pub(super) struct Recent {
    facts: VecDeque<(usize, Arc<dyn Any + Send + Sync>)>,
    bytes: usize,
}

impl Recent {
    /// Gives back what made room: trees take a while to fall. One that is too long alone does not stay at all: two
    /// megabytes of nothing but brackets are a hundred of tree.
    pub(super) fn add(
        &mut self,
        weight: usize,
        fact: Arc<dyn Any + Send + Sync>,
    ) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.facts.push_back((weight, fact));
        self.bytes += weight;
        let mut gone = Vec::new();
        while self.bytes > MAX_RECENT {
            let Some((weight, oldest)) = self.facts.pop_front() else { break };
            self.bytes -= weight;
            gone.push(oldest);
        }
        gone
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
