//! Files that a stranger writes to keep us busy: the change is judged all the same, and its real fault is told.

use red_panda::standin::sample::{Files, Sample};

const FAULT: &str = "operations = [migrations.RunPython(fill)]";

fn migration(above: &str, dependencies: &str) -> String {
    format!(
        "from django.db import migrations\n{above}\n\n\ndef fill(apps, schema_editor):\n    pass\n\n\n\
         class Migration(migrations.Migration):\n    dependencies = {dependencies}\n    {FAULT}\n"
    )
}

fn reported(extra: &[(&str, String)]) -> Vec<&'static str> {
    let mut head: Files =
        extra.iter().map(|(path, text)| ((*path).into(), text.clone().into_bytes())).collect();
    head.entry("blog/migrations/0001_fill.py".into()).or_insert_with(|| migration("", "[]").into_bytes());
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n";
    let base = Files::from([("manage.py".into(), manage.into())]);
    head.extend(base.clone());
    let judgement = Sample { base, head, ..Sample::default() }.judge();
    assert_eq!(judgement.not_looked_at, []);
    judgement.findings.iter().map(|r| r.finding.code).collect()
}

#[test]
fn names_that_double_themselves() {
    let above = format!("A = 'blog'\n{}", "A += A\n".repeat(40));
    let fill = migration(&above, "[(A, A)]");
    assert!(reported(&[("blog/migrations/0001_fill.py", fill)]).contains(&"MIG004"));
}

#[test]
fn modules_that_import_everything_from_themselves() {
    let helpers = "from .helpers import *\n".repeat(30);
    let fill = migration("from blog.helpers import Nothing", "[]")
        .replace("[migrations.", "[Nothing(), migrations.");
    let files = [("blog/migrations/0001_fill.py", fill), ("blog/helpers.py", helpers)];
    assert!(reported(&files).contains(&"MIG004"));
}

#[test]
fn settings_that_import_everything_from_themselves() {
    let settings = "from config.settings import *\n".repeat(100);
    assert!(reported(&[("config/settings.py", settings)]).contains(&"MIG004"));
}

#[test]
fn functions_that_call_each_other() {
    let calls = |next: &str| format!("():\n{}\n", format!("    {next}()\n").repeat(1_000));
    let names = ["zero", "one", "two", "three", "four"];
    let functions: String =
        names.windows(2).map(|pair| format!("def {}{}", pair[0], calls(pair[1]))).collect();
    let fill = migration(&format!("{functions}\n\ndef four():\n    pass\n"), "[]");
    let fill = fill.replace("RunPython(fill)", "RunPython(zero)");
    assert!(reported(&[("blog/migrations/0001_fill.py", fill)]).contains(&"MIG004"));
}

#[test]
fn operations_that_are_hidden_too_deep_are_never_approved() {
    let hidden = format!("operations = {}migrations.RunPython(fill){}", "[".repeat(40), "]".repeat(40));
    let text = migration("", "[]").replace(FAULT, &hidden);
    let head = Files::from([("blog/migrations/0001_fill.py".to_owned(), text.into_bytes())]);
    let judgement = Sample { head, ..Sample::default() }.judge();
    let told: Vec<&str> = judgement.not_looked_at.iter().map(|n| n.path.as_str()).collect();
    assert_eq!(told, ["blog/migrations/0001_fill.py"]);
}
