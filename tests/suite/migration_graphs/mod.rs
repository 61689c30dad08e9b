//! MIG003, MIG007 and MIG009 on whole graphs, and that every edit they offer mends what they say.

mod edits;
mod indirect;

use red_panda::model::finding::{Edit, Finding, Position, Severity};
use red_panda::standin::sample::Sample;

pub(crate) const MANAGE: (&str, &str) =
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n");

/// A file of a migration in one line: `orders.0002_note: orders.0001_a @AUTH_USER_MODEL; replaces a.1; run_before b.1`.
pub(crate) fn file(line: &str) -> (String, String) {
    let (name, lists) = line.split_once(':').unwrap();
    let (app, name) = name.split_once('.').unwrap();
    let mut text = "from django.conf import settings\nfrom django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n".to_owned();
    for list in lists.split(';') {
        let mut words = list.split_whitespace().peekable();
        let attribute = words.next_if(|word| matches!(*word, "replaces" | "run_before"));
        let entries: String = words.map(|word| format!("        {},\n", entry(word))).collect();
        text += &format!("    {} = [\n{entries}    ]\n", attribute.unwrap_or("dependencies"));
    }
    (format!("{app}/migrations/{name}.py"), text + "    operations = []\n")
}

fn entry(word: &str) -> String {
    match word.split_once('.') {
        Some((app, name)) => format!("(\"{app}\", \"{name}\")"),
        None => format!("migrations.swappable_dependency(settings.{})", &word[1..]),
    }
}

/// A change from the migrations of some lines to those of others.
pub(crate) fn change(base: &[&str], head: &[&str]) -> Sample {
    let mut sample = Sample::new(&[MANAGE], &[MANAGE]);
    for (side, lines) in [(&mut sample.base, base), (&mut sample.head, head)] {
        for line in lines {
            add(side, &file(line));
        }
    }
    sample
}

pub(crate) fn add(side: &mut std::collections::BTreeMap<String, Vec<u8>>, (path, text): &(String, String)) {
    let package = path.rsplit_once('/').unwrap().0;
    side.insert(format!("{package}/__init__.py"), Vec::new());
    side.insert(path.clone(), text.clone().into_bytes());
}

/// What the three rules say, without advice.
pub(crate) fn found(sample: &Sample) -> Vec<Finding> {
    let findings = sample.judge().findings.into_iter().map(|reported| reported.finding);
    let told = findings.filter(|finding| matches!(finding.code, "MIG003" | "MIG007" | "MIG009"));
    told.filter(|finding| finding.severity != Severity::Advice).collect()
}

pub(crate) fn headlines(sample: &Sample) -> Vec<String> {
    found(sample).iter().map(|finding| format!("{} {}", finding.code, finding.headline)).collect()
}

/// The change with what the findings offer carried out.
pub(crate) fn mended(sample: &Sample, findings: &[Finding]) -> Sample {
    let mut sample = sample.clone();
    for finding in findings {
        let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) else { continue };
        let file = sample.head.get_mut(finding.place.path().unwrap()).unwrap();
        *file = edited(std::str::from_utf8(file).unwrap(), &fix.edits).into_bytes();
    }
    sample
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| edit.span.start);
    for edit in edits.iter().rev() {
        let range = offset(&text, edit.span.start)..offset(&text, edit.span.end);
        text.replace_range(range, &edit.replacement);
    }
    text
}

fn offset(text: &str, at: Position) -> usize {
    let before: usize = text.split_inclusive('\n').take(at.line as usize - 1).map(str::len).sum();
    before + at.column as usize - 1
}

#[test]
fn what_was_broken_before_is_not_the_fault_of_a_new_app() {
    let broken = "shop.0002_b: shop.0001_a";
    assert_eq!(headlines(&change(&[broken], &[broken, "users.0001_a:"])), Vec::<String>::new());
    let first = "users.0001_a: users.0000_gone";
    assert_eq!(headlines(&change(&[broken], &[broken, first])).len(), 1);
}

#[test]
fn a_missing_migration_that_comes_back_is_on_the_databases() {
    let deployed = "shop.0002_b: shop.0001_a";
    assert_eq!(headlines(&change(&[deployed], &["shop.0001_a:", deployed])), Vec::<String>::new());
}
