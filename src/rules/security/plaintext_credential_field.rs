use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC007,
    page: include_str!("plaintext_credential_field.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// How names of credentials for somewhere else end.
const CREDENTIALS: [&str; 15] = [
    "api_key",
    "apikey",
    "secret",
    "secret_key",
    "access_token",
    "refresh_token",
    "api_token",
    "auth_token",
    "bearer_token",
    "bot_token",
    "oauth_token",
    "private_key",
    "password",
    "passphrase",
    "credentials",
];

/// Words of names that hold no credential as it is.
const NOT_PLAIN: [&str; 8] =
    ["hash", "hashed", "digest", "encrypted", "encoded", "public", "masked", "temporary"];

/// Functions that hash or encrypt.
const KEEPERS: [&str; 8] = [
    "make_password",
    "check_password",
    "set_password",
    "Fernet",
    "MultiFernet",
    "encrypt",
    "decrypt",
    "b64encode",
];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if keeps_secrets(model) {
        return Ok(());
    }
    let is_hashed = |field: &ModelField<'_>| field.name == "password" && is_user(model);
    for field in model.fields().iter().filter(|field| holds_credential(field) && !is_hashed(field)) {
        let path = model.path_of(field);
        let headline = format!("{} is stored as it is", code(&path));
        let consequence = "Whoever reads a backup or a row in the admin can act with it.";
        let fix = format!(
            "Store it encrypted, as {} that `cryptography.fernet` reads and writes.",
            code(&format!("{}_encrypted = models.BinaryField()", field.name))
        );
        out.say(&field.at, path, field.name, headline, consequence).fix(fix);
    }
    Ok(())
}

fn holds_credential(field: &ModelField<'_>) -> bool {
    let is_named = CREDENTIALS.iter().any(|end| {
        field.name.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    });
    let is_plain = !field.name.split('_').any(|word| NOT_PLAIN.contains(&word));
    let is_text = matches!(field.class, FieldClass::Django("CharField" | "TextField"));
    // What we make ourselves opens no door elsewhere.
    let is_ours = field.is_true("unique")
        || field.is_true("primary_key")
        || field.argument("choices").is_some()
        || field
            .argument("default")
            .is_some_and(|value| field.text("default").is_none() && !value.is_none_literal_expr());
    is_named && is_plain && is_text && !is_ours && !field.may_have_more()
}

/// Django hashes the passwords of users.
fn is_user(model: &Model<'_>) -> bool {
    model.lineage.derives_from_any(|base| base.starts_with("django.contrib.auth."))
}

fn keeps_secrets(model: &Model<'_>) -> bool {
    let calls = model.module.index().calls_in(model.class.body).iter();
    calls
        .filter_map(|call| model.module.qualified(&call.node.func))
        .any(|name| KEEPERS.contains(&name.last()))
}
