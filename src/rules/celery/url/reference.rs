//! References to a secret: something resolves them before Celery starts, so they are no broker URLs.

use crate::rules::celery::holes::{Unit, text};

/// What such a reference begins with, before its `:`, `://` or `+`. `op://vault/item/field` is 1Password's, `ref+…://`
/// vals', `secretref+…` helm-secrets'; others are named after what keeps the secret.
const RESOLVERS: [&str; 43] = [
    "akv",
    "awskms",
    "awsps",
    "awssecret",
    "awssecrets",
    "awssm",
    "awsssm",
    "aws",
    "azkv",
    "azure",
    "azurekeyvault",
    "azurekv",
    "berglas",
    "bitwarden",
    "bw",
    "bws",
    "conjur",
    "dashlane",
    "dl",
    "doppler",
    "env",
    "file",
    "gcp",
    "gcpsecretmanager",
    "gcpsecrets",
    "gcpsm",
    "gsm",
    "infisical",
    "keeper",
    "keychain",
    "keyring",
    "keyvault",
    "lastpass",
    "op",
    "pass",
    "ref",
    "secret",
    "secretref",
    "secretsmanager",
    "sm",
    "sops",
    "ssm",
    "vault",
];

/// Whole beginnings: ARNs of AWS, resources of Google Cloud, App Service and SOPS.
const BEGINNINGS: [&str; 4] = ["arn:aws", "projects/", "@Microsoft.KeyVault(", "ENC["];

pub(super) fn is_reference(value: &[Unit]) -> bool {
    /// No resolver's name is longer.
    const LONGEST: usize = 40;
    let start = text(value.get(..value.len().min(LONGEST)).unwrap_or(value));
    let name_end = start.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let Some((name, rest)) = name_end.and_then(|end| start.split_at_checked(end)) else { return false };
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let resolves = RESOLVERS.contains(&name.as_str()) && rest.starts_with([':', '+']);
    resolves || BEGINNINGS.iter().any(|beginning| start.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::celery::holes::{Syntax, units};

    #[test]
    fn what_something_resolves_first_is_a_reference() {
        let is = |value: &str| is_reference(&units(value, Syntax::Literal));
        for reference in [
            "op://dev/shop/broker-url",
            "ref+awsssm://shop/result-backend",
            "vault:secret/data/shop#broker",
            "aws-sm://shop",
            "arn:aws-cn:secretsmanager:cn-north-1:1:secret:shop",
            "gcp:secretmanager:projects/1/secrets/broker",
            "file:/run/secrets/broker",
        ] {
            assert!(is(reference), "{reference}");
        }
        for address in ["amqp://u:p@h/v", "rabbit:5672", "vaults:p@rabbit:5672/v", "op", ""] {
            assert!(!is(address), "{address}");
        }
    }
}
