//! A change that breaks `.red-panda.toml` is told so on the line, before the file judges everybody.

use crate::config::policy::PolicyFault;
use crate::model::finding::{
    Confidence, Finding, Fingerprint, Fix, NodeText, Place, Position, Severity, Span,
};
use crate::model::judgement::Reported;
use crate::model::policy::POLICY_PATH;

/// Not a rule of the standard: it has no page and cannot be turned off.
const CODE: &str = "POLICY";

/// The finding for a fault in the head's policy.
pub(super) fn finding(fault: &PolicyFault) -> Reported {
    let start = Position { line: fault.line, column: 1 };
    let finding = Finding {
        code: CODE,
        severity: Severity::Error,
        confidence: Confidence::Certain,
        place: Place::Head {
            path: POLICY_PATH.to_owned(),
            span: Span { start, end: Position { line: fault.line, column: 2 } },
        },
        cause: None,
        subject: POLICY_PATH.to_owned(),
        node: NodeText::Open(fault.message.clone()),
        headline: format!("`{POLICY_PATH}` is broken here: {}", fault.message.replace('`', "'")),
        consequence:
            "Once merged, the status of every pull request into this branch stays red until it is mended."
                .to_owned(),
        fix: Some(Fix::text("Mend this line; `red-panda check` reads the file like the bot does.")),
    };
    Reported { fingerprint: Fingerprint::of(&finding, 0), finding }
}
