//! SEC002 and SEC004 say of settings what `manage.py check --deploy` says of them when they run; see
//! `tests/oracles/check_deploy.py`.

use std::collections::BTreeMap;

use red_panda::standin::sample::Sample;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    settings: String,
    debug: bool,
    csrf: bool,
}

/// Which of the two rules speak of these settings.
fn said(settings: &str) -> (bool, bool) {
    let text = format!("INSTALLED_APPS = []\nROOT_URLCONF = \"urls\"\n{settings}\n");
    let judgement =
        Sample::new(&[("manage.py", "")], &[("manage.py", ""), ("config/settings.py", &text)]).judge();
    let says = |code: &str| judgement.findings.iter().any(|reported| reported.finding.code == code);
    (says("SEC002"), says("SEC004"))
}

#[test]
fn settings_are_judged_as_django_judges_them_when_they_run() {
    let table: Table = serde_json::from_str(include_str!("../data/check_deploy.json")).unwrap();
    // One environment that turns `DEBUG` on is enough: none, or one that says `DEBUG=False`.
    let mut wanted: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for row in &table.rows {
        let (debug, csrf) = wanted.entry(&row.settings).or_default();
        (*debug, *csrf) = (*debug | row.debug, *csrf | row.csrf);
    }
    assert!(wanted.len() > 30);
    for (settings, (debug, csrf)) in wanted {
        // Without sessions there is no login that another site could use.
        let csrf = csrf && settings.contains("SessionMiddleware");
        assert_eq!(said(settings), (debug, csrf), "{settings}");
    }
}
