//! The bodies of reviews, word for word.

use insta::assert_snapshot;

use red_panda::model::finding::{Finding, Place, Severity};
use red_panda::model::judgement::Reported;

use super::fixtures::*;

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

/// All true, and yet nobody reads seven of a kind one by one.
#[test]
fn a_rule_that_speaks_in_more_than_five_places_is_one_row() {
    let prints = |number: u32| (0..number).map(|n| reported(10 + n, print_call(12 + n)));
    let judged = |number| judgement(prints(number).chain([reported(4, broker_url())]).collect());
    assert_eq!(review(&World::default(), &judged(5)).comments.len(), 2);
    let review = review(&World::default(), &judged(7));
    assert_eq!(review.comments.len(), 1, "{:?}", review.comments);
    assert_snapshot!(review.body, @r"
    ### 🐾 8 things to look at
    | | where | what |
    |---|---|---|
    | warning | [`config/settings.py:5`](https://forge.test/blob/3333333/config/settings.py#L5) | The password in `CELERY_BROKER_URL` is not percent-encoded |
    | warning | [`trees/views.py:12`](https://forge.test/blob/3333333/trees/views.py#L12) | `trees/views.py` reports with `print`; [STY009](https://panda.test/rules/STY009) speaks of 7 places, [all of them](https://panda.test/runs/7f3a) |

    **`trees/views.py` reports with `print`.**
    Nobody reads standard output in production; the message is lost. Use `logger.info`. <sub>[STY009](https://panda.test/rules/STY009)</sub>

    <sub>4 files checked against 30 rules at `3333333`, compared with `main` at `9999999` · [run](https://panda.test/runs/7f3a) · look again: `/red-panda recheck`</sub>

    <!-- red-panda:v1 summary fp=000000000000000a,000000000000000b,000000000000000c,000000000000000d,000000000000000e,000000000000000f,0000000000000010 -->
    ");
}

/// What is only style stays in the summary when three have been said: each rule once a file.
#[test]
fn beside_the_first_families_few_warnings_hang_on_lines() {
    let quiet = |id: u32, code, path: &str| {
        let place = Place::Head { path: path.into(), span: span(12, 1, 9) };
        reported(id, Finding { code, place, headline: format!("Fault {id}"), ..print_call(12) })
    };
    let files = ["trees/views.py", "trees/urls.py", MIGRATION, "config/settings.py", "trees/views.py"];
    let rules = ["STY009", "STY002", "DOC001", "VIW005", "STY009"];
    let quiet = (20..).zip(rules.iter().zip(files)).map(|(id, (code, path))| quiet(id, code, path));
    let quiet: Vec<_> = quiet.collect();
    let of = |findings: Vec<Reported>| review(&World::default(), &judgement(findings));
    let alone = of(quiet.clone());
    assert_eq!(alone.comments.len(), 3, "{:?}", alone.comments);
    assert!(quiet.iter().all(|r| alone.body.contains(&r.finding.headline)), "{}", alone.body);
    // Errors and the first families speak all the same.
    let error = Finding { code: "MOD015", severity: Severity::Error, ..quiet[0].finding.clone() };
    let more = [reported(1, irreversible()), reported(4, broker_url()), reported(5, error)];
    assert_eq!(of(quiet.iter().cloned().chain(more).collect()).comments.len(), 6);
}
