//! All rules of the standard by code: a policy may name any of them, whether it is built yet or not.

use super::finding::Confidence::{self, Certain, Heuristic, Likely};
use super::finding::Severity::{self, Advice, Error, Warning};

/// The folders of rules, in the order of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Migrations,
    Env,
    Compose,
    Celery,
    Nginx,
    Memcached,
    Caching,
    Models,
    Forms,
    Views,
    Urls,
    Queries,
    Templates,
    Security,
    Settings,
    Layout,
    Packaging,
    Testing,
    Style,
    Docstrings,
}

impl Family {
    pub const ALL: [Self; 20] = [
        Self::Migrations,
        Self::Env,
        Self::Compose,
        Self::Celery,
        Self::Nginx,
        Self::Memcached,
        Self::Caching,
        Self::Models,
        Self::Forms,
        Self::Views,
        Self::Urls,
        Self::Queries,
        Self::Templates,
        Self::Security,
        Self::Settings,
        Self::Layout,
        Self::Packaging,
        Self::Testing,
        Self::Style,
        Self::Docstrings,
    ];

    /// Its name and the letters that its codes begin with.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Migrations => ("migrations", "MIG"),
            Self::Env => ("env", "ENV"),
            Self::Compose => ("compose", "CMP"),
            Self::Celery => ("celery", "CEL"),
            Self::Nginx => ("nginx", "NGX"),
            Self::Memcached => ("memcached", "MEM"),
            Self::Caching => ("caching", "CCH"),
            Self::Models => ("models", "MOD"),
            Self::Forms => ("forms", "FRM"),
            Self::Views => ("views", "VIW"),
            Self::Urls => ("urls", "URL"),
            Self::Queries => ("queries", "QRY"),
            Self::Templates => ("templates", "TPL"),
            Self::Security => ("security", "SEC"),
            Self::Settings => ("settings", "SET"),
            Self::Layout => ("layout", "STR"),
            Self::Packaging => ("packaging", "PKG"),
            Self::Testing => ("testing", "TST"),
            Self::Style => ("style", "STY"),
            Self::Docstrings => ("docstrings", "DOC"),
        }
    }

    /// Its name in a policy and its folder under `src/rules/`.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What its codes begin with.
    pub fn letters(self) -> &'static str {
        self.words().1
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.words().0 == name)
    }

    pub fn of_letters(letters: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.words().1 == letters)
    }

    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| code.starts_with(family.words().1))
    }
}

/// One line of the catalogue: all that is said of a rule beside what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `MIG004`
    pub code: &'static str,
    /// `runpython-without-reverse`
    pub name: &'static str,
    /// The main severity; a finding may have another.
    pub severity: Severity,
    /// The main confidence; a finding may have another.
    pub confidence: Confidence,
    /// Part of the profile `essentials`: the four named checks and what they stand on.
    pub essential: bool,
    /// Neither a policy nor a comment takes it off; a path can still be excluded.
    pub always_on: bool,
    /// It tells of files that do not parse: where it does, the engine need not.
    pub tells_unparsed: bool,
}

impl Entry {
    pub fn family(&self) -> Option<Family> {
        Family::of_code(self.code)
    }

    const fn new(code: &'static str, name: &'static str, severity: Severity, confidence: Confidence) -> Self {
        let (essential, always_on, tells_unparsed) = (false, false, false);
        Self { code, name, severity, confidence, essential, always_on, tells_unparsed }
    }

    const fn essential(self) -> Self {
        Self { essential: true, ..self }
    }

    const fn always_on(self) -> Self {
        Self { always_on: true, ..self }
    }

    const fn tells_unparsed(self) -> Self {
        Self { tells_unparsed: true, ..self }
    }
}

/// Looks a rule up by its code.
pub fn of_code(code: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().copied().find(|entry| entry.code == code)
}

/// Looks a rule up by its code or its name.
pub fn find(key: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().copied().find(|entry| entry.code == key || entry.name == key)
}

