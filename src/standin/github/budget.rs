//! The hourly budgets of an installation: requests over REST, points over GraphQL.

use serde_json::json;

use super::answer::Answer;
use super::now_ms;

const HOUR: i64 = 3_600_000;

#[derive(Debug)]
pub(super) struct Budget {
    /// GitHub's word for it.
    name: &'static str,
    pub(super) limit: u64,
    used: u64,
    resets_at: i64,
}

impl Budget {
    /// GitHub's smallest.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, limit: 5_000, used: 0, resets_at: 0 }
    }

    /// Takes so much; the refusal, when nothing is left. The hour begins with its first request.
    pub(super) fn take(&mut self, points: u64) -> Result<(), Answer> {
        if self.resets_at <= now_ms() {
            (self.used, self.resets_at) = (0, now_ms() + HOUR);
        }
        if self.used >= self.limit {
            return Err(self.refusal());
        }
        self.used += points;
        Ok(())
    }

    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// As it stands on every answer.
    pub(super) fn tell(&self, answer: &mut Answer) {
        answer.headers.extend([
            ("x-ratelimit-resource", self.name.to_owned()),
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining().to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", (self.resets_at / 1000).to_string()),
        ]);
    }

    /// REST refuses with 403, GraphQL with 200.
    fn refusal(&self) -> Answer {
        let message = "API rate limit exceeded for installation.";
        match self.name {
            "graphql" => Answer::ok(&json!({"errors": [{"type": "RATE_LIMITED", "message": message}]})),
            _ => Answer::message(403, message),
        }
    }
}
