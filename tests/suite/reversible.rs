//! MIG004 and MIG005 end to end: what is seen, what is left alone, and suggestions that really mend the file.

use proptest::prelude::*;
use red_panda::model::finding::{Edit, Finding, FixSafety, Severity};
use red_panda::standin::sample::Sample;

const PATH: &str = "trees/migrations/0003_fill_names.py";

fn migration(head: &str, operations: &str) -> String {
    format!(
        "from django.db import migrations\n\n\n{head}\n\nclass Migration(migrations.Migration):\n    \
         dependencies = [(\"trees\", \"0002_add_name\")]\n    operations = {operations}\n"
    )
}

fn found(files: &[(&str, &str)]) -> Vec<Finding> {
    let mut head =
        vec![("manage.py", ""), ("trees/__init__.py", ""), ("trees/migrations/0002_add_name.py", "")];
    head.extend(files);
    let judgement = Sample::new(&[("manage.py", "")], &head).judge();
    let findings = judgement.findings.into_iter().map(|r| r.finding);
    findings.filter(|f| f.code == "MIG004" || f.code == "MIG005").collect()
}

fn found_in(text: &str) -> Vec<Finding> {
    found(&[(PATH, text)])
}

const FILL: &str =
    "def fill(apps, schema_editor):\n    apps.get_model(\"trees\", \"Tree\").objects.update(name=\"x\")\n";

#[test]
fn a_finding_names_the_function_the_migration_and_the_command_that_stops() {
    let findings = found_in(&migration(FILL, "[migrations.RunPython(fill)]"));
    let finding = &findings[0];
    assert_eq!(finding.headline, "`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed");
    assert_eq!(
        finding.consequence,
        "`migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it."
    );
    assert_eq!(finding.subject, "RunPython(fill)");
    let fix = finding.fix.as_ref().unwrap();
    assert_eq!(
        (fix.safety, fix.edits[0].replacement.as_str()),
        (FixSafety::Ask, ", migrations.RunPython.noop")
    );
}

#[test]
fn an_initial_migration_is_taken_back_to_zero() {
    let text = migration(FILL, "[migrations.RunPython(fill)]").replace("(\"trees\", \"0002_add_name\")", "");
    assert!(found_in(&text)[0].consequence.starts_with("`migrate trees zero` stops here"));
}

#[test]
fn noop_is_offered_only_where_nothing_can_be_lost() {
    let safety = |body: &str| {
        let head = format!(
            "from trees import tools\n\ndef fill(apps, schema_editor):\n    Tree = apps.get_model('trees', 'Tree')\n    {body}\n"
        );
        found_in(&migration(&head, "[migrations.RunPython(fill)]"))[0].fix.as_ref().unwrap().safety
    };
    assert_eq!(safety("Tree.objects.create(name='x')"), FixSafety::Ask);
    assert_eq!(safety("Tree.objects.bulk_create([Tree(name=str(i)) for i in range(3)])"), FixSafety::Ask);
    assert_eq!(safety("Tree.objects.all().delete()"), FixSafety::Text);
    assert_eq!(safety("tools.rebuild(Tree)"), FixSafety::Text);
    assert_eq!(safety("schema_editor.execute('DELETE FROM trees_tree')"), FixSafety::Text);
    assert_eq!(safety("Tree.objects.first().leaves.clear()"), FixSafety::Text);
}

#[test]
fn a_call_that_is_no_operation_is_left_alone() {
    let text = migration(FILL, "[]\n    migrations.RunPython(fill)\n    migrations.RunSQL('DELETE FROM t')");
    assert_eq!(found_in(&text), []);
}

#[test]
fn an_own_class_that_swallows_the_reverse_is_seen_through() {
    let class = "from django.db.migrations import RunPython\n\n\nclass Delete(RunPython):\n    def __init__(self, *, name: str):\n        super().__init__(remove(name), atomic=False)\n\n\nclass Make(RunPython):\n    def __init__(self, *, name: str):\n        super().__init__(make(name), remove(name), atomic=False)\n\n\nclass Either(RunPython):\n    def __init__(self, name, **kwargs):\n        super().__init__(make(name), **kwargs)\n";
    let text = migration(
        "from ..operations import Delete, Either, Make\n",
        "[Delete(name='a'), Make(name='b'), Either('c')]",
    );
    let findings = found(&[(PATH, &text), ("trees/operations.py", class)]);
    let headlines: Vec<_> = findings.iter().map(|f| f.headline.as_str()).collect();
    assert_eq!(headlines, ["`Delete(name='a')` in `trees.0003_fill_names` cannot be reversed"]);
}

