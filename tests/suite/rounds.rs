//! How often the engine has to ask: a forge is paid for each batch.

use red_panda::project::migrations::deployed::Evidence;
use red_panda::standin::sample::{Asked, Files, Sample, files};

const MIGRATIONS: usize = 60;

/// Split settings, three apps, and one of them with sixty migrations.
fn shop() -> Files {
    let mut project = files(&[
        (
            "manage.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')\n",
        ),
        ("config/settings/__init__.py", ""),
        ("config/settings/local.py", "from .base import *\nDEBUG = True\n"),
        (
            "config/settings/base.py",
            "INSTALLED_APPS = ['shop', 'blog', 'users.apps.UsersConfig']\n\
             DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n",
        ),
        (".gitattributes", "*.min.js linguist-generated\n"),
        (".gitignore", ".env\n.env.*\n!.env.example\n"),
        ("shop/models.py", "from django.db import models\n"),
        (
            "users/apps.py",
            "from django.apps import AppConfig\n\n\nclass UsersConfig(AppConfig):\n    name = 'users'\n    label = 'people'\n",
        ),
        ("README.md", "A shop.\n"),
    ]);
    for app in ["blog", "users"] {
        project.insert(format!("{app}/migrations/0001_initial.py"), migration("people", 1, "[]"));
    }
    let title = "[migrations.CreateModel('Item', [('id', models.BigAutoField(primary_key=True))])]";
    project.insert(path(1), migration("shop", 1, title));
    for number in 2..=MIGRATIONS {
        project.insert(path(number), migration("shop", number, &added(number)));
    }
    project
}

fn path(number: usize) -> String {
    let name = if number == 1 { "initial".to_owned() } else { format!("item_field_{number}") };
    format!("shop/migrations/{number:04}_{name}.py")
}

fn added(number: usize) -> String {
    format!("[migrations.AddField('item', 'field_{number}', models.IntegerField(default=0))]")
}

fn migration(app: &str, number: usize, operations: &str) -> Vec<u8> {
    let before = path(number.saturating_sub(1));
    let name = before.rsplit('/').next().unwrap().trim_end_matches(".py");
    let dependencies = if number == 1 { "[]".to_owned() } else { format!("[('{app}', '{name}')]") };
    format!(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = {dependencies}\n    operations = {operations}\n"
    )
    .into_bytes()
}

/// The target went on since the pull request began, and production is a release behind.
fn moved_on(head: Files) -> Sample {
    let base = shop();
    let mut tip = base.clone();
    tip.insert(
        "config/settings/base.py".to_owned(),
        b"INSTALLED_APPS = ['shop', 'blog', 'users', 'news']\n".to_vec(),
    );
    tip.insert("blog/migrations/0002_slug.py".to_owned(), migration("blog", 1, "[]"));
    tip.insert("news/apps.py".to_owned(), b"from django.apps import AppConfig\n".to_vec());
    let mut deployed = base.clone();
    deployed.insert("config/settings/local.py".to_owned(), b"from .base import *\n".to_vec());
    deployed.insert(path(7), migration("shop", 7, "[]"));
    deployed.remove(&path(MIGRATIONS));
    let deployed = Some((Evidence::Ref("production".to_owned()), deployed));
    Sample { base, head, tip: Some(tip), deployed, ..Sample::default() }
}

fn codes(sample: &Sample) -> (Vec<&'static str>, usize) {
    let (judgement, Asked { rounds, .. }) = sample.judge_counted();
    assert_eq!(judgement.not_looked_at, []);
    (judgement.findings.iter().map(|reported| reported.finding.code).collect(), rounds)
}

#[test]
fn an_edited_and_an_added_migration_take_two_rounds() {
    let mut head = shop();
    let longer = "[migrations.AddField('item', 'field_9', models.IntegerField(default=0)), migrations.RunPython(fill)]";
    head.insert(path(9), migration("shop", 9, longer));
    head.insert(
        path(61),
        migration("shop", 61, "[migrations.AddField('item', 'code', models.IntegerField())]"),
    );
    let (found, rounds) = codes(&moved_on(head));
    assert_eq!(rounds, 2, "{found:?}");
    for code in ["MIG001", "MIG004", "MIG006"] {
        assert!(found.contains(&code), "{code} is not among {found:?}");
    }
}

