//! How much of an account's budget the sweep may spend: reviews have the rest, and never wait for it.

use crate::forge::Budget;

/// One of so many parts is the sweep's: of an hour's budget in any hour, and in one sweep of what there would be left
/// without it.
const PART: u64 = 4;

/// One of so many parts of the sweep's own share may go to repositories that are looked through by themselves, which
/// costs each as much as fifty together.
const SINGLE_PART: u64 = 4;

/// What the sweep has spent of one account's budgets. Requests and points are counted together against the smallest
/// budget: that is more careful than each against its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// In the last hour.
    spent: u64,
    /// In this sweep.
    spent_now: u64,
}

impl Share {
    pub(super) fn new(spent: u64) -> Self {
        Self { spent, spent_now: 0 }
    }

    pub(super) fn spend(&mut self, points: u64) {
        self.spent += points;
        self.spent_now += points;
    }

    /// May the sweep spend this much more? Yes, while the forge has told of no budget.
    pub(super) fn allows(&self, points: u64, budgets: &[Budget], now: i64) -> bool {
        let left = |b: &Budget| if b.resets_at <= now { b.limit } else { b.remaining };
        budgets.iter().all(|budget| {
            self.spent + points <= budget.limit / PART
                && self.spent_now + points <= (left(budget) + self.spent_now) / PART
        })
    }

    /// May a repository be looked through by itself?
    pub(super) fn allows_single(&self, budgets: &[Budget], now: i64) -> bool {
        let few = budgets.iter().all(|budget| self.spent < budget.limit / PART / SINGLE_PART);
        few && self.allows(1, budgets, now)
    }
}

/// Is more than half of every budget left? Then what nobody waits for may be reviewed.
pub(in crate::worker) fn is_plenty(budgets: &[Budget], now: i64) -> bool {
    budgets.iter().all(|b| b.resets_at <= now || b.remaining > b.limit / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: u64, remaining: u64) -> Budget {
        Budget { limit, remaining, resets_at: 100 }
    }

    #[test]
    fn a_quarter_of_an_hour_s_smallest_budget_is_the_sweep_s() {
        let budgets = [budget(12_500, 12_500), budget(5_000, 5_000)];
        let mut share = Share::new(1_200);
        assert!(share.allows(50, &budgets, 0));
        share.spend(50);
        assert!(!share.allows(1, &budgets, 0), "1,250 are spent");
        assert!(share.allows(1, &[], 0), "a forge without limits");
    }

    #[test]
    fn a_sweep_takes_a_quarter_of_what_the_reviews_have_left() {
        let mut share = Share::new(0);
        assert!(share.allows(10, &[budget(5_000, 40)], 0));
        share.spend(10);
        assert!(!share.allows(1, &[budget(5_000, 30)], 0));
        let next_hour = Share::new(10);
        assert!(next_hour.allows(1_000, &[budget(5_000, 40)], 100), "the budget is whole again");
    }

    #[test]
    fn a_repository_by_itself_gets_a_quarter_of_the_quarter() {
        let budgets = [budget(5_000, 5_000)];
        assert!(Share::new(311).allows_single(&budgets, 0));
        assert!(!Share::new(312).allows_single(&budgets, 0));
    }

    #[test]
    fn what_nobody_waits_for_is_reviewed_while_more_than_half_is_left() {
        assert!(is_plenty(&[budget(5_000, 2_501)], 0) && is_plenty(&[], 0));
        assert!(!is_plenty(&[budget(5_000, 4_000), budget(5_000, 2_500)], 0));
        assert!(is_plenty(&[budget(5_000, 0)], 100), "the hour is over");
    }
}
