//! The documents tell the truth: commands, settings, links and `deploy/` are held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;
use red_panda::cli::Arguments;
use red_panda::config::settings::{Inputs, Settings, SettingsError};
use red_panda::model::finding::Severity;
use red_panda::model::status::STATUS_NAME;
use red_panda::review::prepare;
use red_panda::rules;
use red_panda::standin::sample::Sample;

type Environment = BTreeMap<String, String>;

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n";

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every file below a folder, by its path in the repository.
fn below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What people read: the Markdown at the root, in `docs` and in `deploy`.
fn documents() -> Vec<String> {
    let at_root = fs::read_dir(root()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut all: Vec<String> = at_root.collect();
    all.extend(["docs", "deploy", "tests/forgejo"].into_iter().flat_map(below));
    all.retain(|path| path.ends_with(".md"));
    all
}

/// The fenced blocks of a language, without the indentation of the list they stand in.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == format!("```{language}") {
            let body = lines.by_ref().take_while(|l| l.trim() != "```");
            found.push(body.map(|l| format!("{}\n", l.get(indent..).unwrap_or_default())).collect());
        }
    }
    found
}

/// What stands in backticks in a cell of a table.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Keys of the README's settings tables with their variables.
fn settings_rows() -> Vec<(String, Vec<String>)> {
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.contains("`RED_PANDA_") && line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]).remove(0), quoted(cells[2]))
    })
    .collect()
}

/// Any file that a setting names holds a key.
fn settings(file: Option<&str>, environment: &Environment) -> Result<Settings, SettingsError> {
    let path = Path::new("red-panda.toml");
    let read = |path: &Path| match path.to_str() {
        Some("nowhere") => Err(io::Error::from(io::ErrorKind::NotFound)),
        Some(name) if name.ends_with(".pem") => Ok(PEM.to_owned()),
        _ => Ok("0123456789abcdef0123456789abcdef\n".to_owned()),
    };
    Settings::read(&Inputs { file: file.map(|text| (path, text)), environment, read: &read })
}

/// The keys that the reader itself names when it meets one that it does not know.
fn keys_of(text: &str) -> BTreeSet<String> {
    let told = settings(Some(text), &Environment::new()).unwrap_err().to_string();
    let (_, keys) = told.split_once("the keys here are ").unwrap();
    keys.trim_end_matches('.').split(", ").map(str::to_owned).collect()
}

#[test]
fn the_readme_lists_exactly_the_settings_that_are_read() {
    let top = keys_of("zzzzzzzzzz = 1");
    let forge = keys_of("[[forge]]\nzzzzzzzzzz = 1");
    let mut known: BTreeSet<String> = top.union(&forge).cloned().collect();
    assert!(known.remove("forge") && known.remove("name"));
    let told: BTreeSet<String> = settings_rows().into_iter().map(|(key, _)| key).collect();
    assert_eq!(told, known);
}

#[test]
fn every_variable_of_the_readme_is_read() {
    for (key, variables) in settings_rows() {
        for variable in &variables {
            assert!(variable.ends_with(&key.to_ascii_uppercase()), "{variable} is not {key}");
            let name = variable.replace("<NAME>", "GITHUB");
            let told = settings(None, &Environment::from([(name.clone(), "nowhere".to_owned())]));
            // A forge that is one key is refused whatever the key is, but not as unknown.
            let told = told.unwrap_err().to_string();
            assert!(!told.contains("unknown setting"), "{told}");
            assert!(
                variable.contains("<NAME>") || told.starts_with(&name),
                "{name} is not looked at: {told}"
            );
        }
    }
}

#[test]
fn the_settings_and_policies_that_are_shown_work() {
    let readme = read("README.md");
    let (mut servers, mut policies) = (0, 0);
    for block in blocks(&readme, "toml") {
        match block.lines().next().unwrap() {
            "# red-panda.toml" => {
                assert_eq!(settings(Some(&block), &Environment::new()).unwrap().forges.len(), 1);
                servers += 1;
            }
            "# .red-panda.toml" => {
                assert_eq!(prepare::parse(&block).unwrap().notes, Vec::<String>::new());
                policies += 1;
            }
            other => panic!("{other} names no file of ours"),
        }
    }
    assert_eq!((servers, policies), (2, 1));
}

