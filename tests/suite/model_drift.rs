//! MIG013 beside `makemigrations --check`: `tests/data/model_drift.json`, made by `tests/oracles/model_drift.py`.

use red_panda::standin::sample::Sample;

/// What Django sees and the text does not tell, or says in more than one way.
const UNTOLD: &[&str] = &[
    // Validators are objects, and who compares them is their own class.
    "validator",
    // What Django makes a name of has no name in the text.
    "index without a name",
    // A function in place of a text may return that text.
    "upload_to",
    // A tuple in place of a list is one to Django in `Meta.ordering` alone.
    "ordering as a tuple",
];

#[test]
fn what_makemigrations_would_write_is_told_and_nothing_else() {
    let table: serde_json::Value = serde_json::from_str(include_str!("../data/model_drift.json")).unwrap();
    let (models, migration) = (table["models"].as_str().unwrap(), table["migration"].as_str().unwrap());
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() > 80);
    let mut wrong = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let mut edited = models.to_owned();
        for edit in case["edits"].as_array().unwrap() {
            let (old, new) = (edit[0].as_str().unwrap(), edit[1].as_str().unwrap());
            assert!(edited.contains(old), "{name}");
            edited = edited.replacen(old, new, 1);
        }
        let files = |models| [("blog/models.py", models), ("blog/migrations/0001_initial.py", migration)];
        let judgement = Sample::new(&files(models), &files(&edited)).judge();
        let told: Vec<&str> = judgement
            .findings
            .iter()
            .filter(|r| r.finding.code == "MIG013")
            .map(|r| r.finding.headline.as_str())
            .collect();
        let django = case["django"].as_array().unwrap();
        let is_told = !told.is_empty();
        if is_told != (!django.is_empty() && !UNTOLD.contains(&name)) {
            wrong.push(format!("{name}: Django {django:?}, we {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