#[test]
fn a_squash_that_carries_it_over_is_a_warning_and_what_it_adds_an_error() {
    let original = migration(FILL, "[migrations.RunPython(fill)]");
    let squash = migration(
        &format!("{FILL}\ndef more(apps, schema_editor):\n    pass\n"),
        "[migrations.RunPython(fill), migrations.RunPython(more)]\n    replaces = [('trees', '0003_fill_names')]",
    );
    let base = [("manage.py", ""), (PATH, original.as_str())];
    let head = [base[0], base[1], ("trees/migrations/0003_squashed_0004.py", squash.as_str())];
    let judgement = Sample::new(&base, &head).judge();
    let mut severities: Vec<_> = judgement
        .findings
        .iter()
        .filter(|r| r.finding.code == "MIG004")
        .map(|r| (r.finding.subject.as_str(), r.finding.severity))
        .collect();
    severities.sort();
    assert_eq!(severities, [("RunPython(fill)", Severity::Warning), ("RunPython(more)", Severity::Error)]);
}

#[test]
fn operations_that_refer_to_themselves_end() {
    let sums = "operations + ".repeat(500) + "operations";
    let text = migration(
        &format!(
            "def again():\n    return again() + [migrations.RunPython(again)]\n\nops = [{}ops]\n",
            "ops, ".repeat(500)
        ),
        &format!("ops + again()\n    operations = {sums}"),
    );
    assert_eq!(found_in(&text).len(), 1);
}

/// Applies an edit to text, by lines and characters as a forge would.
fn apply(text: &str, edit: &Edit) -> String {
    let offset = |position: red_panda::model::finding::Position| {
        let before: usize = text.split_inclusive('\n').take(position.line as usize - 1).map(str::len).sum();
        let line = &text[before..];
        before + line.chars().take(position.column as usize - 1).map(char::len_utf8).sum::<usize>()
    };
    let (start, end) = (offset(edit.span.start), offset(edit.span.end));
    format!("{}{}{}", &text[..start], edit.replacement, &text[end..])
}

