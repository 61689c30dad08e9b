//! What a text becomes once templates are filled in: characters, and holes that stand for values nobody here sees.

/// Who fills the text in before Celery reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Nobody: Python string constants, the env file of a project.
    Literal,
    /// Docker Compose: `${X}`, `$X`; `$$` is a dollar sign.
    Compose,
    /// A shell that Compose starts: `$$X` and `$${X}` are the shell's.
    ComposeShell,
    Jinja,
    Helm,
    /// Workflow files: `${{ … }}`, and the shell's `$X`.
    Workflow,
    /// Kubernetes: `$(X)`.
    Kubernetes,
    /// A POSIX shell, Make: `$X`, `${X}`, `$(…)`.
    Shell,
    /// `%(x)s`, `%s` as a whole part; `%%` is a percent sign. A Python template, or a file that ConfigParser may read.
    Percent,
    /// The same, and supervisor lets no single `%` stand.
    Supervisor,
    /// A unit file: `%i`; `%%` is a percent sign, and systemd lets no `%40` stand.
    Systemd,
    /// For people: `<x>`, `***`, `…`, `[x]`.
    Docs,
}

impl Syntax {
    /// Of a text that its reader hands to a shell.
    pub(crate) fn in_shell(self) -> Self {
        match self {
            Self::Literal | Self::Kubernetes => Self::Shell,
            Self::Compose => Self::ComposeShell,
            other => other,
        }
    }

    /// Two percent signs stand for one.
    pub(crate) fn doubles_percent(self) -> bool {
        matches!(self, Self::Percent | Self::Supervisor | Self::Systemd)
    }

    /// Two dollar signs stand for one.
    pub(crate) fn doubles_dollar(self) -> bool {
        matches!(self, Self::Compose | Self::ComposeShell)
    }
}

/// What a hole tells of the value that fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// Pasted as it is.
    Raw,
    /// Its name or its filter says that it is percent-encoded.
    Encoded,
    /// Jinja's `urlencode`: all is encoded but `/`.
    KeepsSlash,
    /// Stands for a reader: nobody fills it in.
    Placeholder,
    /// `%40` where the file's reader takes a single `%` for a sign of its own.
    Eaten,
}

/// One place to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// As it is written: `${RABBITMQ_PASSWORD}`. Never a secret but for its default.
    pub(crate) written: String,
    /// The variable's name, where there is one.
    pub(crate) name: String,
    pub(crate) filling: Filling,
    /// Its number among the holes of its text, where somebody keeps more about it.
    pub(crate) id: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Char(char),
    Hole(Hole),
}

impl Unit {
    pub(crate) fn is(&self, c: char) -> bool {
        matches!(self, Self::Char(own) if *own == c)
    }

    pub(crate) fn char(&self) -> Option<char> {
        match self {
            Self::Char(c) => Some(*c),
            Self::Hole(_) => None,
        }
    }

    pub(crate) fn hole(&self) -> Option<&Hole> {
        match self {
            Self::Char(_) => None,
            Self::Hole(hole) => Some(hole),
        }
    }
}

impl Hole {
    /// A hole whose name, and what is done to it, decide how it is filled.
    pub(crate) fn new(written: &str, name: &str) -> Self {
        let filling = if says_encoded(name) { Filling::Encoded } else { Filling::Raw };
        Self { written: written.to_owned(), name: name.to_owned(), filling, id: 0 }
    }

    pub(super) fn placeholder(written: &str) -> Self {
        Self { written: written.to_owned(), name: String::new(), filling: Filling::Placeholder, id: 0 }
    }

    /// A percent-escape that the file's reader does not hand on.
    pub(crate) fn eaten(written: &str) -> Self {
        Self { filling: Filling::Eaten, ..Self::placeholder(written) }
    }

    /// The name, where it surely is one: what follows a `$` in a password may be the rest of it.
    pub(crate) fn shown_name(&self) -> Option<String> {
        let shouted = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let spelled = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        // Passwords hold `$word`; hardly one holds `{{ word }}`.
        let template = ["{{", "${{", "%("].iter().any(|open| self.written.starts_with(open));
        let is_name = self.name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.'))
            && self.name.len() <= 80
            && self.name.chars().all(|c| if template { spelled(c) } else { shouted(c) });
        (is_name && self.is_named_for_login()).then(|| self.name.clone())
    }

    /// Is a whole word of the name one that people give to the parts of an address?
    fn is_named_for_login(&self) -> bool {
        const WORDS: [&str; 20] = [
            "PASS", "PASSWORD", "PASSWD", "PWD", "PW", "SECRET", "SECRETS", "TOKEN", "AUTH", "KEY", "RABBIT",
            "RABBITMQ", "RMQ", "REDIS", "CELERY", "BROKER", "AMQP", "MQ", "MQPASS", "VAULT",
        ];
        const LONG: [&str; 8] = [
            "PASSWORDS",
            "PASSPHRASE",
            "CREDENTIAL",
            "CREDENTIALS",
            "RABBITPASS",
            "RABBITPASSWORD",
            "REDISPASS",
            "REDISPASSWORD",
        ];
        let name = self.name.to_ascii_uppercase();
        name.split(['_', '.']).any(|word| WORDS.contains(&word) || LONG.contains(&word))
    }

    /// Does the name say that it holds a password?
    pub(crate) fn is_named_secret(&self) -> bool {
        let name = self.name.to_ascii_uppercase();
        ["PASS", "PWD", "SECRET", "TOKEN", "AUTH"].iter().any(|word| name.contains(word))
    }
}

/// Names by which people mark a value that is percent-encoded already.
pub(crate) fn says_encoded(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["URLENC", "URL_ENC", "ENCODED", "QUOTED", "ESCAPED", "URLSAFE", "URL_SAFE"]
        .iter()
        .any(|word| name.contains(word))
}

/// Do the units spell this text?
pub(crate) fn spells(units: &[Unit], text: &str) -> bool {
    units.len() == text.chars().count() && units.iter().zip(text.chars()).all(|(unit, c)| unit.is(c))
}

/// As the file of this syntax says it: what it doubles is doubled again.
pub(crate) fn written(units: &[Unit], syntax: Syntax) -> String {
    let mut out = String::new();
    for unit in units {
        match unit {
            Unit::Char('$') if syntax.doubles_dollar() => out.push_str("$$"),
            Unit::Char('%') if syntax.doubles_percent() => out.push_str("%%"),
            Unit::Char(c) => out.push(*c),
            Unit::Hole(hole) => out.push_str(&hole.written),
        }
    }
    out
}

/// As it is written, holes and all.
pub(crate) fn text(units: &[Unit]) -> String {
    let mut out = String::new();
    for unit in units {
        match unit {
            Unit::Char(c) => out.push(*c),
            Unit::Hole(hole) => out.push_str(&hole.written),
        }
    }
    out
}
