//! GitHub's own descriptions: every operation, query, webhook and manifest key is held against them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use apollo_compiler::{ExecutableDocument, Schema, validation::Valid};
use red_panda::forge::github::PERMISSIONS;
use red_panda::forge::github::queries::{self, Object};
use red_panda::forge::github::webhook::{self, EVENTS, Identity};
use red_panda::model::delivery::Event;
use red_panda::model::id::Sha;
use red_panda::standin::github::{GitHubStandIn, Logged, register};
use serde_json::Value;

fn operations() -> &'static Value {
    static OPERATIONS: OnceLock<Value> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let text = include_str!("../data/github/github-operations.json");
        serde_json::from_str::<Value>(text).unwrap()["operations"].take()
    })
}

/// Collects what the requests of a story break of GitHub's OpenAPI description.
pub(crate) fn watch(standin: &GitHubStandIn) -> Arc<Mutex<Vec<String>>> {
    let broken = Arc::new(Mutex::new(Vec::new()));
    let sink = broken.clone();
    standin.observe_with(move |request| sink.lock().unwrap().extend(faults(request)));
    broken
}

fn faults(request: &Logged) -> Vec<String> {
    // GraphQL has its own schema; `/repositories/{id}` is where GitHub itself redirects to.
    if request.path == "/graphql" || request.path.starts_with("/repositories/") {
        return Vec::new();
    }
    let call = format!("{} {}", request.method, request.path);
    let Some(operation) = operation_of(request) else { return vec![format!("no such operation: {call}")] };
    let mut faults = Vec::new();
    for (name, value) in &request.query {
        match operation["query"].get(name) {
            None => faults.push(format!("{call}: no query parameter {name}")),
            Some(parameter) => {
                let number = value.parse::<i64>().ok().filter(|_| parameter["schema"]["type"] == "integer");
                let value = number.map_or_else(|| Value::from(value.as_str()), Value::from);
                faults.extend(broken(&parameter["schema"], &value, &format!("{call}?{name}")));
            }
        }
    }
    match (&request.body, operation["body"].is_null()) {
        (Some(body), false) => faults.extend(broken(&operation["body"], body, &call)),
        (Some(_), true) => faults.push(format!("{call}: takes no body")),
        (None, _) if operation["body_required"] == true => faults.push(format!("{call}: needs a body")),
        (None, _) => {}
    }
    faults
}

/// The description with the most literal segments among those that fit.
fn operation_of(request: &Logged) -> Option<&'static Value> {
    let found = operations().as_object().unwrap().iter().filter_map(|(name, operation)| {
        let (method, path) = name.split_once(' ')?;
        (method == request.method).then(|| literals(path, &request.path))?.map(|n| (n, operation))
    });
    found.max_by_key(|(literals, _)| *literals).map(|(_, operation)| operation)
}

fn literals(template: &str, path: &str) -> Option<usize> {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    let mut literals = 0;
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(literals),
            (Some("{path}"), Some(_)) => return Some(literals),
            (Some(t), Some(p)) if t.starts_with('{') && !p.is_empty() => {}
            (Some(t), Some(p)) if t == p => literals += 1,
            _ => return None,
        }
    }
}

fn broken(schema: &Value, value: &Value, call: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(value).map(|e| format!("{call}: {e}")).collect()
}

#[test]
fn the_watch_sees_what_github_does_not_have() {
    let request = |method: &str, path: &str, body: Option<Value>| Logged {
        method: method.into(),
        path: path.into(),
        query: vec![("per_page".into(), "100".into())],
        body,
        status: 200,
    };
    assert_eq!(faults(&request("GET", "/repos/a/b/pulls/1/reviews", None)), Vec::<String>::new());
    assert_eq!(faults(&request("GET", "/repos/a/b/moons", None)).len(), 1);
    assert_eq!(faults(&request("GET", "/repos/a/b", None)).len(), 1, "per_page is no parameter of it");
    let misspelt = serde_json::json!({"event": "COMENT"});
    assert!(!faults(&request("POST", "/repos/a/b/pulls/1/reviews", Some(misspelt))).is_empty());
}

