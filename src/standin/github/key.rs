//! The stand-in App's key, made once per process: no private key is checked in, and making one takes a second.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

#[derive(Debug)]
pub(super) struct AppKey {
    pub(super) private_pem: String,
    public_pem: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: u64,
    iat: i64,
    exp: i64,
}

/// `None` when this machine cannot make a key.
pub(super) fn app_key() -> Option<&'static AppKey> {
    static KEY: OnceLock<Option<AppKey>> = OnceLock::new();
    KEY.get_or_init(generate).as_ref()
}

fn generate() -> Option<AppKey> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let private: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    Some(AppKey {
        private_pem: pem("PRIVATE KEY", private.as_ref()),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl AppKey {
    /// GitHub's rules for an App's token: RS256, at most ten minutes ahead, not from the future, of this App.
    pub(super) fn check(&self, jwt: &str, app_id: u64, now_s: i64) -> Result<(), &'static str> {
        let key =
            DecodingKey::from_rsa_pem(self.public_pem.as_bytes()).map_err(|_| "the stand-in has no key")?;
        let validation = Validation::new(Algorithm::RS256);
        let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &validation);
        let claims = claims.map_err(|_| "A JSON web token could not be decoded")?.claims;
        match claims {
            Claims { iss, .. } if iss != app_id => Err("Integration not found"),
            Claims { exp, .. } if exp > now_s + 600 => {
                Err("'Expiration time' claim ('exp') is too far in the future")
            }
            Claims { iat, .. } if iat > now_s => {
                Err("'Issued at' claim ('iat') must be an Integer in the past")
            }
            _ => Ok(()),
        }
    }
}
