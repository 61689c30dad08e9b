//! The statements that move a job from state to state.

macro_rules! newer_waits {
    () => {
        "EXISTS (SELECT 1 FROM jobs n WHERE n.forge = jobs.forge AND n.repository_id = jobs.repository_id
            AND n.target = jobs.target AND n.kind = jobs.kind AND n.slot = jobs.slot AND n.state = 'ready' AND n.id <> jobs.id)"
    };
}

// $1 now, $2 when to try again, $3 the error.
macro_rules! retry {
    ($where:literal) => {
        concat!(
            "UPDATE jobs SET
                state = CASE WHEN ",
            newer_waits!(),
            " THEN 'superseded'
                    WHEN giving_up = 1 AND attempts >= max_attempts THEN 'dead' ELSE 'ready' END,
                giving_up = CASE WHEN attempts >= max_attempts THEN 1 ELSE giving_up END,
                attempts = CASE WHEN giving_up = 0 AND attempts >= max_attempts THEN 0 ELSE attempts END,
                run_at = CASE WHEN giving_up = 0 AND attempts >= max_attempts THEN $1 ELSE $2 END,
                last_error = CASE WHEN giving_up = 1 THEN last_error ELSE $3 END,
                stopped_at = $1, limited_since = NULL, lease_token = NULL, lease_until = NULL
             WHERE state = 'running' AND ",
            $where,
            " RETURNING state, giving_up"
        )
    };
}

pub(super) const RETRY: &str = retry!("id = $4 AND lease_token = $5");
// A lease of more than an hour was taken by a clock that was ahead: it would not end before that time comes.
pub(super) const REAP: &str = retry!("(lease_until < $1 OR lease_until > $1 + 3600000)");

pub(super) const FATAL: &str = concat!(
    "UPDATE jobs SET
        state = CASE WHEN ",
    newer_waits!(),
    " THEN 'superseded' WHEN giving_up = 1 THEN 'dead' ELSE 'ready' END,
        giving_up = 1, attempts = 0, run_at = $1,
        last_error = CASE WHEN giving_up = 1 THEN last_error ELSE $2 END,
        stopped_at = $1, limited_since = NULL, lease_token = NULL, lease_until = NULL
     WHERE state = 'running' AND id = $3 AND lease_token = $4 RETURNING state, giving_up"
);

// $1 now, $2 when to try again.
pub(super) const UNSPENT: &str = concat!(
    "UPDATE jobs SET
        state = CASE WHEN ",
    newer_waits!(),
    " THEN 'superseded' ELSE 'ready' END,
        attempts = attempts - 1, run_at = $2, stopped_at = $1, lease_token = NULL, lease_until = NULL
     WHERE state = 'running' AND id = $3 AND lease_token = $4 RETURNING state, giving_up"
);

// $1 now, $2 when to try again, $3 the error of one that is limited since before $6. A start in the future was written by
// a clock that was ahead.
pub(super) const LIMITED: &str = concat!(
    "UPDATE jobs SET
        state = CASE WHEN ", newer_waits!(), " THEN 'superseded'
            WHEN giving_up = 1 AND limited_since <= $6 THEN 'dead' ELSE 'ready' END,
        giving_up = CASE WHEN limited_since <= $6 THEN 1 ELSE giving_up END,
        attempts = CASE WHEN limited_since <= $6 THEN 0 ELSE attempts - 1 END,
        last_error = CASE WHEN giving_up = 0 AND limited_since <= $6 THEN $3 ELSE last_error END,
        limited_since = CASE WHEN limited_since <= $6 THEN NULL WHEN limited_since <= $1 THEN limited_since ELSE $1 END,
        run_at = $2, stopped_at = $1, lease_token = NULL, lease_until = NULL
     WHERE state = 'running' AND id = $4 AND lease_token = $5 RETURNING state, giving_up, forge, installation"
);

// No limit lasts longer than an hour: what is to last more than two was written by a clock that was ahead.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_until = $1, lease_token = $2, worker = $3
             WHERE id = (SELECT j.id FROM jobs j WHERE j.state = 'ready' AND j.run_at <= $4
                AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.forge = j.forge AND r.repository_id = j.repository_id
                    AND r.target = j.target AND r.state = 'running')
                AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.forge = j.forge
                    AND a.installation = COALESCE(j.installation, 0) AND a.paused_until > $4 AND a.paused_until <= $4 + 7200000)
                ORDER BY j.priority, j.run_at, j.id LIMIT 1 ", $lock, ")
             RETURNING id, forge, repository_id, owner, name, installation, target, kind, reason, head_hint, priority,
                argument, giving_up, attempts, last_error, run_id"
        )
    };
}

pub(super) const CLAIM_SQLITE: &str = claim!("");
pub(super) const CLAIM_POSTGRES: &str = claim!("FOR UPDATE OF j SKIP LOCKED");

// A job that matters less than the one that waits (a target that moved, against a push) leaves it as it is.
pub(super) const PUT: &str =
    "INSERT INTO jobs (id, forge, repository_id, owner, name, installation, target, kind, reason, head_hint,
        priority, argument, state, giving_up, attempts, max_attempts, run_at, run_id, created_at, slot)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'ready', 0, 0, $13, $14, $15, $16, $17)
     ON CONFLICT (forge, repository_id, target, kind, slot) WHERE state = 'ready' DO UPDATE SET
        owner = excluded.owner, name = excluded.name, installation = excluded.installation,
        reason = CASE WHEN excluded.priority <= jobs.priority THEN excluded.reason ELSE jobs.reason END,
        argument = CASE WHEN excluded.priority <= jobs.priority THEN excluded.argument ELSE jobs.argument END,
        run_id = CASE WHEN excluded.priority <= jobs.priority THEN excluded.run_id ELSE jobs.run_id END,
        run_at = CASE WHEN excluded.priority <= jobs.priority THEN excluded.run_at ELSE jobs.run_at END,
        attempts = CASE WHEN excluded.priority <= jobs.priority THEN 0 ELSE jobs.attempts END,
        giving_up = CASE WHEN excluded.priority <= jobs.priority THEN 0 ELSE jobs.giving_up END,
        limited_since = CASE WHEN excluded.priority <= jobs.priority THEN NULL ELSE jobs.limited_since END,
        priority = CASE WHEN excluded.priority <= jobs.priority THEN excluded.priority ELSE jobs.priority END,
        head_hint = COALESCE(excluded.head_hint, jobs.head_hint)
     RETURNING id";
