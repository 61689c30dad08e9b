//! From keys and values to settings that can be believed.

use std::collections::BTreeSet;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::raw::{Keys, Raw, RawForge};
use super::secret::{normalised_pem, secret};
use super::{Account, AllowList, DEFAULT_RETENTION_DAYS, ForgeSettings, Inputs, Settings, SettingsError};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATABASE: &str = "sqlite://red-panda.db";
/// A hundred years.
const LONGEST_RETENTION: u32 = 36_500;

pub(super) fn settings(raw: Raw, inputs: &Inputs<'_>) -> Result<Settings, SettingsError> {
    let admin_token = secret(&raw.top, "admin_token", "admin_token_file", inputs)?;
    if let Some((token, place)) = &admin_token
        && token.expose_secret().len() < 16
    {
        let problem = "the admin token is shorter than 16 characters; make one with `openssl rand -hex 32`";
        return Err(SettingsError::new(place, problem));
    }
    let mut names = BTreeSet::new();
    let mut forges = Vec::new();
    for raw in raw.forges {
        if !names.insert(raw.name.clone()) {
            return Err(SettingsError::new(
                &raw.place,
                format!("a second forge is named \"{}\"; rename one", raw.name),
            ));
        }
        forges.push(forge(raw, inputs)?);
    }
    Ok(Settings {
        listen: listen(&raw.top)?,
        public_url: address(&raw.top, "public_url")?,
        database_url: database_url(&raw.top, &inputs.folder())?,
        retention_days: retention_days(&raw.top)?,
        admin_token: admin_token.map(|(token, _)| token),
        forges,
    })
}

fn listen(keys: &Keys) -> Result<String, SettingsError> {
    let Some(value) = keys.get("listen") else { return Ok(DEFAULT_LISTEN.to_owned()) };
    let text = value.text();
    let valid =
        text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if valid {
        Ok(text.to_owned())
    } else {
        Err(SettingsError::new(&value.place, "\"listen\" must be host:port, such as \"127.0.0.1:8080\""))
    }
}

fn retention_days(keys: &Keys) -> Result<u32, SettingsError> {
    let Some(value) = keys.get("retention_days") else { return Ok(DEFAULT_RETENTION_DAYS) };
    let days = value.text().parse().ok().filter(|days| (1..=LONGEST_RETENTION).contains(days));
    days.ok_or_else(|| {
        let problem = format!("\"retention_days\" must be a number of days from 1 to {LONGEST_RETENTION}");
        SettingsError::new(&value.place, problem)
    })
}

/// An http address without user, query, fragment and closing slash.
fn address(keys: &Keys, key: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(value) = keys.get(key) else { return Ok(None) };
    let wrong = |problem: &str| SettingsError::new(&value.place, format!("\"{key}\" {problem}"));
    let url = Url::parse(value.text())
        .map_err(|_| wrong("must be an address, such as \"https://panda.example.org\""))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user or password; use \"token_file\""));
    }
    if key == "public_url" && url.path() != "/" {
        return Err(wrong("must be a host of its own: the pages link from its root"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end before any ? or #"));
    }
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

/// SQLite's file stands next to the settings unless its path is absolute.
fn database_url(keys: &Keys, folder: &Path) -> Result<SecretString, SettingsError> {
    let (text, place) = match keys.get("database_url") {
        Some(value) => (value.text(), value.place.as_str()),
        None => (DEFAULT_DATABASE, "database_url"),
    };
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        if !is_whole(text) {
            let problem = "\"database_url\" cannot be read as an address; percent-encode the password in it: # is %23, \
                           / is %2F, ? is %3F, @ is %40";
            return Err(SettingsError::new(place, problem));
        }
        return Ok(SecretString::from(text.to_owned()));
    }
    let path =
        text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).filter(|p| !p.is_empty());
    let path = path.ok_or_else(|| {
        SettingsError::new(
            place,
            "\"database_url\" must begin with sqlite:// or postgres://, such as sqlite://red-panda.db",
        )
    })?;
    // The path as written is part of an address already; the folder becomes one.
    let folder = utf8_percent_encode(&folder.display().to_string(), FOLDER).to_string();
    Ok(SecretString::from(format!("sqlite://{}", Path::new(&folder).join(path).display())))
}

/// What means something in an address.
const FOLDER: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Does it say what was meant? A password with a bare `#`, `/` or `?` ends the host too early, and the `@` that should
/// have come before the host stands behind it.
fn is_whole(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        let behind = [url.path(), url.query().unwrap_or_default()];
        url.fragment().is_none() && !behind.iter().any(|part| part.contains('@'))
    })
}

