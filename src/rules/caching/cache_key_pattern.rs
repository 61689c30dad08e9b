use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::cache_calls;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::key::Key;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CCH001,
    page: include_str!("cache_key_pattern.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for write in cache_calls::writes(file.module) {
        let Some(written) = write.key() else { continue };
        let Some(key) = Key::of(file.module, written).filter(Key::begins_with_text) else { continue };
        if key.is_standard() || key.is_of_task(file.module) {
            continue;
        }
        let name = file.index().name_of(write.call.scope);
        let source = file.module.source(written);
        let headline =
            format!("The cache key {} is not {}", code(source), code("{app}:{model}:{identifier}:{field}"));
        out.say(
            written,
            name,
            normalised_expr(written),
            headline,
            "Nobody can tell whose entry it is, and two apps that choose the same words read each other's values.",
        )
        .fix("Begin with the app's label: `f\"blog:post:{post.pk}:html\"`.");
    }
    Ok(())
}
