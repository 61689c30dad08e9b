use crate::model::catalogue;
use crate::model::finding::{Finding, Fix};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::sources::{self, reading};
use super::url::UrlFault;
use super::wording::{finding, named};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL007,
    page: include_str!("redis_password_as_user.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let headline = format!("The login in {} has no colon, so Redis takes it for a user name", named(url));
    let consequence =
        "Redis answers `NOAUTH Authentication required`, or `WRONGPASS` where users are set up.";
    let found = finding(&RULE, url, fault.severity, headline, consequence);
    Some(found.with_fix(Fix::text("Put a colon before the password: `redis://:PASSWORD@host`.")))
}
