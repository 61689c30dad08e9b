//! The tables. A statement here is never edited once released: changes are further migrations.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

pub(super) fn migrator() -> Migrator {
    let first = Migration::new(1, "first tables".into(), MigrationType::Simple, FIRST.into_sql_str(), false);
    Migrator::with_migrations(vec![first])
}

// Only BIGINT and TEXT: what both databases and sqlx's Any agree on. Flags are 0 or 1.
const FIRST: &str = "
CREATE TABLE deliveries (
    forge TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (forge, delivery_id)
);
CREATE INDEX deliveries_by_age ON deliveries (received_at);

CREATE TABLE delivery_jobs (
    forge TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    PRIMARY KEY (forge, delivery_id, job_id)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    installation BIGINT,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    slot TEXT NOT NULL,
    reason TEXT NOT NULL,
    head_hint TEXT,
    priority BIGINT NOT NULL,
    argument TEXT,
    state TEXT NOT NULL,
    giving_up BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT,
    lease_token TEXT,
    worker TEXT,
    last_error TEXT,
    run_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    stopped_at BIGINT,
    limited_since BIGINT
);
CREATE UNIQUE INDEX jobs_one_ready ON jobs (forge, repository_id, target, kind, slot) WHERE state = 'ready';
CREATE UNIQUE INDEX jobs_one_running ON jobs (forge, repository_id, target) WHERE state = 'running';
CREATE INDEX jobs_by_turn ON jobs (state, priority, run_at, id);
CREATE INDEX jobs_by_end ON jobs (state, stopped_at);
CREATE INDEX jobs_by_key ON jobs (forge, repository_id, target);
CREATE INDEX jobs_by_run ON jobs (run_id);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL,
    head TEXT NOT NULL,
    base_branch TEXT NOT NULL,
    web_url TEXT,
    draft BIGINT NOT NULL,
    base TEXT,
    merge_base TEXT,
    outcome TEXT,
    errors BIGINT NOT NULL,
    warnings BIGINT NOT NULL,
    advice BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    page TEXT
);
CREATE INDEX runs_by_target ON runs (forge, repository_id, target, started_at);
CREATE INDEX runs_by_age ON runs (started_at);

CREATE TABLE postings (
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    kind TEXT NOT NULL,
    forge_id BIGINT NOT NULL,
    review_id BIGINT NOT NULL,
    fingerprints TEXT NOT NULL,
    headline TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    fixed BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    PRIMARY KEY (forge, repository_id, pull, kind, forge_id)
);

CREATE TABLE accounts (
    forge TEXT NOT NULL,
    installation BIGINT NOT NULL,
    next_write_at BIGINT NOT NULL,
    paused_until BIGINT NOT NULL,
    PRIMARY KEY (forge, installation)
);

CREATE TABLE forges (
    name TEXT PRIMARY KEY,
    first_started_at BIGINT NOT NULL,
    swept_at BIGINT NOT NULL
);

CREATE TABLE sweeps (
    forge TEXT NOT NULL,
    installation BIGINT NOT NULL,
    next_repository BIGINT NOT NULL,
    listing BIGINT NOT NULL,
    PRIMARY KEY (forge, installation)
);

CREATE TABLE sweep_points (
    forge TEXT NOT NULL,
    installation BIGINT NOT NULL,
    spent_at BIGINT NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (forge, installation, spent_at)
);

CREATE TABLE installed (
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (forge, repository_id)
);

CREATE TABLE pulls_known (
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    installation BIGINT,
    head TEXT NOT NULL,
    base_branch TEXT NOT NULL,
    default_branch TEXT NOT NULL,
    touches_migrations BIGINT,
    is_open BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (forge, repository_id, number)
);
CREATE INDEX pulls_known_by_head ON pulls_known (forge, repository_id, head);
CREATE INDEX pulls_known_closed ON pulls_known (seen_at) WHERE is_open = 0;
CREATE INDEX pulls_known_by_target ON pulls_known (forge, repository_id, CAST('pull/' || CAST(number AS TEXT) AS TEXT));

CREATE TABLE statuses (
    forge TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    pull BIGINT NOT NULL,
    head TEXT NOT NULL,
    outcome TEXT NOT NULL,
    description TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (forge, repository_id, pull, head)
);
CREATE INDEX statuses_by_head ON statuses (forge, repository_id, head);
CREATE INDEX statuses_by_age ON statuses (saved_at);
";
