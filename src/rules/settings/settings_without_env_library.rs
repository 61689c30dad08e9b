use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::settings_module::is_settings_module;
use crate::project::env::readers::EnvReaders;
use crate::project::env::reads::{self, Reader};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SET002,
    page: include_str!("settings_without_env_library.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Libraries that do the same and are not the standard's.
const OTHERS: [&str; 5] = ["decouple", "dynaconf", "environs", "prettyconf", "pydantic_settings"];
/// Keys of the machine, not of the project.
const OF_MACHINE: [&str; 7] =
    ["CI", "DJANGO_SETTINGS_MODULE", "HOME", "HOSTNAME", "PATH", "PYTHONPATH", "USER"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) {
        return Ok(());
    }
    for import in file.module.imports() {
        if let Some(name) = OTHERS.iter().find(|name| import.target.is_in(name)) {
            let headline = format!("Settings read the environment through {}", code(name));
            let consequence = "The standard's projects use django-environ or python-dotenv, and each library quotes, casts and strips comments its own way.";
            out.say(&import.range, "module", *name, headline, consequence)
                .warning()
                .fix("Read it with `env = environ.Env()` of django-environ.");
            return Ok(());
        }
    }
    bare(file, out)
}

/// `os.environ` where no library is at hand: told once, at the first.
fn bare(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let reads = reads::of_module(file.project(), file.path, file.module)?;
    let is_at_hand = |import: &crate::syntax::python::Import<'_>| {
        ["environ", "dotenv"].iter().any(|library| import.target.is_in(library))
    };
    if file.module.imports().any(is_at_hand) || reads.iter().any(|read| read.reader != Reader::Os) {
        return Ok(());
    }
    let Some(first) = reads.iter().find(|read| !OF_MACHINE.contains(&&*read.key)) else { return Ok(()) };
    // `load_dotenv()` in `manage.py` fills `os.environ` for all.
    if !file.project().fact::<EnvReaders>(&())?.of(".env").is_empty() {
        return Ok(());
    }
    let headline = format!("{} is read through {} alone", code(&first.key), code("os.environ"));
    out.say(
        &first.range(),
        "module",
        "os.environ",
        headline,
        "Every value is a text, so that `False` is true and a number has to be made by hand; and a `.env` is not read.",
    )
    .fix("Read it with `env = environ.Env()` of django-environ: `env.bool`, `env.int`, `env.list` cast, and a missing key is named.");
    Ok(())
}
