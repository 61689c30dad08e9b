//! How long judging takes, beside only parsing the changed Python files. Prints ratios: times of one machine mean
//! nothing on another. Run with `cargo bench`.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use red_panda::source::Text;
use red_panda::standin::sample::{Files, Sample, files};
use red_panda::syntax::python::Module;

/// The best of so many runs counts: everything else is the machine's noise.
const RUNS: usize = 15;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for (what, sample) in [
        ("10 files of a project with 60 migrations", typical()),
        ("50 files of a project with 60 migrations", many(50)),
        ("1 migration more in an app with 2,000", long_history()),
        ("3,000 files", many(3_000)),
    ] {
        let parsing = best(|| parse_changed(&sample));
        let reading = best(|| parse_all(&sample));
        let judging = best(|| {
            black_box(sample.judge());
        });
        let ratio = |other: Duration| judging.as_secs_f64() / other.as_secs_f64();
        writeln!(
            out,
            "{what}: judging takes {:.1} times parsing the changed Python, {:.2} times parsing all of it",
            ratio(parsing),
            ratio(reading)
        )?;
    }
    Ok(())
}

fn best(work: impl Fn()) -> Duration {
    let timed = (0..RUNS).map(|_| {
        let started = Instant::now();
        work();
        started.elapsed()
    });
    timed.min().unwrap_or_default()
}

/// Head's side of every changed Python file.
fn parse_changed(sample: &Sample) {
    parse(sample.head.iter().filter(|(path, content)| sample.base.get(*path) != Some(content)));
}

fn parse_all(sample: &Sample) {
    parse(sample.head.iter());
}

fn parse<'a>(files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) {
    for (_, content) in files.filter(|(path, _)| path.ends_with(".py")) {
        black_box(Module::parse(&Text::new(&String::from_utf8_lossy(content))));
    }
}

/// Views, models, templates' helpers, an env template and a migration.
fn typical() -> Sample {
    let base = project(60);
    let mut head = base.clone();
    for number in 0..8 {
        head.insert(format!("shop/views/page{number}.py"), view(number, "changed"));
    }
    head.insert(path(61), migration(61));
    head.insert(".env.example".to_owned(), b"DEBUG=1\nSECRET_KEY=\nCELERY_BROKER_URL=\n".to_vec());
    Sample { base, head, ..Sample::default() }
}

fn long_history() -> Sample {
    let base = project(2_000);
    let mut head = base.clone();
    head.insert(path(2_001), migration(2_001));
    Sample { base, head, ..Sample::default() }
}

fn many(files: usize) -> Sample {
    let base = project(60);
    let mut head = base.clone();
    for number in 0..files {
        head.insert(format!("shop/views/page{number}.py"), view(number, "changed"));
    }
    Sample { base, head, ..Sample::default() }
}

fn project(migrations: usize) -> Files {
    let mut project = files(&[
        (
            "manage.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')\n",
        ),
        ("config/settings/local.py", "from .base import *\n"),
        ("config/settings/base.py", "INSTALLED_APPS = ['shop']\n"),
        ("shop/models.py", "from django.db import models\n"),
        (".gitignore", ".env\n.env.*\n!.env.example\n"),
    ]);
    project.extend((1..=migrations).map(|number| (path(number), migration(number))));
    project.extend((0..10).map(|number| (format!("shop/views/page{number}.py"), view(number, "before"))));
    project
}

fn path(number: usize) -> String {
    format!("shop/migrations/{}.py", name(number))
}

fn name(number: usize) -> String {
    format!("{number:04}_item_field_{number}")
}

fn migration(number: usize) -> Vec<u8> {
    let before = if number == 1 { String::new() } else { format!("('shop', '{}')", name(number - 1)) };
    let create = "migrations.CreateModel('Item', [('id', models.BigAutoField(primary_key=True))]),\n        ";
    let create = if number == 1 { create } else { "" };
    format!(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n\n    dependencies = [{before}]\n\n    operations = [\n        {create}migrations.AddField(\n            model_name='item',\n            name='field_{number}',\n            field=models.CharField(blank=True, default='', max_length=200, verbose_name='field {number}'),\n        ),\n    ]\n"
    )
    .into_bytes()
}

/// About 40 lines of everyday code.
fn view(number: usize, word: &str) -> Vec<u8> {
    let mut text = String::from(
        "from django.shortcuts import get_object_or_404, render\n\nfrom shop.models import Item\n\n\n",
    );
    for function in 0..5 {
        text.push_str(&format!(
            "def page_{number}_{function}(request, pk=None):\n    item = get_object_or_404(Item, pk=pk)\n    context = {{\n        'item': item,\n        'title': '{word} %s' % item.pk,\n    }}\n    return render(request, 'shop/page_{function}.html', context)\n\n\n"
        ));
    }
    text.into_bytes()
}