/// Can a comment keep findings of this code? Not where they are always told, and not where no rule stands behind them.
pub fn is_suppressible(code: &str) -> bool {
    of_code(code).is_some_and(|entry| !entry.always_on)
}

/// Is it told before others that weigh as much? Data and secrets are lost for good, style is not.
pub fn comes_first(code: &str) -> bool {
    use Family::{Celery, Env, Migrations, Security};
    Family::of_code(code).is_none_or(|family| matches!(family, Migrations | Env | Celery | Security))
}

/// A static for each code, so that a rule names its entry and a wrong code does not compile, and the list of all.
macro_rules! catalogue {
    ($($code:ident $name:literal $severity:ident $confidence:ident $($mark:ident)*;)*) => {
        $(
            #[doc = $name]
            pub static $code: Entry = Entry::new(stringify!($code), $name, $severity, $confidence)$(.$mark())*;
        )*

        /// Every code of the Red Panda Standards, Django V1-02.
        pub static CATALOGUE: &[&Entry] = &[$(&$code),*];
    };
}

catalogue! {
    MIG001 "edited-deployed-migration" Error Certain essential;
    MIG002 "removed-or-renamed-deployed-migration" Error Certain essential;
    MIG003 "migration-inserted-before-deployed" Error Certain essential;
    MIG004 "runpython-without-reverse" Error Certain essential;
    MIG005 "runsql-without-reverse" Error Certain essential;
    MIG006 "non-nullable-field-without-default" Error Certain essential;
    MIG007 "multiple-leaf-nodes" Error Certain essential;
    MIG008 "concurrent-pr-migration-conflict" Warning Certain;
    MIG009 "broken-migration-graph" Error Certain essential tells_unparsed;
    MIG010 "unsafe-squash" Warning Certain essential;
    MIG011 "auto-named-migration" Warning Certain;
    MIG012 "several-logical-changes" Advice Likely;
    MIG013 "model-change-without-migration" Error Certain;
    MIG014 "data-migration-imports-live-model" Error Certain essential;
    MIG015 "irreversible-or-lossy-reverse" Advice Likely;
    MIG016 "vendor-specific-migration" Warning Likely;
    MIG017 "tightening-null-without-default" Warning Likely;

    ENV001 "committed-env-file" Error Certain essential always_on;
    ENV002 "env-not-ignored" Error Certain essential;
    ENV003 "dockerignore-missing-or-leaky" Warning Certain;
    ENV004 "missing-env-example" Warning Certain;
    ENV005 "secret-in-env-example" Error Certain essential always_on;
    ENV006 "setting-missing-from-env-example" Error Certain;
    ENV007 "compose-variable-missing-from-env-example" Error Certain;
    ENV008 "env-example-unannotated" Warning Certain;
    ENV009 "env-example-annotation-mismatch" Warning Certain;
    ENV010 "stale-or-duplicate-env-key" Warning Certain;
    ENV011 "env-parse-hazard" Error Certain;
    ENV012 "dollar-in-env-value" Warning Certain;

    CMP001 "env-file-in-compose" Error Certain;
    CMP002 "literal-secret-in-compose" Error Certain;
    CMP003 "secret-with-default" Warning Certain;
    CMP004 "service-has-variable-it-does-not-need" Warning Certain;
    CMP005 "service-lacks-variable-it-needs" Error Certain;
    CMP006 "shared-environment-anchor" Warning Certain;
    CMP007 "environment-without-interpolation" Warning Certain;

    CEL001 "broker-url-unencoded" Error Certain essential;
    CEL002 "broker-url-reserved-character" Error Certain essential;
    CEL003 "broker-url-built-without-quote" Error Certain essential;
    CEL004 "broker-url-raw-interpolation" Warning Likely essential;
    CEL005 "broker-url-artefact" Error Certain essential;
    CEL006 "broker-url-double-encoded" Advice Likely essential;
    CEL007 "redis-password-as-user" Warning Certain essential;
    CEL008 "broker-url-malformed" Error Certain essential;
    CEL009 "broker-url-vhost" Warning Certain essential;
    CEL010 "broker-not-rabbitmq" Warning Certain;
    CEL011 "task-outside-tasks-py" Warning Certain;
    CEL012 "task-without-retry" Warning Certain;
    CEL013 "model-instance-passed-to-task" Error Certain;
    CEL014 "task-not-idempotent" Advice Heuristic;
    CEL015 "task-result-assumed-immediate" Warning Certain;
    CEL016 "long-operation-in-view" Advice Heuristic;

    NGX001 "upstream-block-for-container" Error Certain;
    NGX002 "static-proxy-pass" Error Certain;
    NGX003 "docker-resolver-missing" Error Certain;
    NGX004 "scheme-as-forwarded-proto" Error Certain;
    NGX005 "forwarded-proto-map-missing" Error Certain;
    NGX006 "probe-access-log-not-suppressed" Warning Certain;
    NGX007 "access-log-off-cancels-filter" Warning Certain;
    NGX008 "loggable-map-incomplete" Warning Certain;
    NGX009 "probe-without-allowlist" Error Certain;
    NGX010 "incomplete-allowlist" Error Certain;
    NGX011 "allowlist-not-closed" Error Certain;
    NGX012 "security-headers" Error Certain;
    NGX013 "headers-dropped-by-child" Warning Certain;
    NGX014 "header-or-tls-owned-by-haproxy" Warning Certain;
    NGX015 "catch-all-not-django" Error Certain;
    NGX016 "proxy-headers-missing" Error Certain;
    NGX017 "needless-intercept-or-uncovered-variant" Advice Likely;

    MEM001 "memcached-binds-loopback" Error Certain;
    MEM002 "kvdb-location-loopback" Error Certain;
    MEM003 "cache-backend-not-standard" Warning Certain;
    MEM004 "readiness-probe-misses-memcached" Warning Likely;

    CCH001 "cache-key-pattern" Warning Certain;
    CCH002 "cache-entry-without-ttl" Error Certain;
    CCH003 "cache-invalidation-undocumented" Advice Heuristic;
    CCH004 "task-progress-key-pattern" Warning Certain;

    MOD001 "model-name" Warning Certain;
    MOD002 "missing-timestamps" Error Certain;
    MOD003 "timestamp-definition" Warning Certain;
    MOD004 "missing-str" Error Certain;
    MOD005 "missing-get-absolute-url" Warning Certain;
    MOD006 "status-without-textchoices" Warning Certain;
    MOD007 "missing-related-name" Error Certain;
    MOD008 "related-name-format" Warning Certain;
    MOD009 "related-name-plus" Warning Certain;
    MOD010 "fk-id-suffix" Error Certain;
    MOD011 "boolean-prefix" Warning Certain;
    MOD012 "date-suffix" Warning Certain;
    MOD013 "abbreviated-field-name" Advice Likely;
    MOD014 "null-on-string-field" Error Certain;
    MOD015 "missing-on-delete" Error Certain;
    MOD016 "save-override-with-logic" Warning Likely;
    MOD017 "meta-ordering" Warning Certain;
    MOD018 "public-model-sequential-pk" Advice Likely;
    MOD019 "index-undocumented" Warning Certain;
    MOD020 "composite-index-style" Warning Certain;
    MOD021 "queried-field-without-index" Advice Heuristic;

    FRM001 "modelform-all-fields" Error Certain;
    FRM002 "modelform-exclude" Error Certain;
    FRM003 "modelform-fields-not-explicit" Error Certain;

    VIW001 "class-based-view" Error Certain;
    VIW002 "unvalidated-request-data" Warning Certain;
    VIW003 "missing-login-required" Warning Likely;
    VIW004 "business-logic-in-view" Advice Heuristic;
    VIW005 "exception-text-in-response" Warning Certain;
    VIW006 "unhandled-get" Warning Certain;

    URL001 "sequential-id-in-url" Error Certain;
    URL002 "public-id-not-shortuuid-12" Warning Certain;
    URL003 "urls-without-app-name" Error Certain;
    URL004 "missing-trailing-slash" Warning Certain;
    URL005 "unnamed-or-unnamespaced-url" Warning Certain;
    URL006 "deeply-nested-url" Advice Certain;
    URL007 "verb-in-resource-url" Advice Likely;
    URL008 "reverse-with-sequential-id" Warning Likely;

    QRY001 "query-in-loop" Warning Likely;
    QRY002 "missing-select-related" Warning Likely;
    QRY003 "missing-prefetch-related" Warning Likely;
    QRY004 "unbounded-or-fat-queryset" Advice Likely;
    QRY005 "raw-sql" Warning Certain;
    QRY006 "complex-queryset-uncommented" Advice Certain;

    TPL001 "inline-style" Error Certain;
    TPL002 "inline-script" Error Certain;
    TPL003 "inline-event-handler" Error Certain;
    TPL004 "hardcoded-url" Warning Certain;
    TPL005 "missing-csrf-token" Error Certain;
    TPL006 "logic-in-template" Advice Heuristic;
    TPL007 "base-template-not-themis" Warning Certain;
    TPL008 "frontend-stack" Warning Certain;

    SEC001 "secret-in-settings" Error Certain always_on;
    SEC002 "debug-enabled" Error Certain;
    SEC003 "unsafe-markup" Error Certain;
    SEC004 "csrf-disabled" Error Certain;
    SEC005 "secret-elsewhere" Error Certain;
    SEC006 "secret-with-default-in-code" Error Certain;
    SEC007 "plaintext-credential-field" Advice Likely;

    SET001 "multiple-settings-files" Error Certain;
    SET002 "settings-without-env-library" Warning Certain;
    SET003 "database-engine" Warning Certain;
    SET004 "database-env-names" Warning Certain;

    STR001 "project-layout" Advice Certain;
    STR002 "missing-project-file" Advice Certain;

    PKG001 "setup-py-or-requirements" Error Certain;
    PKG002 "python-version-unspecified" Error Certain;
    PKG003 "exact-pin" Error Certain;
    PKG004 "missing-floor-or-ceiling" Error Certain;
    PKG005 "deprecated-package" Error Certain;
    PKG006 "deprecated-import" Error Certain;
    PKG007 "pillow-parity" Warning Certain;
    PKG008 "non-preferred-package" Advice Certain;
    PKG009 "preferred-range" Warning Certain;
    PKG010 "committed-virtualenv" Error Certain;

    TST001 "pytest-used" Error Certain;
    TST002 "test-file-layout" Warning Certain;
    TST003 "changed-module-without-tests" Advice Certain;

    STY001 "import-order" Warning Certain;
    STY002 "missing-parameter-type-hint" Warning Certain;
    STY003 "file-too-long" Error Certain;
    STY004 "file-getting-long" Advice Certain;
    STY005 "star-import" Error Certain;
    STY006 "mutable-default" Error Certain;
    STY007 "bare-except" Error Certain;
    STY008 "undocumented-suppression" Warning Certain essential;
    STY009 "print-or-silent-failure" Warning Certain;

    DOC001 "missing-docstring" Warning Certain;
    DOC002 "non-sphinx-docstring" Warning Certain;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_name_stands_once_and_in_a_family() {
        let all = || CATALOGUE.iter();
        assert_eq!(all().count(), 166);
        let mut keys: Vec<&str> = all().flat_map(|entry| [entry.code, entry.name]).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 2 * 166);
        assert!(all().all(|entry| entry.family().is_some()));
    }

    #[test]
    fn only_what_is_certain_turns_the_status_red() {
        let unsure = CATALOGUE.iter().filter(|e| e.severity == Error && e.confidence != Certain);
        assert_eq!(unsure.map(|e| e.code).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
