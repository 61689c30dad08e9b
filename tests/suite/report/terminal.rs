//! What `red-panda check` prints, character for character.

use insta::assert_snapshot;
use red_panda::model::finding::{Edit, Place};
use red_panda::model::judgement::Judgement;
use red_panda::model::plan::Side;
use red_panda::report::terminal::Terminal;
use red_panda::source::Text;

use super::fixtures::*;

fn printed(judgement: &Judgement, colour: bool) -> String {
    let source = |_: Side, path: &str| {
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
