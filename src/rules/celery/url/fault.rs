//! What can be wrong with a broker URL, and what else was read off it.

use std::collections::BTreeSet;

use crate::model::finding::Severity;

/// What the key says of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Celery reads it as `broker_url`.
    Broker,
    /// Celery reads it as `result_backend`, which knows more schemes.
    Backend,
    /// Only its scheme says that it is a broker's address.
    Unknown,
}

/// One thing that is wrong with a URL. Holds nothing of the password but which special characters are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlFault {
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CEL001
    Unencoded(Userinfo),
    /// CEL002
    Reserved(Userinfo),
    /// CEL002: a single `%40` where the file's reader hands on no single `%`.
    EatenPercent,
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
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unencoded(_) => "CEL001",
            Self::Reserved(_) | Self::EatenPercent => "CEL002",
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
        if let Self::Malformed(Malformed::Query { name, .. }) | Self::Vhost(Vhost::DoubleSlash(name)) = self {
            *name = None;
        }
    }
}

/// User or password hold characters that must be percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Userinfo {
    /// The characters that the rule is about.
    pub(crate) at_fault: BTreeSet<char>,
    /// All characters that the fix encodes.
    pub(crate) to_encode: BTreeSet<char>,
    pub(crate) in_user: bool,
    pub(crate) in_password: bool,
    pub(crate) amqp: bool,
    /// A part is percent-encoded here and raw there: nobody can tell which `%` is meant.
    pub(crate) mixed: bool,
}

/// A password that comes from a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawHole {
    /// The variable's name, where it may be shown.
    pub(crate) name: Option<String>,
    /// The same to compare with: it may be a part of the password.
    pub(crate) variable: String,
    /// Jinja's `urlencode` leaves `/` as it is.
    pub(crate) keeps_slash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Artefact {
    LeadingSpace,
    TrailingSpace,
    LineEnd,
    Quotes,
    Comment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    NoScheme,
    Scheme {
        written: String,
        nearest: Option<&'static str>,
    },
    Port,
    PortRange,
    /// Brackets around something that is no address; or one of them alone.
    Host {
        closed: bool,
    },
    /// A key that `kombu.Connection` does not take; its name when it surely is one.
    Query {
        name: Option<String>,
        effect: QueryEffect,
        amqp: bool,
    },
    /// Brokers joined by commas.
    Commas(Commas),
    /// A blank before `;` is part of the host, or of the port.
    BlankHost {
        port: bool,
    },
    /// Behind `;` stands a login or a port without a scheme.
    NoSchemeBehind,
}

/// What kombu makes of a key that it does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryEffect {
    Unknown,
    /// It is a part of the address: kombu has it already.
    Taken,
    /// Without a value it is dropped, and so is what may have been a part of the vhost.
    Dropped,
}

/// What kombu makes of the commas between brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commas {
    /// `h1:5672,h2:5672`: no port.
    Port,
    /// `h1,h2`: one host.
    Host,
    /// `u:p@h1:5672,u:p@h2:5672`: all but the last host is a password.
    Login,
    /// `redis://h1,redis://h2`: whole URLs.
    Urls,
}

impl Commas {
    /// What looks like a login is none: nothing can be said of its characters.
    pub(super) fn hides_login(self) -> bool {
        matches!(self, Self::Login | Self::Urls)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Vhost {
    /// `//name`; the name when it surely is one.
    DoubleSlash(Option<String>),
    RedisDatabase,
    /// A blank before `;`: the vhost ends in it.
    BlankBefore,
    /// A blank behind `;`: the whole address becomes a vhost.
    BlankBehind,
}

/// Everything that was found in one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UrlReading {
    /// At most one per rule, in the order of the rules.
    pub(crate) faults: Vec<UrlFault>,
    /// The value with user and password encoded as the author meant them. May hold the password.
    pub(crate) fixed: Option<String>,
    /// The password as written, where there is one; of `redis://X@host` the X.
    pub(crate) password: Option<String>,
    /// The user name as written, beside a password.
    pub(crate) user: Option<String>,
    /// Holes in the password, by [`crate::rules::celery::holes::Hole::id`].
    pub(crate) password_holes: Vec<usize>,
}

impl UrlReading {
    pub(crate) fn fault(&self, code: &str) -> Option<&UrlFault> {
        self.faults.iter().find(|fault| fault.kind.code() == code)
    }

    pub(super) fn add(&mut self, kind: Kind, severity: Severity) {
        if self.fault(kind.code()).is_none() {
            self.faults.push(UrlFault { kind, severity });
        }
    }
}
