//! How much memory a run takes at most: `VmHWM` of a process of its own for each made-up change, in MiB. Run with
//! `cargo bench --bench memory`, on Linux and with `git`; docs/benchmarks.md tells what came of it.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use red_panda::forge::local::Local;
use red_panda::model::judgement::Verdict;
use red_panda::model::policy::Policy;
use red_panda::review::judge::{judge, nameless};
use red_panda::review::prepare::{self, Branches};

/// How the parent tells its child which repository to judge.
const CHILD: &str = "RED_PANDA_MEMORY_OF";

/// A name, and what to write: files of the base, files of the head.
type Shape = (&'static str, fn() -> (Files, Files));
type Files = Vec<(String, Vec<u8>)>;

const SHAPES: [Shape; 14] = [
    ("nothing but one small file", || added(1, |n| (format!("shop/view{n}.py"), python(2_000, n)))),
    ("3,000 small files of Python", || added(3_000, |n| (format!("shop/view{n}.py"), python(4_000, n)))),
    ("400 files of 1.5 MB, Python", || added(400, |n| (format!("shop/view{n}.py"), python(1_500_000, n)))),
    ("400 files of 1.5 MB, YAML", || added(400, |n| (format!("deploy/{n}.yml"), yaml(1_500_000, n)))),
    ("400 files of 1.5 MB, env", || added(400, |n| (format!("deploy/{n}/.env.example"), env(1_500_000, n)))),
    ("40 files of 1.5 MB, Python", || added(40, |n| (format!("shop/view{n}.py"), python(1_500_000, n)))),
    ("40 files of 1.5 MB, YAML", || added(40, |n| (format!("deploy/{n}.yml"), yaml(1_500_000, n)))),
    ("40 files of 1.5 MB, env", || added(40, |n| (format!("deploy/{n}/.env.example"), env(1_500_000, n)))),
    ("40 files of 1.5 MB, Python, every line edited", || {
        edited(40, |n| (format!("shop/view{n}.py"), python(1_500_000, n)))
    }),
    ("1 file of 2 MB, brackets", || added(1, |n| (format!("shop/view{n}.py"), brackets(2_000_000, n)))),
    ("32 files of 2 MB, brackets", || added(32, |n| (format!("shop/view{n}.py"), brackets(2_000_000, n)))),
    ("32 files of 2 MB, brackets of YAML", || {
        added(32, |n| (format!("deploy/{n}.yml"), brackets(2_000_000, n)))
    }),
    ("32 files of 2 MB, line ends", || added(32, |n| (format!("shop/view{n}.py"), line_ends(2_000_000, n)))),
    ("1 migration more in an app with 2,000", history),
];

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(folder) = std::env::var(CHILD) {
        return tell(Path::new(&folder));
    }
    let chosen: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let mut out = std::io::stdout().lock();
    for (name, files) in SHAPES {
        if !chosen.is_empty() && !chosen.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let folder = tempfile::tempdir()?;
        let (base, head) = files();
        write_repository(folder.path(), &base, &head)?;
        drop((base, head));
        let child = Command::new(std::env::current_exe()?).env(CHILD, folder.path()).output()?;
        write!(out, "{name}: {}", String::from_utf8_lossy(&child.stdout))?;
        if !child.status.success() {
            writeln!(out, "{}: {}", child.status, String::from_utf8_lossy(&child.stderr))?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Judges `base..head` of the repository as `red-panda check` does, and tells the most memory that it ever held.
fn tell(folder: &Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let judged = runtime.block_on(async {
        let mut local = Local::open(folder)?;
        let range = local.range(Some("base"), Some("head"))?;
        let change = local.change(&range)?;
        let branches = Branches { target: range.base_name.clone(), default: range.base_name.clone() };
        let input = prepare::input(&local, &nameless(), change, Policy::default(), &branches).await?;
        Ok::<_, Box<dyn Error>>(judge(&local, &nameless(), input).await?)
    })?;
    let verdict = match judged.judgement.verdict() {
        Verdict::Approved => "approved",
        Verdict::ChangesRequested => "changes requested",
        Verdict::Incomplete => "incomplete",
    };
    let status = std::fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = most.and_then(|told| told.split_whitespace().next()).unwrap_or("0").parse()?;
    writeln!(std::io::stdout(), "{} MiB ({verdict})", kib / 1024)?;
    Ok(())
}

/// Two commits on the branches `base` and `head`, by one `git fast-import`.
fn write_repository(folder: &Path, base: &Files, head: &Files) -> Result<(), Box<dyn Error>> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    git(&["init", "--bare", "--quiet", "."]).status()?;
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut to = std::io::BufWriter::new(import.stdin.take().ok_or("no pipe")?);
    for (branch, from, files) in [("base", None, base), ("head", Some("base"), head)] {
        writeln!(to, "commit refs/heads/{branch}\ncommitter A <a@example.org> 0 +0000\ndata 0")?;
        if let Some(from) = from {
            writeln!(to, "from refs/heads/{from}")?;
        }
        for (path, content) in files {
            writeln!(to, "M 100644 inline {path}\ndata {}", content.len())?;
            to.write_all(content)?;
            writeln!(to)?;
        }
    }
    drop(to);
    if import.wait()?.success() { Ok(()) } else { Err("git fast-import failed".into()) }
}

fn project() -> Files {
    [
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"),
        ("config/settings.py", "INSTALLED_APPS = ['shop']\n"),
        ("shop/models.py", "from django.db import models\n"),
        (".gitignore", ".env\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

fn added(count: usize, file: fn(usize) -> (String, Vec<u8>)) -> (Files, Files) {
    (project(), (0..count).map(file).collect())
}

/// Each line of the base's version has one letter more.
fn edited(count: usize, file: fn(usize) -> (String, Vec<u8>)) -> (Files, Files) {
    let (mut base, head) = added(count, file);
    base.extend(head.iter().map(|(path, content)| {
        (path.clone(), String::from_utf8_lossy(content).replace('\n', " \n").into_bytes())
    }));
    (base, head)
}

/// Repeats what `more` gives for 0, 1, 2… up to about so many bytes.
fn repeated(bytes: usize, more: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = String::with_capacity(bytes + 1_000);
    let mut count = 0;
    while text.len() < bytes {
        text.push_str(&more(count));
        count += 1;
    }
    text.into_bytes()
}

fn python(bytes: usize, file: usize) -> Vec<u8> {
    repeated(bytes, |n| {
        format!(
            "def page_{file}_{n}(request, pk=None):\n    item = get_object_or_404(Item, pk=pk)\n    context = {{\n        'item': item,\n        'title': 'A title %s' % item.pk,\n    }}\n    return render(request, 'shop/page_{n}.html', context)\n\n\n"
        )
    })
}

fn yaml(bytes: usize, file: usize) -> Vec<u8> {
    let services = repeated(bytes, |n| {
        format!(
            "  service_{file}_{n}:\n    image: registry.example.org/shop:{n}\n    environment:\n      DEBUG: \"0\"\n      NAME: shop\n    ports: [\"{n}:80\"]\n"
        )
    });
    [b"services:\n".to_vec(), services].concat()
}

fn env(bytes: usize, file: usize) -> Vec<u8> {
    repeated(bytes, |n| format!("# What it is for\nNAME_{file}_{n}=value-{n}\n"))
}

fn brackets(bytes: usize, file: usize) -> Vec<u8> {
    let text = repeated(bytes, |_| "[[[[[]]]]],".to_owned());
    [format!("x{file}: [\n").into_bytes(), text, b"\n]\n".to_vec()].concat()
}

fn line_ends(bytes: usize, file: usize) -> Vec<u8> {
    [format!("x = {file}").into_bytes(), vec![b'\n'; bytes]].concat()
}

fn history() -> (Files, Files) {
    let name = |n: usize| format!("{n:04}_item_field_{n}");
    let file = |n: usize| {
        let before = if n == 1 { String::new() } else { format!("('shop', '{}')", name(n - 1)) };
        let text = format!(
            "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [{before}]\n    operations = [\n        migrations.AddField('item', 'field_{n}', models.CharField(blank=True, default='', max_length=200)),\n    ]\n"
        );
        (format!("shop/migrations/{}.py", name(n)), text.into_bytes())
    };
    let mut base = project();
    base.extend((1..=2_000).map(file));
    (base, vec![file(2_001)])
}
