//! Two open pull requests may share a head sha, and a commit has one status: it is the worst of their verdicts.

use crate::model::judgement::Verdict;
use crate::store::pulls::HeadVerdict;
use crate::store::runs::RunOutcome;

/// The verdict of another pull request that outweighs our own.
pub(super) fn worse_than_own(
    own: RunOutcome,
    number: u64,
    verdicts: Vec<HeadVerdict>,
) -> Option<HeadVerdict> {
    let others = verdicts.into_iter().filter(|v| v.number != number);
    others
        .filter(|v| weight(v.outcome) > weight(own))
        .max_by_key(|v| (weight(v.outcome), std::cmp::Reverse(v.number)))
}

/// The other pull requests that are green while we are not.
pub(super) fn greener(own: RunOutcome, number: u64, verdicts: Vec<HeadVerdict>) -> Vec<u64> {
    let green = |outcome| outcome == RunOutcome::Verdict(Verdict::Approved);
    let others = verdicts.into_iter().filter(|v| !green(own) && v.number != number && green(v.outcome));
    others.map(|v| v.number).collect()
}

fn weight(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Superseded => 0,
        RunOutcome::Verdict(Verdict::Approved) => 1,
        RunOutcome::Broken => 2,
        RunOutcome::Verdict(Verdict::Incomplete) => 3,
        RunOutcome::Verdict(Verdict::ChangesRequested) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: u64, verdict: Verdict) -> HeadVerdict {
        let outcome = RunOutcome::Verdict(verdict);
        HeadVerdict { number, outcome, description: String::new() }
    }

    #[test]
    fn only_the_green_ones_among_the_others_are_greener() {
        let verdicts =
            vec![of(1, Verdict::Approved), of(2, Verdict::Incomplete), of(3, Verdict::ChangesRequested)];
        assert_eq!(greener(RunOutcome::Broken, 2, verdicts.clone()), [1]);
        assert_eq!(greener(RunOutcome::Broken, 1, verdicts.clone()), [0; 0]);
        assert_eq!(greener(RunOutcome::Verdict(Verdict::Approved), 3, verdicts), [0; 0]);
    }

    #[test]
    fn the_worst_of_the_others_speaks_and_equals_do_not() {
        let green = RunOutcome::Verdict(Verdict::Approved);
        let verdicts =
            vec![of(1, Verdict::Approved), of(2, Verdict::Incomplete), of(3, Verdict::ChangesRequested)];
        assert_eq!(worse_than_own(green, 1, verdicts.clone()).unwrap().number, 3);
        assert_eq!(worse_than_own(RunOutcome::Verdict(Verdict::ChangesRequested), 1, verdicts), None);
        assert_eq!(worse_than_own(green, 1, vec![of(1, Verdict::ChangesRequested)]), None);
    }
}
