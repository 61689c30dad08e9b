//! What can be wrong with a broker URL, and what else was read off it.

use std::collections::BTreeSet;

use crate::model::finding::Severity;

/// What the key says of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) enum Role {
    /// Celery reads it as `broker_url`.
    Broker,
    /// Celery reads it as `result_backend`, which knows more schemes.
    Backend,
    /// Only its scheme says that it is a broker's address.
    Unknown,
}

/// One thing that is wrong with a URL. Holds nothing of the password but which special characters are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) struct UrlFault {
    pub(in crate::rules::celery) kind: Kind,
    pub(in crate::rules::celery) severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) enum Kind {
    /// CEL001
    Unencoded(Userinfo),
    /// CEL002
    Reserved(Userinfo),
    /// CEL004
    RawHole(RawHole),
    /// CEL005
    Artefact(Artefact),
    /// CEL006
    DoubleEncoded,
    /// CEL007
    PasswordAsUser,
    /// CEL008
    Malformed(Malformed),
    /// CEL009
    Vhost(Vhost),
}

impl Kind {
    pub(in crate::rules::celery) fn code(&self) -> &'static str {
        match self {
            Self::Unencoded(_) => "CEL001",
            Self::Reserved(_) => "CEL002",
            Self::RawHole(_) => "CEL004",
            Self::Artefact(_) => "CEL005",
            Self::DoubleEncoded => "CEL006",
            Self::PasswordAsUser => "CEL007",
            Self::Malformed(_) => "CEL008",
            Self::Vhost(_) => "CEL009",
        }
    }

    /// Keeps the fault and drops what it quotes of the value.
    pub(super) fn forget_names(&mut self) {
        if let Self::Malformed(Malformed::Query(name)) | Self::Vhost(Vhost::DoubleSlash(name)) = self {
            *name = None;
        }
    }
}

/// User or password hold characters that must be percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) struct Userinfo {
    /// The characters that the rule is about.
    pub(in crate::rules::celery) at_fault: BTreeSet<char>,
    /// All characters that the fix encodes.
    pub(in crate::rules::celery) to_encode: BTreeSet<char>,
    pub(in crate::rules::celery) in_user: bool,
    pub(in crate::rules::celery) in_password: bool,
    pub(in crate::rules::celery) amqp: bool,
    /// A part is percent-encoded here and raw there: nobody can tell which `%` is meant.
    pub(in crate::rules::celery) mixed: bool,
}

/// A password that comes from a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) struct RawHole {
    /// The variable's name, where it may be shown.
    pub(in crate::rules::celery) name: Option<String>,
    /// The same to compare with: it may be a part of the password.
    pub(in crate::rules::celery) variable: String,
    /// Jinja's `urlencode` leaves `/` as it is.
    pub(in crate::rules::celery) keeps_slash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) enum Artefact {
    LeadingSpace,
    TrailingSpace,
    LineEnd,
    Quotes,
    Comment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) enum Malformed {
    NoScheme,
    Scheme {
        written: String,
        nearest: Option<&'static str>,
    },
    Port,
    PortRange,
    Host,
    /// A key that `kombu.Connection` does not take; its name when it surely is one.
    Query(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules::celery) enum Vhost {
    /// `//name`; the name when it surely is one.
    DoubleSlash(Option<String>),
    RedisDatabase,
}

/// Everything that was found in one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rules::celery) struct UrlReading {
    /// At most one per rule, in the order of the rules.
    pub(in crate::rules::celery) faults: Vec<UrlFault>,
    /// The value with user and password encoded as the author meant them. May hold the password.
    pub(in crate::rules::celery) fixed: Option<String>,
    /// The password as written, where there is one; of `redis://X@host` the X.
    pub(in crate::rules::celery) password: Option<String>,
    /// The user name as written, beside a password.
    pub(in crate::rules::celery) user: Option<String>,
    /// Holes in the password, by [`crate::rules::celery::holes::Hole::id`].
    pub(in crate::rules::celery) password_holes: Vec<usize>,
}

impl UrlReading {
    pub(in crate::rules::celery) fn fault(&self, code: &str) -> Option<&UrlFault> {
        self.faults.iter().find(|fault| fault.kind.code() == code)
    }

    pub(super) fn add(&mut self, kind: Kind, severity: Severity) {
        if self.fault(kind.code()).is_none() {
            self.faults.push(UrlFault { kind, severity });
        }
    }
}
