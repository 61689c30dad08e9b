use proptest::prelude::*;

use super::*;

/// Of `tests/data/broker_urls.json`; what each field says stands in its `_meta`.
#[derive(serde::Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    url: String,
    context: String,
    kombu: Option<serde_json::Value>,
    as_intended: Option<bool>,
    text_alone_cannot_tell: bool,
    expect: Vec<Expected>,
    fixed_url: Option<String>,
}

#[derive(serde::Deserialize)]
struct Expected {
    rule: String,
    severity: Severity,
}

fn table() -> Vec<Case> {
    let table: Table = serde_json::from_str(include_str!("../../../../tests/data/broker_urls.json")).unwrap();
    assert_eq!(table.cases.len(), 130);
    table.cases
}

fn syntax(context: &str) -> Syntax {
    match context {
        "literal" => Syntax::Literal,
        "compose" => Syntax::Compose,
        "jinja" => Syntax::Jinja,
        "helm" => Syntax::Helm,
        "gha" => Syntax::Workflow,
        "k8s" => Syntax::Kubernetes,
        "percent" => Syntax::Percent,
        "docs" => Syntax::Docs,
        other => panic!("{other}"),
    }
}

fn found(reading: &UrlReading) -> Vec<(String, Severity)> {
    reading.faults.iter().map(|fault| (fault.kind.code().to_owned(), fault.severity)).collect()
}

#[test]
fn every_row_of_the_table_has_exactly_its_findings() {
    let mut wrong = Vec::new();
    for case in table() {
        let mut expected: Vec<_> = case.expect.iter().map(|e| (e.rule.clone(), e.severity)).collect();
        // CEL009 in the catalogue knows one thing more than the table's classifier: Redis numbers its databases.
        if case.id == "redis-db-name" {
            expected.push(("CEL009".to_owned(), Severity::Error));
        }
        let reading = read(&case.url, syntax(&case.context), Role::Broker);
        if found(&reading) != expected {
            wrong.push(format!(
                "{} {:?}: expected {expected:?}, found {:?}",
                case.id,
                case.url,
                found(&reading)
            ));
        }
        if case.fixed_url.is_some() && reading.fixed != case.fixed_url {
            wrong.push(format!("{}: expected {:?}, fixed {:?}", case.id, case.fixed_url, reading.fixed));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_kombu_reads_otherwise_than_meant_is_blocked_and_what_it_reads_right_is_not_called_broken() {
    for case in table() {
        let reading = read(&case.url, syntax(&case.context), Role::Broker);
        let broken = reading.fault("CEL001").is_some() || reading.fault("CEL008").is_some();
        if case.as_intended == Some(false) && !case.text_alone_cannot_tell {
            assert!(!reading.faults.is_empty(), "{}", case.id);
        }
        if case.as_intended == Some(true) && case.kombu.is_some() {
            assert!(!broken, "{}", case.id);
        }
    }
}

#[test]
fn a_fixed_url_has_nothing_left_to_fix() {
    let mut fixes = 0;
    for case in table() {
        let Some(fixed) = read(&case.url, Syntax::Literal, Role::Broker).fixed else { continue };
        fixes += 1;
        let again = read(&fixed, Syntax::Literal, Role::Broker);
        assert!(again.fault("CEL001").is_none() && again.fault("CEL002").is_none(), "{}", case.id);
    }
    assert!(fixes > 20, "only {fixes} were fixed");
}

fn codes(value: &str, role: Role) -> Vec<&'static str> {
    read(value, Syntax::Literal, role).faults.iter().map(|fault| fault.kind.code()).collect()
}

#[test]
fn an_at_sign_behind_the_address_is_no_end_of_a_password() {
    for fine in [
        "amqp://u:p@rabbit:5672/team@work",
        "amqp://u:p@rabbit/team@work",
        "redis://redis:6379/0?client_name=a@b",
        "amqp://rabbit:5672/v#mail@host",
        "amqp://u:p@r1:5672/v;u:p@r2:5672/v",
        // kombu's own user guide
        "amqp://guest:guest@broken.example.com;guest:guest@healthy.example.com",
    ] {
        assert_eq!(codes(fine, Role::Unknown), [""; 0], "{fine}");
    }
    for broken in
        ["amqp://u:/pass@localhost", "amqp://u:pa#s@[::1]:5672/v", "redis://:a/b@r", "amqp://u:a;b@h:5672/v"]
    {
        assert_eq!(codes(broken, Role::Unknown), ["CEL001"], "{broken}");
    }
}

#[test]
fn a_value_that_only_looks_like_a_broker_is_not_judged_by_its_shape() {
    for value in ["redis://redis:6379/cache", "redis://h1:1,h2:2/0", "http://u:p@rabbit:15672", "redis:6379"]
    {
        assert_eq!(codes(value, Role::Unknown), [""; 0], "{value}");
    }
    assert_eq!(codes("rabbit", Role::Broker), [""; 0]);
    assert_eq!(codes("rabbit:5672", Role::Broker), ["CEL008"]);
    for backend in ["rpc://", "django-db", "db+sqlite:///x.db", "cache+memcached://h:11211/", "file:///x"] {
        assert_eq!(codes(backend, Role::Backend), [""; 0], "{backend}");
    }
    assert_eq!(codes("rdis://redis:6379/0", Role::Backend), ["CEL008"]);
}

#[test]
fn a_password_that_is_encoded_in_places_has_no_fix() {
    let reading = read("amqp://u:a%40b#c@h:5672/v", Syntax::Literal, Role::Broker);
    assert_eq!(reading.fixed, None);
    let Some(Kind::Unencoded(userinfo)) = reading.fault("CEL001").map(|fault| &fault.kind) else {
        panic!("{reading:?}")
    };
    assert!(userinfo.mixed);
}

proptest! {
    /// Whatever stands in the password, once quoted as the fix says nothing is left to report.
    #[test]
    fn the_fix_of_any_password_is_clean(password in "[ -~é]{1,24}") {
        let reading = read(&format!("amqp://u:{password}@rabbit:5672/vh"), Syntax::Literal, Role::Broker);
        if let Some(fixed) = reading.fixed {
            prop_assert!(found(&read(&fixed, Syntax::Literal, Role::Broker)).iter().all(|(c, _)| c == "CEL006"));
        }
    }

    /// Hostile text is read in every syntax without a panic.
    #[test]
    fn any_text_is_read(text in "(amqp://|redis://|;|@|:|/|\\$\\{|\\}|\\{\\{|%|#|\\[|[a-z ]|\\PC){0,60}") {
        for context in ["literal", "compose", "jinja", "helm", "gha", "k8s", "percent", "docs"] {
            read(&text, syntax(context), Role::Broker);
        }
    }
}