#[test]
fn every_command_that_is_shown_parses() {
    let mut commands = 0;
    for document in documents() {
        let shown = blocks(&read(&document), "sh").concat();
        for line in shown.lines() {
            let words = match line.split_once("cargo run").and_then(|(_, rest)| rest.split_once("-- ")) {
                Some((_, words)) => words,
                None if line.starts_with("red-panda ") => &line["red-panda ".len()..],
                None => continue,
            };
            let words = std::iter::once("red-panda").chain(words.split_whitespace());
            assert!(Arguments::try_parse_from(words).is_ok(), "{document}: {line}");
            commands += 1;
        }
    }
    assert!(commands > 5, "only {commands} commands were found");
}

#[test]
fn every_link_leads_somewhere() {
    let link = regex::Regex::new(r"(!?)\[[^\]]*\]\(([^)#\s]+)").unwrap();
    let mut followed = 0;
    for document in documents() {
        let folder = root().join(&document).parent().unwrap().to_path_buf();
        for found in link.captures_iter(&read(&document)) {
            // Pictures are taken after the fact, of a build that these tests passed.
            if &found[1] == "!" || found[2].contains("://") {
                continue;
            }
            assert!(folder.join(&found[2]).exists(), "{document}: {} does not exist", &found[2]);
            followed += 1;
        }
    }
    assert!(followed > 5, "only {followed} links were found");
}

#[test]
fn the_readme_names_what_the_app_needs_and_what_is_checked() {
    let readme = read("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let manifest: serde_json::Value = serde_json::from_str(&read("app-manifest.json")).unwrap();
    let spelled = |key: &str| {
        let words = key.replace('_', " ");
        format!("*{}{}*", words[..1].to_uppercase(), &words[1..])
    };
    for (permission, level) in manifest["default_permissions"].as_object().unwrap() {
        let level = if level == "write" { "read and write" } else { "read" };
        assert!(readme.contains(&format!("{} {level}", spelled(permission))), "{permission} is missing");
    }
    for event in manifest["default_events"].as_array().unwrap() {
        assert!(readme.contains(&spelled(event.as_str().unwrap())), "{event} is missing");
    }
    for rule in rules::all() {
        let family = rule.entry.family().unwrap().as_str();
        assert!(readme.contains(&format!("`{family}` (")), "the family {family} is missing");
    }
    assert!(readme.contains(&format!("`{STATUS_NAME}`")));
}

#[test]
fn the_job_for_ci_installs_what_it_runs() {
    let jobs = blocks(&read("README.md"), "yaml").concat();
    let at = |text: &str| jobs.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("cargo +1.95 install") < at("red-panda check"));
    let rust = regex::Regex::new(r#"rust-version\s*=\s*"([^"]+)""#).unwrap();
    assert_eq!(&rust.captures(&read("Cargo.toml")).unwrap()[1], "1.95");
}

#[test]
fn compose_hands_on_every_setting_of_a_forge() {
    let handed: BTreeSet<String> = compose()["red-panda"].keys().cloned().collect();
    for forge in ["GITHUB", "FORGEJO"] {
        for key in ["KIND", "URL", "WEBHOOK_SECRET", "REPOSITORIES", "BOT_LOGIN"] {
            assert!(handed.contains(&format!("RED_PANDA_FORGE_{forge}_{key}")), "{forge} {key}");
        }
    }
}

/// Service → (variable in the container, else the line → variable of `.env`, where it comes from there).
fn compose() -> BTreeMap<String, BTreeMap<String, Option<String>>> {
    let text = read("deploy/docker-compose.yaml");
    let interpolated = regex::Regex::new(r"[^$]\$\{(\w+)").unwrap();
    let mut services: BTreeMap<String, BTreeMap<String, Option<String>>> = BTreeMap::new();
    let mut service = String::new();
    for line in text.lines().skip_while(|l| *l != "services:").take_while(|l| *l != "volumes:") {
        if let Some(name) = line.strip_prefix("  ").filter(|l| l.starts_with(|c: char| c.is_alphabetic())) {
            service = name.trim_end_matches(':').to_owned();
        }
        let from = interpolated.captures(line).map(|found| found[1].to_owned());
        let key = line.strip_prefix("      - ").and_then(|entry| entry.split_once('=')).map(|(key, _)| key);
        if key.is_some() || from.is_some() {
            services.entry(service.clone()).or_default().insert(key.unwrap_or(line).to_owned(), from);
        }
    }
    services
}

/// `.env.example`: variable → its value and who is said to consume it.
fn example() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let text = read("deploy/.env.example");
    let mut consumers = BTreeSet::new();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("# Consumed by: ") {
            consumers = names.split(", ").map(str::to_owned).collect();
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            found.insert(key.to_owned(), (value.to_owned(), consumers.clone()));
        }
    }
    found
}