fn forge(raw: RawForge, inputs: &Inputs<'_>) -> Result<ForgeSettings, SettingsError> {
    let name = raw.name.clone();
    let fail = |problem: String| SettingsError::new(&raw.place, problem);
    let simple = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if name.is_empty() || !simple {
        return Err(fail(format!("the forge's name \"{name}\" becomes an address; use a-z, 0-9 and - only")));
    }
    let kind =
        raw.keys.get("kind").ok_or_else(|| fail(format!("forge \"{name}\" has no kind; add {KINDS}")))?;
    let url = address(&raw.keys, "url")?;
    let repositories = repositories(&raw.keys)?;
    let (account, url) = match kind.text() {
        "github" => {
            refuse(&raw.keys, &["token", "token_file"], "gitea")?;
            (github_account(&raw, inputs)?, url.unwrap_or_else(|| "https://api.github.com".to_owned()))
        }
        "gitea" => {
            refuse(&raw.keys, &["app_id", "private_key", "private_key_file"], "github")?;
            if repositories.patterns().is_empty() {
                let next = "add repositories = [\"owner/*\"]: it answers only for those";
                return Err(fail(format!("forge \"{name}\" has no list of repositories; {next}")));
            }
            let url = url
                .ok_or_else(|| fail(format!("forge \"{name}\" has no url; add the address of the server")))?;
            (gitea_account(&raw, inputs)?, url)
        }
        other => {
            return Err(SettingsError::new(&kind.place, format!("unknown kind \"{other}\"; write {KINDS}")));
        }
    };
    let webhook_secret = webhook_secret(&raw, inputs)?;
    let bot_login = raw.keys.get("bot_login").map(|v| v.text().to_owned());
    Ok(ForgeSettings { name, url, webhook_secret, repositories, bot_login, account })
}

const KINDS: &str = "kind = \"github\" or kind = \"gitea\" (Gitea and Forgejo)";

/// Without a secret anybody could send deliveries: there is no start without one.
fn webhook_secret(raw: &RawForge, inputs: &Inputs<'_>) -> Result<SecretString, SettingsError> {
    let next = "put the secret of the webhook's settings into a file and name it in webhook_secret_file";
    match secret(&raw.keys, "webhook_secret", "webhook_secret_file", inputs)? {
        Some((value, _)) if !value.expose_secret().is_empty() => Ok(value),
        Some((_, place)) => {
            Err(SettingsError::new(place, format!("the webhook secret of \"{}\" is empty; {next}", raw.name)))
        }
        None => {
            let problem = format!("forge \"{}\" has no webhook secret; {next}", raw.name);
            Err(SettingsError::new(&raw.place, problem))
        }
    }
}

fn refuse(keys: &Keys, wrong: &[&str], kind: &str) -> Result<(), SettingsError> {
    match keys.iter().find(|(key, _)| wrong.contains(key)) {
        Some((key, value)) => {
            let problem =
                format!("\"{key}\" belongs to a forge of kind \"{kind}\"; remove it or correct the kind");
            Err(SettingsError::new(&value.place, problem))
        }
        None => Ok(()),
    }
}

fn github_account(raw: &RawForge, inputs: &Inputs<'_>) -> Result<Account, SettingsError> {
    let missing = |key: &str, next: &str| {
        SettingsError::new(&raw.place, format!("forge \"{}\" has no {key}; {next}", raw.name))
    };
    let id =
        raw.keys.get("app_id").ok_or_else(|| missing("app_id", "copy it from the App's settings page"))?;
    let app_id = id.text().parse().map_err(|_| {
        SettingsError::new(&id.place, "\"app_id\" must be the number on the App's settings page")
    })?;
    let next = "name the .pem that GitHub gave you in private_key_file";
    let (key, place) = secret(&raw.keys, "private_key", "private_key_file", inputs)?
        .ok_or_else(|| missing("private_key_file", next))?;
    let private_key = normalised_pem(&key).ok_or_else(|| {
        SettingsError::new(place, format!("the private key is not a PEM private key; {next}"))
    })?;
    Ok(Account::GitHub { app_id, private_key })
}

fn gitea_account(raw: &RawForge, inputs: &Inputs<'_>) -> Result<Account, SettingsError> {
    let next = "make one for the bot's account under Settings > Applications and name its file in token_file";
    match secret(&raw.keys, "token", "token_file", inputs)? {
        Some((token, _)) if !token.expose_secret().is_empty() => Ok(Account::Gitea { token }),
        Some((_, place)) => {
            Err(SettingsError::new(place, format!("the token of \"{}\" is empty; {next}", raw.name)))
        }
        None => Err(SettingsError::new(&raw.place, format!("forge \"{}\" has no token; {next}", raw.name))),
    }
}

fn repositories(keys: &Keys) -> Result<AllowList, SettingsError> {
    let Some(value) = keys.get("repositories") else { return Ok(AllowList::default()) };
    // An entry that came out empty must not become the list that allows everything.
    let patterns: Vec<String> = value.text().split('\n').map(|p| p.trim().to_owned()).collect();
    let names = |pattern: &str| {
        let parts: Vec<&str> = pattern.split('/').collect();
        parts.len() == 2 && parts.iter().all(|part| !part.is_empty())
    };
    if let Some(odd) = patterns.iter().find(|pattern| !names(pattern)) {
        let problem = format!("\"{odd}\" is not owner/name; write \"alice/*\" or \"alice/trees\"");
        return Err(SettingsError::new(&value.place, problem));
    }
    AllowList::new(&patterns).map_err(|error| {
        SettingsError::new(&value.place, format!("a pattern of \"repositories\" is not a glob: {error}"))
    })
}