#[test]
fn every_query_is_valid_in_githubs_schema() {
    let text = include_str!("../data/github/schema.graphql");
    // GitHub defines two fields of an enterprise's settings twice; all else of its schema stands.
    let schema: Valid<Schema> = match Schema::parse_and_validate(text, "schema.graphql") {
        Ok(schema) => schema,
        Err(errors) => Valid::assume_valid(errors.partial),
    };
    let commit = Sha::parse(&"a".repeat(40)).unwrap();
    let files = queries::files(&[Object::Blob, Object::Expression], &[&commit, &commit], true);
    let without_pull = queries::files(&[Object::Expression], &[&commit], false);
    for query in [queries::pull(), queries::open_pulls(3), files, without_pull] {
        if let Err(errors) = ExecutableDocument::parse_and_validate(&schema, &query, "query.graphql") {
            panic!("{query}\n{}", errors.errors);
        }
    }
    let wrong = queries::pull().replace("headRefOid", "headOid");
    assert!(ExecutableDocument::parse_and_validate(&schema, &wrong, "query.graphql").is_err());
}

#[test]
fn every_example_of_a_webhook_parses() {
    let text = include_str!("../data/github/webhook-examples.json");
    let examples: Vec<Value> = serde_json::from_str(text).unwrap();
    let own = |event: &str| {
        let app_id = if event == "check_run" { 2 } else { 29310 };
        Identity { app_id, bot_login: "red-panda[bot]".into() }
    };
    let (mut parsed, mut worked) = (0, BTreeSet::new());
    for event in &examples {
        let name = event["name"].as_str().unwrap();
        for example in event["examples"].as_array().unwrap() {
            let headers = [("x-github-event", name)].map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
            let headers = http::HeaderMap::from_iter(headers);
            match webhook::parse(&headers, example.to_string().as_bytes(), &own(name)) {
                Ok(Event::Ignored(_)) => {}
                Ok(_) => drop(worked.insert(name.to_owned())),
                Err(error) => panic!("{name} {}: {error}\n{example}", example["action"]),
            }
            parsed += 1;
        }
    }
    assert_eq!(parsed, 329);
    let ours = [
        "check_run",
        "check_suite",
        "installation",
        "installation_repositories",
        "merge_group",
        "ping",
        "pull_request",
        "push",
    ];
    assert_eq!(
        worked,
        BTreeSet::from(ours.map(str::to_owned)),
        "an issue_comment example holds no command of ours"
    );
}

#[test]
fn p10_the_manifest_asks_for_what_the_code_uses_and_nothing_else() {
    let manifest: Value = serde_json::from_str(include_str!("../../app-manifest.json")).unwrap();
    let events: Vec<&str> =
        manifest["default_events"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(events, EVENTS);
    let asked: BTreeSet<(String, String)> = manifest["default_permissions"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, level)| (name.clone(), level.as_str().unwrap().to_owned()))
        .collect();
    let used = PERMISSIONS.map(|(name, level, _)| (name.to_owned(), level.to_owned()));
    assert_eq!(asked, BTreeSet::from(used));
    // Subscribed to and parsed are the same: an event that is not ours is ignored with this word and no other.
    let own = Identity { app_id: 1, bot_login: "red-panda[bot]".into() };
    let ignored = |event: &str| {
        let headers =
            http::HeaderMap::from_iter([("x-github-event".parse().unwrap(), event.parse().unwrap())]);
        webhook::parse(&headers, b"{}", &own) == Ok(Event::Ignored("an event we do not work with"))
    };
    assert!(
        EVENTS.iter().all(|e| !ignored(e)) && ignored("merge_queue_entry") && ignored("pull_request_review")
    );
}

#[test]
fn the_manifest_can_be_registered_and_names_no_page_that_is_not_there() {
    let manifest: Value = serde_json::from_str(include_str!("../../app-manifest.json")).unwrap();
    assert_eq!(register(&manifest), Ok(()));
    for page in ["redirect_url", "setup_url", "callback_urls"] {
        assert!(manifest.get(page).is_none(), "nothing answers at {page}");
    }
    let mut without = manifest;
    without["default_permissions"].as_object_mut().unwrap().remove("issues");
    let refusal = "Default events are not supported by permissions: issue_comment";
    assert_eq!(register(&without), Err(refusal.to_owned()));
}
