//! Status lines and check runs, word for word.

use std::collections::HashSet;

use insta::assert_snapshot;
use red_panda::model::judgement::Verdict;
use red_panda::model::pull::Capabilities;
use red_panda::model::status::Outcome;
use red_panda::report::status::{Stage, inline, speaking_for};

use super::fixtures::*;

#[test]
fn the_status_line_of_every_stage() {
    let none = HashSet::new();
    let faulty = judgement(all_faults());
    let warned = judgement(vec![reported(4, broker_url())]);
    let clean = judgement(vec![]);
    let advised = judgement(vec![reported(7, advice())]);
    let mut blind = judgement(vec![]);
    blind.not_looked_at = vec![unseen("trees/big.py", "is longer than 2 MiB")];
    let mut both = judgement(vec![reported(1, irreversible())]);
    both.not_looked_at = blind.not_looked_at.clone();
    let judged = |judgement| Stage::Judged { judgement, inline: &none };
    let reason = "GitHub answered 502 for 10 minutes";
    let newer = sha('4');
    let stages = [
        Stage::Reading { files: None },
        Stage::Reading { files: Some(4) },
        judged(&faulty),
        judged(&warned),
        judged(&clean),
        judged(&advised),
        judged(&blind),
        judged(&both),
        Stage::PolicyUnreadable {
            fault: "`.red-panda.toml` on `main`, line 3: unknown key \"rulez\"; did you mean \"rules\"?",
        },
        Stage::PutOff { reason, until_ms: 51_600_000 },
        Stage::GaveUp { reason },
        Stage::Superseded { by: Some(&newer) },
        Stage::Superseded { by: None },
    ];
    let lines = stages.iter().map(|stage| {
        let (github, forgejo) = (status_of(GITHUB, "main", stage), status_of(FORGEJO, "main", stage));
        let conclusion = github.outcome.github_conclusion().unwrap_or("–");
        format!(
            "{conclusion}: {}\n{}: {}",
            github.description,
            forgejo.outcome.gitea_state(),
            forgejo.description
        )
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n\n"), @r#"
    –: Reading the change
    pending: Reading the change

    –: Reading 4 files
    pending: Reading 4 files

    failure: 3 errors, 3 warnings
    failure: 3 errors, 3 warnings · trees/migrations/0001_initial.py:12 trees.0001_initial is deployed and is edited here

    success: 1 warning
    success: 1 warning · config/settings.py:5 The password in CELERY_BROKER_URL is not percent-encoded

    success: 4 files checked, nothing to change
    success: 4 files checked, nothing to change

    success: 4 files checked, nothing to change, 1 piece of advice
    success: 4 files checked, nothing to change, 1 piece of advice

    failure: Not everything could be looked at
    error: Not everything could be looked at · trees/big.py: is longer than 2 MiB

    failure: 1 error, 1 not looked at
    failure: 1 error, 1 not looked at · trees/migrations/0003_fill_names.py:15 RunPython(fill) in trees.0003_fill_names cannot be reversed

    failure: .red-panda.toml on main, line 3: unknown key "rulez"; did you mean "rules"?
    error: .red-panda.toml on main, line 3: unknown key "rulez"; did you mean "rules"?

    –: Could not finish: GitHub answered 502 for 10 minutes; trying again at 14:20 UTC (run 7f3a)
    pending: Could not finish: GitHub answered 502 for 10 minutes; trying again at 14:20 UTC (run 7f3a)

    failure: Could not finish: GitHub answered 502 for 10 minutes (run 7f3a)
    error: Could not finish: GitHub answered 502 for 10 minutes (run 7f3a)

    cancelled: Superseded by 4444444
    error: Superseded by 4444444

    cancelled: Closed before it was judged
    error: Closed before it was judged
    "#);
}

#[test]
fn a_long_status_is_cut_at_a_word_and_keeps_the_run() {
    let short = Capabilities { status_description: 60, ..FORGEJO };
    let long = Stage::GaveUp { reason: "the forge answered with something nobody had ever seen before" };
    assert_snapshot!(status_of(short, "main", &long).description, @"Could not finish: the forge answered with… (run 7f3a)");
    let faulty = judgement(all_faults());
    let none = HashSet::new();
    let judged = Stage::Judged { judgement: &faulty, inline: &none };
    assert_snapshot!(status_of(short, "main", &judged).description, @"3 errors, 3 warnings · trees/migrations/0001_initial.py:12…");
}

#[test]
fn a_status_that_speaks_for_another_pull_request_names_it_and_says_nothing_of_its_own() {
    let faulty = judgement(vec![reported(4, broker_url())]);
    let judged = Stage::Judged { judgement: &faulty, inline: &HashSet::new() };
    for (forge, summary) in
        [(GITHUB, "Pull request 12 has the same head and decides: 3 errors"), (FORGEJO, "")]
    {
        let own = status_of(forge, "main", &judged);
        let worse = Outcome::Verdict(Verdict::ChangesRequested);
        let status = speaking_for(12, worse, "3 errors", own, 24);
        assert_eq!((status.outcome, status.description.as_str()), (worse, "Pull request 12: 3…"));
        assert_eq!((status.summary.as_str(), status.annotations.len()), (summary, 0));
    }
}

#[test]
fn a_check_run_holds_everything_and_annotates_what_has_no_comment() {
    let mut world = World::default();
    let mut judged = judgement(all_faults());
    judged.notes = vec!["`rules.MOD099` in `.red-panda.toml` names a rule that is not built yet".into()];
    world.publish(&judged, &[]);
    let inline = inline(&world.stored);
    let check = status_of(GITHUB, "main", &Stage::Judged { judgement: &judged, inline: &inline });
    let body = review(&World::default(), &judged).body;
    let (as_in_the_review, _) = body.split_once("\n\n<sub>4 files").unwrap();
    let more = check.summary.strip_prefix(as_in_the_review).unwrap();
    assert_snapshot!(more, @r"
    - `rules.MOD099` in `.red-panda.toml` names a rule that is not built yet

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a)</sub>
    ");
    let annotated: Vec<_> = check.annotations.iter().map(|a| (a.path.as_str(), a.span.start.line)).collect();
    assert_eq!(annotated, [("trees/urls.py", 9)]);
    assert_snapshot!(check.annotations[0].message, @r"
    Every caller must know all four ids.
    URL006
    ");
    let clean = judgement(vec![]);
    let green = status_of(GITHUB, "main", &Stage::Judged { judgement: &clean, inline: &inline });
    assert_snapshot!(green.summary, @r"
    ### 🐾 Nothing to change

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a)</sub>
    ");
}
