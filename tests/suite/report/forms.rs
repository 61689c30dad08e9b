//! Every form that people read, word for word.

use std::collections::HashSet;

use insta::assert_snapshot;
use red_panda::model::finding::{Edit, FixSafety, Place};
use red_panda::model::judgement::{Judgement, Verdict};
use red_panda::model::plan::NewReview;
use red_panda::model::pull::Capabilities;
use red_panda::model::status::Outcome;
use red_panda::report::status::{Stage, inline, speaking_for};
use red_panda::report::terminal::Terminal;
use red_panda::source::Text;

use super::fixtures::*;

fn review(world: &World, judgement: &Judgement) -> NewReview {
    world.plan(judgement).review.expect("something new")
}

fn first_comment(capabilities: Capabilities, finding: red_panda::model::finding::Finding) -> String {
    let world = World { capabilities, ..World::default() };
    review(&world, &judgement(vec![reported(1, finding)])).comments.remove(0).body
}

#[test]
fn an_inline_comment_with_a_button() {
    assert_snapshot!(first_comment(GITHUB, irreversible()), @r"
    **`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed.**
    `migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it.

    ```suggestion
            migrations.RunPython(fill, migrations.RunPython.noop),
    ```
    Right only if the filled names may stay; otherwise write the function that empties them.

    <sub>error · [MIG004](https://panda.test/rules/MIG004) · to keep it: `# red-panda: ignore[MIG004] -- why`</sub>

    <!-- red-panda:v1 fp=0000000000000001 -->
    ");
}

#[test]
fn without_buttons_the_replacement_is_code() {
    assert_snapshot!(first_comment(FORGEJO, irreversible()), @r"
    **`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed.**
    `migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it.

    Replace with
    ```
            migrations.RunPython(fill, migrations.RunPython.noop),
    ```
    Right only if the filled names may stay; otherwise write the function that empties them.

    <sub>error · [MIG004](https://panda.test/rules/MIG004) · to keep it: `# red-panda: ignore[MIG004] -- why`</sub>

    <!-- red-panda:v1 fp=0000000000000001 -->
    ");
}

#[test]
fn a_secret_is_named_and_never_shown() {
    let mut env = committed_env();
    env.place = Place::Head { path: "trees/views.py".into(), span: span(12, 1, 10) };
    assert_snapshot!(first_comment(GITHUB, env), @r"
    **`project/.env` is committed and holds 2 values that look real.**
    `SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history.

    `git rm --cached project/.env`, add it to `.gitignore`, and rotate both values.

    <sub>error · [ENV001](https://panda.test/rules/ENV001)</sub>

    <!-- red-panda:v1 fp=0000000000000001 -->
    ");
}

#[test]
fn a_group_lists_its_lines() {
    let judged = judgement(vec![reported(5, print_call(12)), reported(6, print_call(18))]);
    assert_snapshot!(review(&World::default(), &judged).comments[0].body, @r"
    **`trees/views.py` reports with `print`.**
    Nobody reads standard output in production; the message is lost.
    On lines 12 and 18.

    Use `logger.info`.

    <sub>warning · [STY009](https://panda.test/rules/STY009) · to keep it: `# red-panda: ignore[STY009] -- why`</sub>

    <!-- red-panda:v1 fp=0000000000000005,0000000000000006 -->
    ");
}

#[test]
fn a_removed_line_is_spoken_of_as_such() {
    let mut gone = edited_migration();
    gone.place = Place::Base { path: "trees/migrations/0001_initial.py".into(), span: span(3, 1, 5) };
    let review = review(&World::default(), &judgement(vec![reported(1, gone)]));
    assert_snapshot!(review.comments[0].body, @r"
    **`trees.0001_initial` is deployed and is edited here.**
    Databases that have run it will never run the edit, so production and tests differ from here on.

    Put the file back and write the edit as a new migration.

    <sub>error · [MIG001](https://panda.test/rules/MIG001)</sub>

    <!-- red-panda:v1 fp=0000000000000001 -->
    ");
    assert_snapshot!(review.body, @r"
    ### 🐾 1 thing to change before merging
    | | where | what |
    |---|---|---|
    | error | [`trees/migrations/0001_initial.py:3`](https://forge.test/blob/9999999/trees/migrations/0001_initial.py#L3) (removed) | `trees.0001_initial` is deployed and is edited here |

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp= -->
    ");
}

#[test]
fn the_summary_of_a_first_review() {
    assert_snapshot!(review(&World::default(), &judgement(all_faults())).body, @r"
    ### 🐾 3 things to change before merging, 3 to look at
    | | where | what |
    |---|---|---|
    | error | [`trees/migrations/0001_initial.py:12`](https://forge.test/blob/3333333/trees/migrations/0001_initial.py#L12) | `trees.0001_initial` is deployed and is edited here |
    | error | [`trees/migrations/0003_fill_names.py:15`](https://forge.test/blob/3333333/trees/migrations/0003_fill_names.py#L15) | `RunPython(fill)` in `trees.0003_fill_names` cannot be reversed |
    | error | [`project/.env`](https://forge.test/blob/3333333/project/.env) | `project/.env` is committed and holds 2 values that look real |
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |
    | warning | [`trees/views.py:12`](https://forge.test/blob/3333333/trees/views.py#L12), 18 | `trees/views.py` reports with `print` |

    **`project/.env` is committed and holds 2 values that look real.**
    `SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history. `git rm --cached project/.env`, add it to `.gitignore`, and rotate both values. <sub>[ENV001](https://panda.test/rules/ENV001)</sub>

    <details><summary>1 piece of advice</summary>

    | where | what |
    |---|---|
    | [`trees/urls.py:9`](https://forge.test/blob/3333333/trees/urls.py#L9) | `leaf` is nested 4 levels deep |

    </details>

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp=0000000000000003,0000000000000007 -->
    ");
}

#[test]
fn the_summary_of_an_incomplete_run() {
    let mut judged = judgement(vec![reported(4, broker_url())]);
    judged.not_looked_at = vec![
        unseen("trees/big.py", "is longer than 2 MiB; split it, or exclude it in `.red-panda.toml`"),
        unseen("", "the change has more than 3,000 files"),
    ];
    assert_snapshot!(review(&World::default(), &judged).body, @r"
    ### 🐾 1 thing to look at
    | | where | what |
    |---|---|---|
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |

    **Not everything could be looked at**

    - `trees/big.py`: is longer than 2 MiB; split it, or exclude it in `.red-panda.toml`
    - the change has more than 3,000 files

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp= -->
    ");
}

#[test]
fn a_later_review_is_short_and_the_first_stays_true() {
    let mut world = World::default();
    world.publish(&judgement(vec![reported(1, irreversible()), reported(4, broker_url())]), &[]);
    world.publish(&judgement(vec![reported(4, broker_url()), reported(2, edited_migration())]), &[]);
    assert_snapshot!(world.summaries()[0].body, @r"
    ### 🐾 1 thing to look at
    | | where | what |
    |---|---|---|
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp= -->
    ");
    assert_snapshot!(world.summaries()[1].body, @r"
    ### 🐾 1 more thing to change before merging
    | | where | what |
    |---|---|---|
    | error | [`trees/migrations/0001_initial.py:12`](https://forge.test/blob/3333333/trees/migrations/0001_initial.py#L12) | `trees.0001_initial` is deployed and is edited here |

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp= -->
    ");
    world.publish(&judgement(vec![]), &[]);
    assert_snapshot!(world.summaries()[1].body, @r"
    ### 🐾 Nothing left to change here

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp= -->
    ");
}

#[test]
fn many_findings_without_a_comment_are_folded() {
    let world = World { max_comments: 0, ..World::default() };
    assert_snapshot!(review(&world, &judgement(all_faults())).body, @r"
    ### 🐾 3 things to change before merging, 3 to look at
    | | where | what |
    |---|---|---|
    | error | [`trees/migrations/0001_initial.py:12`](https://forge.test/blob/3333333/trees/migrations/0001_initial.py#L12) | `trees.0001_initial` is deployed and is edited here |
    | error | [`trees/migrations/0003_fill_names.py:15`](https://forge.test/blob/3333333/trees/migrations/0003_fill_names.py#L15) | `RunPython(fill)` in `trees.0003_fill_names` cannot be reversed |
    | error | [`project/.env`](https://forge.test/blob/3333333/project/.env) | `project/.env` is committed and holds 2 values that look real |
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |
    | warning | [`trees/views.py:12`](https://forge.test/blob/3333333/trees/views.py#L12), 18 | `trees/views.py` reports with `print` |

    <details><summary>How to put 5 of these right</summary>

    **`trees.0001_initial` is deployed and is edited here.**
    Databases that have run it will never run the edit, so production and tests differ from here on. Put the file back and write the edit as a new migration. <sub>[MIG001](https://panda.test/rules/MIG001)</sub>

    **`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed.**
    `migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it. Right only if the filled names may stay; otherwise write the function that empties them. <sub>[MIG004](https://panda.test/rules/MIG004)</sub>

    **`project/.env` is committed and holds 2 values that look real.**
    `SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history. `git rm --cached project/.env`, add it to `.gitignore`, and rotate both values. <sub>[ENV001](https://panda.test/rules/ENV001)</sub>

    **The password in `CELERY_BROKER_URL` is not percent-encoded.**
    It works today and breaks with the first `/` or `#` in a new password. Write `@` as `%40`. <sub>[CEL002](https://panda.test/rules/CEL002)</sub>

    **`trees/views.py` reports with `print`.**
    Nobody reads standard output in production; the message is lost. Use `logger.info`. <sub>[STY009](https://panda.test/rules/STY009)</sub>

    </details>

    <details><summary>1 piece of advice</summary>

    | where | what |
    |---|---|
    | [`trees/urls.py:9`](https://forge.test/blob/3333333/trees/urls.py#L9) | `leaf` is nested 4 levels deep |

    </details>

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp=0000000000000002,0000000000000001,0000000000000003,0000000000000004,0000000000000005,0000000000000006,0000000000000007 -->
    ");
}

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
    assert_snapshot!(check.summary, @r"
    ### 🐾 3 things to change before merging, 3 to look at
    | | where | what |
    |---|---|---|
    | error | [`trees/migrations/0001_initial.py:12`](https://forge.test/blob/3333333/trees/migrations/0001_initial.py#L12) | `trees.0001_initial` is deployed and is edited here |
    | error | [`trees/migrations/0003_fill_names.py:15`](https://forge.test/blob/3333333/trees/migrations/0003_fill_names.py#L15) | `RunPython(fill)` in `trees.0003_fill_names` cannot be reversed |
    | error | [`project/.env`](https://forge.test/blob/3333333/project/.env) | `project/.env` is committed and holds 2 values that look real |
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |
    | warning | [`trees/views.py:12`](https://forge.test/blob/3333333/trees/views.py#L12), 18 | `trees/views.py` reports with `print` |

    **`project/.env` is committed and holds 2 values that look real.**
    `SECRET_KEY` and `DB_PASSWORD` are readable by everyone who can clone, and stay so in the history. `git rm --cached project/.env`, add it to `.gitignore`, and rotate both values. <sub>[ENV001](https://panda.test/rules/ENV001)</sub>

    <details><summary>1 piece of advice</summary>

    | where | what |
    |---|---|
    | [`trees/urls.py:9`](https://forge.test/blob/3333333/trees/urls.py#L9) | `leaf` is nested 4 levels deep |

    </details>

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

fn printed(judgement: &Judgement, colour: bool) -> String {
    let source = |_: red_panda::model::plan::Side, path: &str| {
        let lines: Vec<String> = (1..=40).filter_map(|n| head_line(path, n)).collect();
        Some(Text::new(&lines.join("\n")))
    };
    Terminal { colour, source: &source, elapsed_ms: Some(12) }.render(judgement)
}

#[test]
fn the_terminal() {
    let mut judged = judgement(all_faults());
    judged.not_looked_at = vec![unseen("trees/big.py", "is longer than 2 MiB")];
    judged.notes = vec!["`rules.MOD099` names a rule that is not built yet".into()];
    assert_snapshot!(printed(&judged, false), @r"
    error[MIG001]: trees.0001_initial is deployed and is edited here
      --> trees/migrations/0001_initial.py:12:1
       |
    12 |     line_12 = 12
       | ^^^^^^^^^^^^^^^^
       |
       = Databases that have run it will never run the edit, so production and tests differ from here on
     fix: Put the file back and write the edit as a new migration
     why: red-panda rules explain MIG001

    error[MIG004]: RunPython(fill) in trees.0003_fill_names cannot be reversed
      --> trees/migrations/0003_fill_names.py:15:9
       |
    15 |         migrations.RunPython(fill),
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = `migrate trees 0002` stops here with IrreversibleError, and so does every rollback past it
     fix: Right only if the filled names may stay; otherwise write the function that empties them
    15 +         migrations.RunPython(fill, migrations.RunPython.noop),
     why: red-panda rules explain MIG004

    error[ENV001]: project/.env is committed and holds 2 values that look real
      --> project/.env
       = SECRET_KEY and DB_PASSWORD are readable by everyone who can clone, and stay so in the history
     fix: `git rm --cached project/.env`, add it to .gitignore, and rotate both values
     why: red-panda rules explain ENV001

    warning[CEL002]: The password in CELERY_BROKER_URL is not percent-encoded
      --> config/settings.py:5:1
       = It works today and breaks with the first / or # in a new password
     fix: Write @ as %40
     why: red-panda rules explain CEL002

    warning[STY009]: trees/views.py reports with print
      --> trees/views.py:12:5
       |
    12 |     line_12 = 12
       |     ^^^^^^^^^^^^ Nobody reads standard output in production; the message is lost
       |
     fix: Use logger.info
     why: red-panda rules explain STY009

    warning[STY009]: trees/views.py reports with print
      --> trees/views.py:18:5
       |
    18 |     line_18 = 18
       |     ^^^^^^^^^^^^ Nobody reads standard output in production; the message is lost
       |
     fix: Use logger.info
     why: red-panda rules explain STY009

    advice[URL006]: leaf is nested 4 levels deep
     --> trees/urls.py:9:5
      |
    9 |     line_9 = 9
      |     ^^^^^^^^^^ Every caller must know all four ids
      |
     why: red-panda rules explain URL006

    not looked at: trees/big.py: is longer than 2 MiB
    note: rules.MOD099 names a rule that is not built yet

    3 errors, 3 warnings, 1 piece of advice in 4 changed files, 1 not looked at (30 rules, 12 ms)
    ");
}

#[test]
fn the_terminal_when_all_is_well() {
    assert_snapshot!(printed(&judgement(vec![]), false), @"4 files checked, nothing to change (30 rules, 12 ms)");
}

#[test]
fn the_terminal_in_colour() {
    let text = printed(&judgement(vec![reported(1, irreversible())]), true);
    println!("{text}");
    assert_snapshot!(text.replace('\u{1b}', "␛"), @r"
    ␛[1m␛[91merror[MIG004]␛[0m␛[1m: RunPython(fill) in trees.0003_fill_names cannot be reversed␛[0m
      ␛[1m␛[94m--> ␛[0mtrees/migrations/0003_fill_names.py:15:9
       ␛[1m␛[94m|␛[0m
    ␛[1m␛[94m15␛[0m ␛[1m␛[94m|␛[0m         migrations.RunPython(fill),
       ␛[1m␛[94m|␛[0m         ␛[1m␛[91m^^^^^^^^^^^^^^^^^^^^^^^^^^␛[0m
       ␛[1m␛[94m|␛[0m
    ␛[1;94m   = ␛[0m`migrate trees 0002` stops here with IrreversibleError, and so does every rollback past it
    ␛[1;36m fix: ␛[0mRight only if the filled names may stay; otherwise write the function that empties them
    ␛[1;32m15 +␛[0m         migrations.RunPython(fill, migrations.RunPython.noop),
    ␛[1;36m why:␛[0m red-panda rules explain MIG004

    ␛[1;31m1 error in 4 changed files␛[0m (30 rules, 12 ms)
    ");
}

#[test]
fn several_lines_wide_letters_and_tabs_in_the_terminal() {
    let mut wide = irreversible();
    let mut place = span(2, 5, 2);
    place.end.line = 3;
    wide.place = Place::Head { path: "träd/模型.py".into(), span: place };
    wide.fix = None;
    let source = |_, _: &str| Some(Text::new("a = 1\n\tb = f(\"模型\",\n\t2)\n"));
    let text = Terminal { colour: false, source: &source, elapsed_ms: None }
        .render(&judgement(vec![reported(1, wide)]));
    assert_snapshot!(text, @r#"
    error[MIG004]: RunPython(fill) in trees.0003_fill_names cannot be reversed
     --> träd/模型.py:2:5
      |
    2 |       b = f("模型",
      |  ________^
    3 | |     2)
      | |____^ `migrate trees 0002` stops here with IrreversibleError, and so does every rollback past it
      |
     why: red-panda rules explain MIG004

    1 error in 4 changed files (30 rules)
    "#);
}

#[test]
fn a_fix_that_puts_a_line_before_another_marks_the_new_one_only() {
    let mut inserting = irreversible();
    inserting.place = Place::Head { path: "a.py".into(), span: span(9, 5, 12) };
    let edit = Edit { span: span(9, 5, 5), replacement: "new = 1\n    ".into() };
    inserting.fix.as_mut().unwrap().edits = vec![edit];
    let source = |_, _: &str| Some(Text::new(&format!("{}    old = 2\n", "\n".repeat(8))));
    let text = Terminal { colour: false, source: &source, elapsed_ms: None }
        .render(&judgement(vec![reported(1, inserting)]));
    assert!(text.contains("\n 9 +     new = 1\n10       old = 2\n"), "{text}");
}

#[test]
fn words_are_not_a_button() {
    let mut words = irreversible();
    words.fix.as_mut().unwrap().safety = FixSafety::Text;
    assert!(!first_comment(GITHUB, words).contains("```"));
}
