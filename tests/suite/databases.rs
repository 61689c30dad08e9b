//! Fresh, empty databases for the stories: SQLite always, PostgreSQL where `TEST_DATABASE_URL` names a server.

use std::io::Write;
use std::sync::Once;

use sqlx::Connection;

/// One story's own; gone when dropped (SQLite), or a schema of its own left to the test server (PostgreSQL).
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) _folder: Option<tempfile::TempDir>,
}

impl Database {
    /// The minute after which a replica that was killed is taken for dead: PostgreSQL has many replicas, so nobody
    /// takes a job over before. A SQLite file is one process's own, and the next one takes its jobs over at once.
    pub(crate) async fn leases_run_out(&self) {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let over = sqlx::query("UPDATE jobs SET lease_until = 0 WHERE state = 'running'");
        over.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Every kind there is here: each story of the store runs on all of them.
pub(crate) async fn databases() -> Vec<Database> {
    [sqlite()].into_iter().chain(postgres().await).collect()
}

pub(crate) fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    Database { url: format!("sqlite://{}", folder.path().join("panda.db").display()), _folder: Some(folder) }
}

/// `None` by hand where there is no server, and it says so; in CI a server that is missing is a failure.
pub(crate) async fn postgres() -> Option<Database> {
    static SAID: Once = Once::new();
    let server =
        server(named("TEST_DATABASE_URL"), named("CI")).unwrap_or_else(|missing| panic!("{missing}"));
    let Some(server) = server else {
        // Past the test harness, which shows what a test printed only when it fails.
        let said =
            "SKIPPED on PostgreSQL: the stories of store and kill; set TEST_DATABASE_URL, or run .ci/run\n";
        SAID.call_once(|| std::io::stderr().write_all(said.as_bytes()).unwrap());
        return None;
    };
    sqlx::any::install_default_drivers();
    let schema = format!("story_{}", uuid::Uuid::new_v4().simple());
    let pool = sqlx::AnyPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.unwrap();
    pool.close().await;
    let joint = if server.contains('?') { '&' } else { '?' };
    Some(Database { url: format!("{server}{joint}options[search_path]={schema}"), _folder: None })
}

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The server's address, if there is one; in CI there has to be.
fn server(address: Option<String>, ci: Option<String>) -> Result<Option<String>, &'static str> {
    if address.is_none() && ci.is_some_and(|ci| ci != "false") {
        return Err(
            "CI without TEST_DATABASE_URL: the stories of the store did not run on PostgreSQL; .ci/run starts one",
        );
    }
    Ok(address)
}

#[test]
fn a_server_that_is_missing_is_skipped_by_hand_and_fails_in_ci() {
    let set = |value: &str| Some(value.to_owned());
    assert_eq!(server(set("postgres://x"), set("true")), Ok(set("postgres://x")));
    assert_eq!(server(set("postgres://x"), None), Ok(set("postgres://x")));
    assert_eq!(server(None, set("false")), Ok(None));
    assert!(server(None, set("true")).is_err());
}
