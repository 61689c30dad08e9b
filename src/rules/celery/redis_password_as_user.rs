use crate::model::catalogue;
use crate::model::finding::{Finding, Fix};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::sources;
use super::wording::{finding, named};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL007,
    page: include_str!("redis_password_as_user.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: None,
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let taken = sources::in_use(context)?.into_iter().filter_map(|url| {
        let fault = url.reading.fault(RULE.code())?;
        let headline =
            format!("The login in {} has no colon, so Redis takes it for a user name", named(&url));
        let consequence =
            "Redis answers `NOAUTH Authentication required`, or `WRONGPASS` where users are set up.";
        let found = finding(&RULE, &url, fault.severity, headline, consequence);
        Some(found.with_fix(Fix::text("Put a colon before the password: `redis://:PASSWORD@host`.")))
    });
    Ok(taken.collect())
}
