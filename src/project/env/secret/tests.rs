use proptest::prelude::*;

use super::*;

/// Made-up values of a provider's form are put together here, so that no scanner of this repository takes them for
/// real ones.
fn token(prefix: &str, body: &str) -> String {
    format!("{prefix}{body}")
}

const RANDOM: &str = "q7Zr2LmX9vKc4TnB8sWd1HfJ6pYg3QaE5uRo0iV";

fn what(key: &str, value: &str) -> Option<&'static str> {
    classify(key, value).map(|kind| kind.what)
}

fn real(key: &str, value: &str) -> bool {
    classify(key, value).is_some_and(Kind::looks_real)
}

#[test]
fn placeholders_are_no_secrets() {
    for (key, value) in [
        ("PASSWORD", ""),
        ("API_KEY", "api_key"),
        ("SECRET_KEY", "change-me"),
        ("SECRET_KEY", "changeme"),
        ("SECRET_KEY", "Change_Me_In_Production_123"),
        ("SECRET_KEY", "changethis"),
        ("SECRET_KEY", "your-secret-key-goes-here"),
        ("SECRET_KEY", "<generate one with openssl>"),
        ("SECRET_KEY", "${SECRET_KEY}"),
        ("SECRET_KEY", "${SECRET_KEY:-change-me}"),
        ("SECRET_KEY", "$SECRET_KEY"),
        ("SECRET_KEY", "$(pass show django/secret)"),
        ("SECRET_KEY", "`openssl rand -hex 32`"),
        // detect-secrets #360
        ("SECRET_KEY", "\"{{ vault_secret_key }}\""),
        ("SECRET_KEY", "%(secret_key)s"),
        ("SECRET_KEY", "__SECRET_KEY__"),
        ("SECRET_KEY", "xxxxxxxxxxxxxxxxxxxx"),
        ("SECRET_KEY", "********"),
        ("SECRET_KEY", "...."),
        ("DB_PASSWORD", "postgres"),
        ("DB_PASSWORD", "my_password"),
        ("SECRET_KEY", "not-a-secret"),
        ("POSTGRES_PASSWORD", "!!!SET POSTGRES_PASSWORD!!!"),
        ("MAIL_TOKEN", "the-mail-token-9A"),
        ("SECRET_KEY", "my-very-long-random-string"),
        // gitleaks #1857: the name of a variable stands where its value belongs.
        ("API_KEY", "MY_SERVICE_API_KEY"),
        // prowler #4893
        ("POSTGRES_ALLOW_EMPTY_PASSWORD", "yes"),
        // kics #7514
        ("DB_PASSWORD", "/run/secrets/db_password"),
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("STRIPE_KEY", "sk_test_4eC39HqLyjWDarjtT1zdp7dc"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_ACCESS_KEY_ID", "AKIAXXXXXXXXXXXXXXXX"),
        ("GITHUB_TOKEN", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("OPENAI_API_KEY", "sk-1234567890abcdef1234567890abcdef"),
        ("OPENAI_API_KEY", "sk-your-key-here"),
        ("DATABASE_URL", "postgres://postgres:postgres@db:5432/app"),
        ("DATABASE_URL", "postgres://app:change-me@db:5432/app"),
        ("DATABASE_URL", "postgres://app:${DB_PASSWORD}@db:5432/app"),
        ("DATABASE_URL", "postgres://app@db:5432/app"),
        ("TOKEN_URL", "https://login.internal/oauth/token"),
        ("PASSWORD_HASHER", "django.contrib.auth.hashers.Argon2PasswordHasher"),
        ("DJANGO_SETTINGS_MODULE", "config.settings.local"),
        ("PRIVATE_KEY_PATH", "keys/jwt.pem"),
        ("ALLOWED_HOSTS", "localhost,127.0.0.1"),
        ("TIME_ZONE", "Europe/Berlin"),
        ("PORT", "8000"),
        ("CACHE_TTL", "30s"),
        ("DEFAULT_FROM_EMAIL", "shop@example.org"),
        ("ZERO_ID", "00000000-0000-0000-0000-000000000000"),
    ] {
        assert!(
            is_placeholder(key, value) || classify(key, value).is_none(),
            "{key}={value}: {:?}",
            what(key, value)
        );
        assert!(!real(key, value), "{key}={value}: {:?}", what(key, value));
    }
}

#[test]
fn the_placeholder_test_knows_settings_from_secrets() {
    for (key, value) in [
        ("DEBUG", "True"),
        ("PORT", "8000"),
        ("HOST", "db"),
        ("URL", "redis://cache:6379/0"),
        ("LOG", "/var/log/app"),
        ("EMPTY", "''"),
        ("HOSTS", "*"),
        ("HOSTS", ".example.com,localhost"),
        ("DB_PASSWORD", "secret"),
    ] {
        assert!(is_placeholder(key, value), "{key}={value}");
    }
    for (key, value) in [
        ("SITE_NAME", "Wood and Trees"),
        ("DB_PASSWORD", "hunter2"),
        ("EMAIL", "boss@shop.de"),
        ("SECRET_KEY", RANDOM),
        ("SECRET_KEY", "${SECRET_KEY:-q7Zr2LmX9vKc4TnB8s}"),
    ] {
        assert!(!is_placeholder(key, value), "{key}={value}");
    }
}

#[test]
fn providers_are_certain() {
    for (value, kind) in [
        (token("AKIA", "Q7ZR2LMX9VKC4TNB"), "an AWS key"),
        (token("ghp_", &RANDOM[..36]), "a GitHub token"),
        (token("github_pat_", &RANDOM[..30]), "a GitHub token"),
        (token("glpat-", &RANDOM[..20]), "a GitLab token"),
        (token("xoxb-", "731045528812-q7Zr2LmX9vKc4TnB"), "a Slack token"),
        (token("sk_live_", &RANDOM[..24]), "a Stripe live key"),
        (token("sk-proj-", RANDOM), "an OpenAI key"),
        (token("AIza", &RANDOM[..35]), "a Google API key"),
        (token("Bearer ghp_", &RANDOM[..36]), "a GitHub token"),
        (token("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3MzEifQ.", RANDOM), "a JWT"),
        (
            token("-----BEGIN RSA PRIVATE KEY-----\n", &format!("{RANDOM}\n-----END RSA PRIVATE KEY-----")),
            "a private key",
        ),
        (token("q7Zr2LmX9vKc4TnB8sWd1HfJ6pYg3QaE5uRo0iVxYzA", "="), "a Fernet key"),
        (
            token(
                "https://9d1f0c7ae2b84365a0f2e6d19c3b7a58:5e2a",
                "b9c07d1f48e3a6c2f08b7d94e1a3@o4.ingest.sentry.io/77",
            ),
            "a Sentry DSN with its secret key",
        ),
    ] {
        let found = classify("ANYTHING", &value).unwrap_or_else(|| panic!("{kind} was missed"));
        assert_eq!((found.what, found.strength), (kind, Strength::Certain));
    }
}

#[test]
fn randomness_under_a_telling_name_is_likely() {
    for (key, value, kind) in [
        ("DB_PASSWORD", "Tr0ub4dor&3", "a password"),
        ("DB_PASSWORD", "kzqwhvbnrtmfyxjd", "a password"),
        ("MAIL_TOKEN", "f3a9c1d87b20e64f", "a token"),
        ("DJANGO_SECRET_KEY", "k#9v!t(2z$w8x@pq", "a secret"),
        ("WEATHER_API_KEY", "9d1f0c7ae2b84365a0f2e6d19c3b7a58", "an API key"),
        ("DATABASE_URL", "postgres://app:Tr0ub4dor&3@db:5432/app", "a password in a URL"),
        // gitleaks stops at `@ # /`: such passwords slipped through.
        ("BROKER", "amqp://app:Tr0ub#4dor/3@mq:5672/vh", "a password in a URL"),
        ("BROKER", "amqp://app:Tr0@b4d@r3@mq:5672/vh", "a password in a URL"),
    ] {
        let found = classify(key, value).unwrap_or_else(|| panic!("{key} was missed"));
        assert_eq!((found.what, found.strength), (kind, Strength::Likely), "{key}");
    }
}

#[test]
fn development_and_public_keys_are_known_but_do_not_look_real() {
    let insecure = token("django-insecure-", "k9v!t(2z$w8x@pq");
    assert_eq!(what("SECRET_KEY", &insecure), Some("a development `SECRET_KEY`"));
    assert!(!real("SECRET_KEY", &insecure));
    assert_eq!(what("SECRET_KEY", "django-insecure-change-me"), None);
    let dsn = "https://9d1f0c7ae2b84365a0f2e6d19c3b7a58@o4.ingest.sentry.io/77";
    assert_eq!(what("SENTRY_DSN", dsn), Some("a Sentry DSN with its public key"));
    assert!(!real("SENTRY_DSN", dsn));
}

#[test]
fn what_is_public_or_about_a_secret_is_none() {
    for (key, value) in [
        ("VAPID_PUBLIC_KEY", RANDOM),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_q7Zr2LmX9vKc4TnB8sWd1HfJ"),
        (
            "JWT_PUBLIC_KEY",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
        ),
        ("FERNET_KEY", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="),
        ("TOKEN_LIFETIME", "PT15M30S"),
        ("SECRET_MANAGER_PROJECT", "shop-production-184467"),
        ("SECRETS_REGION", "eu-central-1a"),
        ("API_KEY_HEADER", "X-Api-Key-2"),
        ("SECRET_KEY", "the secret key of this installation, see docs"),
        ("GIT_COMMIT", "9d1f0c7ae2b84365a0f2e6d19c3b7a58aa01bb02"),
        ("IMAGE_SHA", "sha256:9d1f0c7ae2b84365a0f2e6d19c3b7a58"),
    ] {
        assert_eq!(what(key, value), None, "{key}");
    }
}

#[test]
fn a_piece_of_a_key_is_not_named() {
    for key in [
        "SECRET_KEY",
        "DJANGO_AWS_S3_ACCESS_KEY_ID",
        "http_proxy",
        "camelCaseKey",
        "spring.datasource.url",
        "I18N_DIR",
        "K8S_HOST",
        "SHA256_SALT",
    ] {
        assert!(is_nameable(key), "{key}");
    }
    for key in [
        "MIIEpAIBAAKCAQEAq7Zr2LmX9vKc4TnB8sWd1HfJ",
        "q7Zr2LmX9vKc4",
        "k9QmXwPzRtYvBnLs",
        "ghiJKL456",
        "ghiJKLmno",
        "JBSWY3DPEHPK3PXP",
        "A1B2_C3D4",
        "9d1f",
    ] {
        assert!(!is_nameable(key), "{key}");
    }
    assert!(!is_nameable(&token("ghp_", &RANDOM[..36])));
}

#[test]
fn only_words_that_say_so_stand_for_a_password() {
    for stand_in in ["change#me", "change@me", "your:password/here", "xxxx-xxxx", "guest", "secret"] {
        assert!(is_stand_in(stand_in), "{stand_in}");
    }
    for password in ["Summer.fun", "Latest", "10.0.0.1", "/var/run", "change#me2024", "!#?&", "mallory"] {
        assert!(!is_stand_in(password), "{password}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(key in "\\PC{0,20}", value in "\\PC{0,80}") {
        classify(&key, &value);
        is_placeholder(&key, &value);
    }

    #[test]
    fn what_is_classified_as_real_is_no_placeholder(key in "[A-Z_]{3,12}", value in "[ -~]{0,60}") {
        let loose = classify(&key, &value).is_some_and(|k| k.strength == Strength::Likely);
        prop_assert!(!loose || !is_placeholder(&key, &value));
    }

    #[test]
    fn a_random_password_under_a_password_key_is_found(
        value in "[a-z]{3}[A-Z]{3}[0-9]{3}[a-z]{3}[!%^*_+]{1}[A-Z]{2}"
    ) {
        let told = says_placeholder(&value);
        prop_assert!(told || real("DB_PASSWORD", &value));
    }
}
