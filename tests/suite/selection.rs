//! Which rules run, and how loud: the profile, then the family, then the code itself.

use std::collections::BTreeMap;

use red_panda::config::policy::parse;
use red_panda::model::finding::Severity;
use red_panda::rules;
use red_panda::standin::sample::Sample;

const MIGRATION: &str = "from django.db import migrations

def fill(apps, schema_editor):
    apps.get_model('blog', 'Post').objects.update(name='x')

class Migration(migrations.Migration):
    dependencies = [('blog', '0001_initial')]
    operations = [migrations.RunPython(fill)]
";
const INITIAL: &str = "from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel('Post', [('name', models.CharField(max_length=9))])]
";

/// One change with a fault of several families, judged by a policy: each code with its loudest severity.
fn judged(policy: &str) -> BTreeMap<&'static str, Severity> {
    let codes: Vec<&str> = rules::all().iter().map(|rule| rule.code()).collect();
    let around = [
        ("manage.py", "import environ\nenviron.Env.read_env('.env')\n"),
        ("blog/__init__.py", ""),
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", INITIAL),
    ];
    let news = [
        ("blog/migrations/0002_auto_20240102_0304.py", MIGRATION),
        (".env", "DB_PASSWORD=9fKq-x2LmZt7 # old\n"),
        ("config/settings.py", "CELERY_BROKER_URL = 'amqp://u:9fKq#x2LmZt7@rabbit:5672/v'\n"),
    ];
    let mut sample = Sample::new(&around, &[around.as_slice(), news.as_slice()].concat());
    sample.policy = parse(policy, &codes).unwrap();
    let mut loudest = BTreeMap::new();
    for finding in sample.judge().findings.into_iter().map(|reported| reported.finding) {
        let known = loudest.entry(finding.code).or_insert(finding.severity);
        *known = finding.severity.max(*known);
    }
    loudest
}

#[test]
fn essentials_are_the_four_named_checks_and_what_they_stand_on() {
    let (standard, essentials) = (judged(""), judged("profile = \"essentials\"\n"));
    for (code, is_essential) in [
        ("MIG004", true),
        ("MIG011", false),
        ("ENV001", true),
        ("ENV002", true),
        ("ENV011", false),
        ("CEL001", true),
    ] {
        assert!(standard.contains_key(code), "{code} of {standard:?}");
        assert_eq!(essentials.contains_key(code), is_essential, "{code} of {essentials:?}");
    }
    let run = |profile: &str| {
        let sample = Sample { policy: parse(profile, &[]).unwrap(), ..Sample::new(&[], &[("a.py", "")]) };
        sample.judge().rules
    };
    let named = ["MIG001", "MIG002", "MIG004", "MIG005", "CEL001", "CEL002", "CEL003", "ENV001"];
    assert!(named.iter().all(|code| rules::find(code).is_some()));
    assert_eq!(run(""), rules::all().len());
    let outside = rules::all().into_iter().filter(|rule| !rule.entry.essential).map(|rule| rule.code());
    let outside: Vec<_> = outside.collect();
    assert_eq!(rules::all().len() - run("profile = \"essentials\"\n"), outside.len());
    assert!(OUTSIDE.iter().all(|code| outside.contains(code)));
    let first_light =
        outside.iter().filter(|code| ["MIG", "ENV"].iter().any(|family| code.starts_with(family)));
    assert_eq!(first_light.count(), OUTSIDE.len());
}

/// Of the first families, and not of the essentials.
const OUTSIDE: [&str; 8] = ["ENV011", "ENV012", "MIG011", "MIG012", "MIG013", "MIG015", "MIG016", "MIG017"];

#[test]
fn a_family_is_heard_before_the_profile_and_a_code_before_its_family() {
    let essentials = "profile = \"essentials\"\n[rules]\n";
    assert!(judged(&format!("{essentials}auto-named-migration = \"warning\"\n")).contains_key("MIG011"));
    let family = judged(&format!("{essentials}migrations = {{ severity = \"warning\", reason = \"x\" }}\n"));
    assert!(family.contains_key("MIG011"), "{family:?}");
    assert_eq!(family["MIG004"], Severity::Warning);
    let off = "[rules]\nmigrations = { severity = \"off\", reason = \"x\" }\n";
    assert!(!judged(off).keys().any(|code| code.starts_with("MIG")));
    let own = judged(&format!("{off}MIG004 = \"error\"\n"));
    let migrations: Vec<_> = own.iter().filter(|(code, _)| code.starts_with("MIG")).collect();
    assert_eq!(migrations, [(&"MIG004", &Severity::Error)]);
}

#[test]
fn committed_secrets_are_reported_whatever_the_family_is_set_to() {
    let standard = judged("");
    for word in ["off", "advice"] {
        let found = judged(&format!("[rules]\nenv = {{ severity = \"{word}\", reason = \"x\" }}\n"));
        assert_eq!(found["ENV001"], standard["ENV001"]);
        assert_eq!(found.contains_key("ENV011"), word != "off", "{found:?}");
    }
}

#[test]
fn a_setting_above_raises_only_what_is_certain() {
    let raised = judged("[rules]\nauto-named-migration = \"error\"\n");
    let rule = rules::find("MIG011").unwrap();
    assert!(rule.entry.severity < Severity::Error);
    assert_eq!(raised["MIG011"], Severity::Error, "{raised:?}");
}