#[test]
fn the_env_example_says_who_consumes_what() {
    let mut consumers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (service, variables) in compose() {
        for from in variables.into_values().flatten() {
            consumers.entry(from).or_default().insert(service.clone());
        }
    }
    let told: BTreeMap<_, _> = example().into_iter().map(|(key, (_, names))| (key, names)).collect();
    assert_eq!(told, consumers);
}

#[test]
fn the_server_understands_what_compose_hands_it() {
    let values = example();
    let handed: Environment = compose()["red-panda"]
        .iter()
        .filter_map(|(key, from)| Some((key.clone(), values[from.as_ref()?].0.clone())))
        .collect();
    let refused = settings(None, &handed).unwrap_err().to_string();
    assert!(refused.contains("RED_PANDA_ADMIN_TOKEN") && refused.contains("openssl rand"), "{refused}");
    let mut filled = handed;
    filled.insert("RED_PANDA_ADMIN_TOKEN".into(), "5b0e0f9d4c1a4f0e8d62".into());
    let forge =
        [("KIND", "gitea"), ("URL", "https://git.example.org"), ("REPOSITORIES", "alice/*,gardeners/trees")];
    for (key, value) in forge.into_iter().chain([("TOKEN", "0c4f7d"), ("WEBHOOK_SECRET", "9e31aa")]) {
        let known = filled.insert(format!("RED_PANDA_FORGE_FORGEJO_{key}"), value.to_owned());
        assert_eq!(known.as_deref(), Some(""), "compose hands {key} on");
    }
    let settings = settings(None, &filled).unwrap();
    assert_eq!(settings.forges.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["forgejo"]);
    let told: BTreeSet<String> = settings_rows().into_iter().flat_map(|(_, variables)| variables).collect();
    for key in compose()["red-panda"].keys().filter(|key| *key != "RUST_LOG") {
        let pattern = key.replace("_GITHUB_", "_<NAME>_").replace("_FORGEJO_", "_<NAME>_");
        assert!(told.contains(&pattern), "{key} is no setting");
    }
}

#[test]
fn every_pitfall_has_a_test_that_bears_its_number_and_no_number_is_without_its_pitfall() {
    let row = regex::Regex::new(r"(?m)^\| P(\d+) \|").unwrap();
    let page = read("docs/pitfalls.md");
    let told: BTreeSet<u32> = row.captures_iter(&page).map(|c| c[1].parse().unwrap()).collect();
    let test = regex::Regex::new(r"fn p(\d+)_").unwrap();
    let sources = below("src").into_iter().chain(below("tests")).filter(|path| path.ends_with(".rs"));
    let texts: Vec<String> = sources.map(|path| read(&path)).collect();
    let borne: BTreeSet<u32> =
        texts.iter().flat_map(|text| test.captures_iter(text)).map(|c| c[1].parse().unwrap()).collect();
    assert_eq!(borne, told);
}

#[test]
fn the_image_is_built_from_every_target_of_the_manifest() {
    let (manifest, image) = (read("Cargo.toml"), read("deploy/Dockerfile"));
    let context = read("deploy/Dockerfile.dockerignore");
    for (target, folder) in [("[[bin]]", "src"), ("[[test]]", "tests"), ("[[bench]]", "benches")] {
        assert!(manifest.contains(target), "{target} is gone: so may its folder");
        assert!(
            image.contains(&format!("COPY {folder} {folder}\n")),
            "cargo does not build without {folder}"
        );
        assert!(context.contains(&format!("!{folder}\n")), "the context lacks {folder}");
    }
}

#[test]
fn our_own_deployment_passes_our_own_check() {
    let mut paths = below("deploy");
    paths.push(".gitignore".to_owned());
    let texts: Vec<(String, String)> = paths.iter().map(|path| (path.clone(), read(path))).collect();
    let head: Vec<(&str, &str)> = texts.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let judgement = Sample::new(&[], &head).judge();
    assert_eq!(judgement.files, paths.len());
    let wrong = judgement.findings.iter().map(|r| &r.finding).filter(|f| f.severity == Severity::Error);
    let wrong: Vec<String> =
        wrong.map(|f| format!("{} {:?}: {}", f.code, f.place.path(), f.headline)).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(judgement.not_looked_at, Vec::new());
}
