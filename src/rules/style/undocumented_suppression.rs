use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, code};
use crate::project::env::env_files;
use crate::rules::{Against, Context, Found, Look, Reading, Rule, ScopedFile};
use crate::source::tree::is_data;
use crate::syntax::suppression::Suppression;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY008,
    page: include_str!("undocumented_suppression.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check), Look::UnusedSuppression(unused)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let found = context.here.suppressions(file.path)?;
    Ok(found.iter().flat_map(|suppression| faults(file.path, suppression)).collect())
}

/// Prose shows such comments as examples; code holds them.
fn reading(path: &str) -> Reading {
    match path.rsplit('.').next() {
        Some("json" | "md" | "rst" | "txt") => Reading::Not,
        Some("py") => Reading::Alone,
        _ => Reading::InPassing.when(!is_data(path)),
    }
}

fn faults(path: &str, suppression: &Suppression) -> Vec<Finding> {
    if suppression.codes.is_empty() {
        let headline = "The suppression names no rule".to_owned();
        return vec![finding(
            path,
            suppression,
            "none",
            headline,
            "It suppresses nothing.",
            Fix::text("Name the rule in brackets: `# red-panda: ignore[MIG004] -- why`."),
        )];
    }
    let unknown = suppression.codes.iter().filter(|c| catalogue::of_code(c).is_none());
    let mut findings: Vec<Finding> = unknown
        .map(|unknown| {
            let (headline, fix) = match catalogue::CATALOGUE.iter().find(|e| e.name == unknown.as_str()) {
                Some(rule) => (
                    format!("The suppression names {} and not its code", code(unknown)),
                    format!("Write {}.", code(rule.code)),
                ),
                None => (
                    format!("The suppression names {}, which is no rule", code(unknown)),
                    "Name a code that `red-panda rules list` shows.".to_owned(),
                ),
            };
            finding(path, suppression, unknown, headline, "It suppresses nothing.", Fix::text(fix))
        })
        .collect();
    if suppression.reason.is_none() {
        let codes = suppression.codes.join(", ");
        let headline = format!("The suppression of {} gives no reason", code(&codes));
        let fix = Fix::text(format!("Say why: {}.", code(&format!("# red-panda: ignore[{codes}] -- why"))));
        findings.push(finding(
            path,
            suppression,
            &codes,
            headline,
            "Without a reason it suppresses nothing.",
            fix,
        ));
    }
    findings
}

/// A suppression that kept nothing when all rules had run.
fn unused(path: &str, suppression: &Suppression, unused: &str) -> Finding {
    let headline = format!("The suppression of {} is not used", code(unused));
    finding(
        path,
        suppression,
        unused,
        headline,
        "The rule reports nothing here, and would be silenced if it did one day.",
        Fix::text("Delete the comment."),
    )
}

fn finding(
    path: &str,
    suppression: &Suppression,
    about: &str,
    headline: String,
    consequence: &str,
    fix: Fix,
) -> Finding {
    let place = Place::Head { path: path.to_owned(), span: suppression.span };
    let written = format!("{}:{}", suppression.codes.join(","), suppression.reason.as_deref().unwrap_or(""));
    // A comment in an env file may tell what the value was.
    let is_env = env_files::role(path).is_some();
    let node = if is_env { NodeText::Secret(written) } else { NodeText::Open(written) };
    RULE.finding(place, format!("suppression of {about}"), node, headline, consequence).with_fix(fix)
}
