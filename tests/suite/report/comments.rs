//! Inline comments, word for word.

use insta::assert_snapshot;
use red_panda::model::finding::{Finding, FixSafety, Place};
use red_panda::model::pull::Capabilities;

use super::fixtures::*;

fn first_comment(capabilities: Capabilities, finding: Finding) -> String {
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
fn words_are_not_a_button() {
    let mut words = irreversible();
    words.fix.as_mut().unwrap().safety = FixSafety::Text;
    assert!(!first_comment(GITHUB, words).contains("```"));
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