fn call() -> impl Strategy<Value = String> {
    let python = (
        prop::sample::select(vec![
            "fill",
            "(fill)",
            "code=fill",
            "( fill )",
            "migrations.RunPython.noop",
            "code=(fill)",
        ]),
        prop::sample::select(vec!["", "None", "reverse_code=None"]),
        prop::sample::select(vec!["", "elidable=True", "hints={'é': ')'}, atomic=False"]),
    )
        .prop_map(|(first, reverse, rest)| ("migrations.RunPython", first, reverse, rest));
    let sql = (
        prop::sample::select(vec![
            "'CREATE INDEX i ON t(c)'",
            "sql='UPDATE t SET c = 1'",
            "['ANALYZE t']",
            "('CREATE VIEW v '\n    'AS SELECT 2')",
            "'CREATE INDEX \"I\" ON s.t USING gin (c)'",
        ]),
        prop::sample::select(vec!["", "reverse_sql=None"]),
        prop::sample::select(vec!["", "elidable=True"]),
    )
        .prop_map(|(first, reverse, rest)| ("migrations.RunSQL", first, reverse, rest));
    let layout = (
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec!["", "  # ), why"]),
        prop::sample::select(vec!["        ", "\t\t"]),
    );
    (prop_oneof![python, sql], layout).prop_filter_map(
        "positional after keyword",
        |((callee, first, reverse, rest), layout)| {
            let (lines, trailing, comment, indent) = layout;
            let arguments: Vec<&str> = [first, reverse, rest].into_iter().filter(|a| !a.is_empty()).collect();
            if first.contains("=") && !first.contains("'") && reverse == "None" {
                return None;
            }
            let end = if trailing { "," } else { "" };
            Some(if lines {
                let separator = format!(",{comment}\n{indent}");
                format!("{callee}(\n{indent}{}{end}{comment}\n    )", arguments.join(&separator))
            } else {
                format!("{callee}({}{end})", arguments.join(", "))
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_applied_suggestion_parses_and_silences_the_rule(call in call(), crlf in any::<bool>()) {
        let text = migration(FILL, &format!("[\n    {call},\n    ]"));
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let findings = found_in(&text);
        prop_assert_eq!(findings.len(), 1, "{}", text);
        let fix = findings[0].fix.as_ref().unwrap();
        prop_assert_eq!(fix.edits.len(), 1, "{}", text);
        let mended = apply(&text, &fix.edits[0]);
        let parsed = red_panda::syntax::python::Module::parse(&red_panda::source::Text::new(&mended));
        prop_assert_eq!(parsed.fault(), None, "{}", mended);
        prop_assert_eq!(found_in(&mended), vec![], "{}", mended);
        if crlf {
            prop_assert!(!mended.replace("\r\n", "").contains('\n'), "{}", mended);
        }
    }
}

#[test]
fn p20_an_old_fault_whose_call_gains_an_argument_is_not_new() {
    let create = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [migrations.CreateModel('Tree', [])]\n";
    let add = |more: &str| {
        format!(
            "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [('trees', '0001_initial')]\n    \
             operations = [migrations.AddField('tree', 'owner', models.ForeignKey('trees.User'{more}))]\n"
        )
    };
    let (before, after) = (add(""), add(", on_delete=models.CASCADE"));
    let files = |second| {
        [
            ("manage.py", ""),
            ("trees/migrations/0001_initial.py", create),
            ("trees/migrations/0002_add_owner.py", second),
        ]
    };
    let codes = |base: &[(&str, &str)], head: &[(&str, &str)]| -> Vec<&str> {
        let judgement = Sample::new(base, head).judge();
        judgement.findings.iter().map(|r| r.finding.code).filter(|c| *c == "MIG006").collect()
    };
    assert_eq!(codes(&files(&before)[..2], &files(&before)), ["MIG006"]);
    assert_eq!(codes(&files(&before), &files(&after)), Vec::<&str>::new());
}

/// What is reported of a migration that is already there and is edited.
fn found_in_edit(old: &str, new: &str) -> Vec<String> {
    let judgement = Sample::new(&[(PATH, old)], &[(PATH, new)]).judge();
    assert_eq!((judgement.files, &judgement.not_looked_at), (1, &Vec::new()), "{new}");
    let findings = judgement.findings.into_iter().map(|r| r.finding);
    findings.filter(|f| f.code == "MIG004" || f.code == "MIG005").map(|f| f.headline).collect()
}

#[test]
fn what_could_not_be_reversed_before_is_not_introduced_by_another_spelling() {
    let old = migration(FILL, "[migrations.RunPython(fill), migrations.RunSQL('UPDATE a')]");
    let same = [
        old.replace("RunPython(fill)", "RunPython(fill, elidable=True)"),
        old.replace("RunPython(fill)", "RunPython(code=fill, reverse_code=None, hints={'a': 1})"),
        old.replace("'UPDATE a'", "'UPDATE a', elidable=True"),
        old.replace("'UPDATE a'", "(\n        'UPDATE '\n        \"a\"\n    )"),
    ];
    for new in same {
        assert!(found_in_edit(&old, &new).is_empty(), "{new}");
    }
}

#[test]
fn a_lost_reverse_another_deed_and_one_operation_more_are_introduced() {
    let sql = migration("", "[migrations.RunSQL('UPDATE a')]");
    assert_eq!(found_in_edit(&sql, &sql.replace("UPDATE a", "UPDATE b")).len(), 1);
    let one = migration(FILL, "[migrations.RunPython(fill)]");
    assert_eq!(found_in_edit(&one, &one.replace("fill", "fill_names")).len(), 1, "another function");
    let two = migration(
        FILL,
        "[\n        migrations.RunPython(other),\n        migrations.RunPython(fill),\n    ]",
    );
    assert_eq!(
        found_in_edit(&one, &two),
        ["`RunPython(other)` in `trees.0003_fill_names` cannot be reversed"]
    );
    let back = migration(FILL, "[migrations.RunPython(fill, undo), migrations.RunPython(other)]");
    assert_eq!(
        found_in_edit(&one, &back),
        ["`RunPython(other)` in `trees.0003_fill_names` cannot be reversed"]
    );
    assert_eq!(
        found_in_edit(&back, &one),
        ["`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed"]
    );
}
