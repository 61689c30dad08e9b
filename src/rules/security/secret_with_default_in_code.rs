use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::stage;
use crate::project::env::reads::{self, Read, Reader};
use crate::project::env::secret;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::string;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC006,
    page: include_str!("secret_with_default_in_code.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if stage::is_for_development(file.path) {
        return Ok(());
    }
    let reads = reads::of_module(file.project(), file.path, file.module)?;
    let conditions = file.module.conditions();
    for read in reads.iter().filter(|read| secret::is_sensitive(&read.key)) {
        let Some(default) =
            read.default.filter(|default| string(default).is_some_and(|text| is_secret(&read.key, text)))
        else {
            continue;
        };
        if stage::is_reached_in_development(&conditions, default.start()) {
            continue;
        }
        let headline = format!("{} falls back to a value that stands in the code", code(&read.key));
        out.say_secretly(
            default,
            read.key.to_string(),
            headline,
            "Where the variable is missing the site runs with a value that everyone who has the repository knows, and nobody is told.",
        )
        .because_of(read)
        .fix(fix(read));
    }
    Ok(())
}

/// Could this be used in the place of a secret? The public half of a DSN, a number of seconds and the like could not.
fn is_secret(key: &str, text: &str) -> bool {
    let is_setting = text.parse::<f64>().is_ok()
        || ["true", "false", "none", "null"].iter().any(|word| text.trim().eq_ignore_ascii_case(word));
    let needs_proof = key.to_ascii_uppercase().contains("DSN");
    let is_proven = || secret::classify(key, text).is_some_and(secret::Kind::looks_real);
    !text.trim().is_empty() && !is_setting && (!needs_proof || is_proven())
}

fn fix(read: &Read<'_>) -> String {
    let key = &read.key;
    let wanted = match read.reader {
        Reader::Os | Reader::DotenvValues => format!("os.environ[\"{key}\"]"),
        Reader::Decouple => format!("config(\"{key}\")"),
        Reader::Environ if read.is_declared => format!("{key}=str"),
        Reader::Environ | Reader::Environs => format!("env(\"{key}\")"),
    };
    format!(
        "Drop the default: with {} the site stops at start, and says which variable it lacks.",
        code(&wanted)
    )
}
