//! What other programs read.

use insta::assert_snapshot;
use red_panda::model::finding::Place;
use red_panda::model::judgement::Judgement;
use red_panda::report::{annotations, json, sarif};
use serde_json::Value;

use super::fixtures::*;

fn mixed() -> Judgement {
    let mut gone = edited_migration();
    gone.place = Place::Base { path: "trees/migrations/0001, old: 100%.py".into(), span: span(3, 1, 5) };
    let mut judged = judgement(vec![
        reported(1, irreversible()),
        reported(2, gone),
        reported(3, committed_env()),
        reported(7, advice()),
    ]);
    judged.suppressed = vec![(reported(4, broker_url()), "the password is generated without `@`".into())];
    judged.not_looked_at = vec![unseen("trees/big.py", "is longer than 2 MiB")];
    judged
}

#[test]
fn json_lines() {
    assert_snapshot!(json::render(&mixed()).unwrap(), @r#"
    {"code":"MIG004","name":"runpython-without-reverse","severity":"error","confidence":"certain","path":"trees/migrations/0003_fill_names.py","line":15,"column":9,"end_line":15,"end_column":35,"side":"head","subject":"trees.0003_fill_names.operations[0]","message":"`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed","consequence":"`migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it.","fix":{"safety":"ask","text":"Right only if the filled names may stay; otherwise write the function that empties them.","edits":[{"span":{"start":{"line":15,"column":34},"end":{"line":15,"column":34}},"replacement":", migrations.RunPython.noop"}]},"fingerprint":"0000000000000001"}
    {"code":"MIG001","name":"edited-deployed-migration","severity":"error","confidence":"certain","path":"trees/migrations/0001, old: 100%.py","line":3,"column":1,"end_line":3,"end_column":5,"side":"base","subject":"trees.0001_initial","message":"`trees.0001_initial` is deployed and is edited here","consequence":"Databases that have run it will never run the edit, so production and tests differ from here on.","fix":{"safety":"text","text":"Put the file back and write the edit as a new migration.","edits":[]},"fingerprint":"0000000000000002"}
    {"code":"ENV001","name":"committed-env-file","severity":"error","confidence":"certain","path":"project/.env","line":null,"column":null,"end_line":null,"end_column":null,"side":"head","subject":"project/.env","message":"`project/.env` is committed and holds 2 values that look real","consequence":"`SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history.","fix":{"safety":"text","text":"`git rm --cached project/.env`, add it to `.gitignore`, and rotate both values.","edits":[]},"fingerprint":"0000000000000003"}
    {"code":"URL006","name":"deeply-nested-url","severity":"advice","confidence":"heuristic","path":"trees/urls.py","line":9,"column":5,"end_line":9,"end_column":40,"side":"head","subject":"trees.urls:leaf","message":"`leaf` is nested 4 levels deep","consequence":"Every caller must know all four ids.","fix":null,"fingerprint":"0000000000000007"}
    {"summary":{"verdict":"changes_requested","errors":3,"warnings":0,"advice":1,"suppressed":1,"files":4,"rules":30,"base":"9999999999999999999999999999999999999999","head":"3333333333333333333333333333333333333333","not_looked_at":[{"path":"trees/big.py","reason":"is longer than 2 MiB"}],"notes":[]}}
    "#);
}

#[test]
fn a_finding_without_a_place_has_nulls_in_json() {
    let mut nowhere = irreversible();
    nowhere.place = Place::Repository;
    let text = json::render(&judgement(vec![reported(1, nowhere)])).unwrap();
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    for key in ["path", "line", "column", "end_line", "end_column", "side"] {
        assert_eq!(line[key], Value::Null, "{key}");
    }
}

#[test]
fn the_edit_of_a_secrets_line_is_told_to_nobody() {
    let mut key = broker_url();
    key.place = Place::Head { path: MIGRATION.into(), span: span(15, 1, 40) };
    let judged = judgement(vec![reported(1, irreversible()), reported(2, key)]);
    for text in [json::render(&judged).unwrap(), sarif::render(&judged, &Pages).to_string()] {
        assert!(text.contains("otherwise write the function") || !text.contains("fixes"));
        assert!(!text.contains("RunPython.noop"), "{text}");
    }
}

#[test]
fn workflow_commands() {
    assert_snapshot!(annotations::render(&mixed()), @r"
    ::error file=trees/migrations/0003_fill_names.py,line=15,col=9,endColumn=35,title=MIG004 RunPython(fill) in trees.0003_fill_names cannot be reversed::`migrate trees 0002` stops here with IrreversibleError, and so does every rollback past it.%0ARight only if the filled names may stay; otherwise write the function that empties them.
    ::error file=trees/migrations/0001%2C old%3A 100%25.py,title=MIG001 trees.0001_initial is deployed and is edited here::Databases that have run it will never run the edit, so production and tests differ from here on.%0APut the file back and write the edit as a new migration.
    ::error file=project/.env,title=ENV001 project/.env is committed and holds 2 values that look real::SECRET_KEY and DB_PASSWORD are readable by everyone who can clone, and stay so in the history.%0A`git rm --cached project/.env`, add it to .gitignore, and rotate both values.
    ::notice file=trees/urls.py,line=9,col=5,endColumn=40,title=URL006 leaf is nested 4 levels deep::Every caller must know all four ids.
    ::error file=trees/big.py,title=Not looked at::is longer than 2 MiB
    3 errors, 1 not looked at
    ");
}

#[test]
fn sarif_names_its_rules_and_marks_what_is_suppressed() {
    let log = sarif::render(&mixed(), &Pages);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["partialFingerprints"]["redPanda/v1"].as_str().unwrap().len(), 16);
        let suppressed = result.get("suppressions").is_some();
        assert_eq!(suppressed, result["ruleId"] == "CEL002");
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(results.len(), 5);
    assert_snapshot!(serde_json::to_string_pretty(&results[1]).unwrap(), @r#"
    {
      "level": "error",
      "locations": [
        {
          "physicalLocation": {
            "artifactLocation": {
              "uri": "trees/migrations/0001%2C%20old%3A%20100%25.py",
              "uriBaseId": "%SRCROOT%"
            }
          }
        }
      ],
      "message": {
        "text": "trees.0001_initial is deployed and is edited here. Databases that have run it will never run the edit, so production and tests differ from here on."
      },
      "partialFingerprints": {
        "redPanda/v1": "0000000000000002"
      },
      "ruleId": "MIG001",
      "ruleIndex": 2
    }
    "#);
    assert_snapshot!(serde_json::to_string_pretty(&rules[3]).unwrap(), @r#"
    {
      "defaultConfiguration": {
        "level": "error"
      },
      "helpUri": "https://panda.test/rules/MIG004",
      "id": "MIG004",
      "name": "runpython-without-reverse",
      "shortDescription": {
        "text": "runpython without reverse"
      }
    }
    "#);
    assert_snapshot!(results[0]["locations"][0], @r#"{"physicalLocation":{"artifactLocation":{"uri":"trees/migrations/0003_fill_names.py","uriBaseId":"%SRCROOT%"},"region":{"endColumn":35,"endLine":15,"startColumn":9,"startLine":15}}}"#);
    assert_snapshot!(run["invocations"][0], @r#"{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"error","locations":[{"physicalLocation":{"artifactLocation":{"uri":"trees/big.py","uriBaseId":"%SRCROOT%"}}}],"message":{"text":"is longer than 2 MiB"}}]}"#);
}

#[test]
fn sarif_of_an_incomplete_run_says_so() {
    let mut blind = judgement(vec![]);
    blind.not_looked_at = vec![unseen("", "the change has more than 3,000 files")];
    let log = sarif::render(&blind, &Pages);
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 0);
}