#[test]
fn a_removed_and_a_renamed_migration_take_two_rounds() {
    let mut head = shop();
    head.remove(&path(60));
    let sixtieth = head.remove(&path(59)).unwrap();
    head.insert("shop/migrations/0059_renamed.py".to_owned(), sixtieth);
    let mut sample = moved_on(head);
    sample.renames.insert("shop/migrations/0059_renamed.py".to_owned(), path(59));
    let (found, rounds) = codes(&sample);
    assert_eq!(rounds, 2, "{found:?}");
    assert!(found.contains(&"MIG002"), "{found:?}");
}

#[test]
fn views_and_an_env_template_take_two_rounds() {
    let mut head = shop();
    let view = "\"\"\"Pages.\"\"\"\n\n\ndef home(request: HttpRequest) -> None:\n    return None\n";
    head.insert("shop/views.py".to_owned(), view.into());
    head.insert(".env.example".to_owned(), b"DEBUG=1\nSECRET_KEY=\n".to_vec());
    head.insert("Dockerfile".to_owned(), b"# red-panda: ignore[MIG004]\n".to_vec());
    assert_eq!(codes(&moved_on(head)), (vec!["STY008"], 2));
}

#[test]
fn what_touches_no_django_file_takes_one_round() {
    let mut head = shop();
    head.insert("README.md".to_owned(), b"A shop that sells tea.\n".to_vec());
    head.insert("static/shop.css".to_owned(), b"p { color: #222 }\n".to_vec());
    head.insert("static/logo.png".to_owned(), b"\x89PNG\r\n\0".to_vec());
    head.insert("package.json".to_owned(), b"{}\n".to_vec());
    head.insert(".github/workflows/ci.yml".to_owned(), b"on: push\n".to_vec());
    assert_eq!(codes(&moved_on(head)), (vec![], 1));
}

/// Ten parts below the settings package, each imported with a star, as large projects have them.
#[test]
fn settings_in_many_parts_take_no_more() {
    for (folder, most) in [("config/settings/parts", 2), ("config/parts", 3)] {
        let mut base = shop();
        let imports =
            (0..10).map(|n| format!("from config.{}.part{n} import *\n", &folder[7..].replace('/', ".")));
        base.insert("config/settings/base.py".to_owned(), imports.collect::<String>().into_bytes());
        for n in 0..10 {
            base.insert(format!("{folder}/part{n}.py"), format!("NAME_{n} = {n}\n").into_bytes());
        }
        let mut head = base.clone();
        head.insert(path(61), migration("shop", 61, &added(61)));
        let (found, rounds) = codes(&Sample { base, head, ..Sample::default() });
        assert!(rounds <= most, "{folder}: {rounds} rounds, {found:?}");
    }
}

/// 51 views that are all edited, one of them with a fault.
#[test]
fn of_edited_files_the_base_is_read_where_a_finding_touches_the_change() {
    let views = |text: &'static str| {
        (0..51).map(move |n| (format!("shop/views_{n}.py"), format!("NAMES = [{n}]\n{text}").into_bytes()))
    };
    let around = || files(&[("manage.py", "import django\n"), (".gitattributes", "")]);
    let base: Files = around().into_iter().chain(views("")).collect();
    let mut head: Files = around().into_iter().chain(views("MORE = 1\n")).collect();
    head.insert("shop/views_7.py".to_owned(), b"CELERY_BROKER_URL = 'amqp://u:a#b@rabbit:5672/v'\n".to_vec());
    let (judgement, asked) = Sample { base, head, ..Sample::default() }.judge_counted();
    assert_eq!(judgement.findings.iter().map(|r| r.finding.code).collect::<Vec<_>>(), ["CEL001"]);
    // Those of head, the base of one, `manage.py` and `.gitattributes`.
    assert_eq!(asked.contents, 54);
}

#[test]
fn nine_edited_templates_with_an_error_each_take_one_round_more() {
    let templates = |line: &'static str| {
        (0..9).map(move |n| (format!("service_{n}/.env.example"), format!("# {n}\n{line}\n").into_bytes()))
    };
    let around = || files(&[("manage.py", "import environ\nenviron.Env.read_env('.env')\n")]);
    let base: Files = around().into_iter().chain(templates("DEBUG=1")).collect();
    let head: Files = around().into_iter().chain(templates("DEBUG=1 # on the laptop")).collect();
    let (judgement, asked) = Sample { base, head, ..Sample::default() }.judge_counted();
    assert_eq!(judgement.not_looked_at, []);
    let told: Vec<&str> = judgement.findings.iter().map(|r| r.finding.code).collect();
    assert_eq!(told, ["ENV011"; 9]);
    assert_eq!(asked.rounds, 3);
}
