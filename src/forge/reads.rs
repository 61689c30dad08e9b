//! Reading many things of which each may fail: one that does costs itself only.

use super::{ForgeError, Result};

/// What was read so far, and the first fault.
#[derive(Debug)]
pub(super) struct Reads<T> {
    found: Vec<T>,
    any: bool,
    fault: Option<ForgeError>,
}

impl<T> Default for Reads<T> {
    fn default() -> Self {
        Self { found: Vec::new(), any: false, fault: None }
    }
}

impl<T> Reads<T> {
    /// Takes one read in. Only a rate limit ends the reading: it holds for all that would follow.
    pub(super) fn add(&mut self, read: Result<Vec<T>>) -> Result<()> {
        match read {
            Ok(found) => {
                self.any = true;
                self.found.extend(found);
            }
            Err(error @ ForgeError::RateLimited { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "left out; the others are read");
                self.fault.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// All that was found; the first fault where nothing could be read at all.
    pub(super) fn end(self) -> Result<Vec<T>> {
        match self.fault {
            Some(fault) if !self.any => Err(fault),
            _ => Ok(self.found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> ForgeError {
        ForgeError::NotFound { what: "it".into() }
    }

    #[test]
    fn one_fault_costs_itself_and_only_faults_are_an_error() {
        let mut reads = Reads::default();
        reads.add(Err(lost())).unwrap();
        reads.add(Ok(vec![1])).unwrap();
        assert_eq!(reads.end().unwrap(), [1]);

        let mut reads = Reads::<u8>::default();
        reads.add(Err(lost())).unwrap();
        assert!(matches!(reads.end(), Err(ForgeError::NotFound { .. })));
        assert!(Reads::<u8>::default().end().unwrap().is_empty(), "nothing asked for is nothing found");
    }

    #[test]
    fn a_rate_limit_ends_it() {
        let limited = Reads::<u8>::default().add(Err(ForgeError::RateLimited { until_ms: 5 }));
        assert!(matches!(limited, Err(ForgeError::RateLimited { until_ms: 5 })));
    }
}
