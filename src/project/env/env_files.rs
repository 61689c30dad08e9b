//! Which paths are env files, which are their templates, and which env files are safe to commit because they are
//! encrypted.

use crate::source::tree::{above, file_name, folder, join};
use crate::source::{Blob, Tree};
use crate::syntax::dotenv::{Content, EnvFile, Separator};

/// Components that make a template of an env file's name.
const TEMPLATE: [&str; 14] = [
    "example", "examples", "sample", "samples", "template", "tmpl", "tpl", "dist", "default", "defaults",
    "schema", "j2", "jinja", "jinja2",
];

/// What a path's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds values: `.env`, `.env.local`, `prod.env`, `.flaskenv`, `.envrc`.
    EnvFile,
    /// Shows which values there are: `.env.example`, `sample.env`.
    Template,
    /// An env file if its content and its neighbours agree; see [`is_env_file`].
    Perhaps(Doubt),
}

/// What is to be looked at before a path counts as an env file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// `env`: only beside a compose file, when all of it is `KEY=VALUE`.
    BesideCompose,
    /// In a folder `.env`: only when all of it is `KEY=VALUE`.
    InEnvFolder,
    /// `env.sh`: only when it exports something.
    Shell,
}

/// By the name alone, upper and lower case alike.
pub fn role(path: &str) -> Option<Role> {
    let name = file_name(path).to_ascii_lowercase();
    let says_template = |text: &str| text.split(['.', '-', '_', '~']).any(is_template_word);
    let either = |text: &str| Some(if says_template(text) { Role::Template } else { Role::EnvFile });
    if name == ".env" || name == ".envrc" || name == ".flaskenv" {
        return Some(Role::EnvFile);
    }
    if let Some(rest) = name.strip_prefix(".env").filter(|rest| rest.starts_with(['.', '-', '_', '~'])) {
        // `.env.md` explains an env file.
        return if rest.ends_with(".md") { Some(Role::Template) } else { either(rest) };
    }
    if let Some(stem) = name.strip_suffix(".env") {
        return either(stem);
    }
    if ["env.", "env-", "env_", "dotenv.", ".envrc.", ".flaskenv."]
        .iter()
        .any(|start| name.starts_with(start))
        || name.contains(".env.")
    {
        let last = name.rsplit(['.', '-', '_']).next().unwrap_or("");
        if is_template_word(last) {
            return Some(Role::Template);
        }
    }
    if name == "env.sh" || name.ends_with(".env.sh") {
        return Some(Role::Perhaps(Doubt::Shell));
    }
    if name == "env" {
        return Some(Role::Perhaps(Doubt::BesideCompose));
    }
    folder(path).split('/').any(|part| part == ".env").then_some(Role::Perhaps(Doubt::InEnvFolder))
}

fn is_template_word(word: &str) -> bool {
    TEMPLATE.contains(&word) || word.starts_with("example")
}

/// Resolves the doubt that a name leaves: by what stands beside it in one of the trees, and what is in it.
pub fn is_env_file(path: &str, trees: &[&Tree], content: Option<&EnvFile>) -> bool {
    let beside_compose = || {
        trees.iter().any(|tree| {
            tree.under(folder(path)).any(|other| folder(other) == folder(path) && is_compose_file(other))
        })
    };
    match role(path) {
        // `use flake` alone is direnv's set-up and holds no value.
        Some(Role::EnvFile) => !is_shell(path) || content.is_none_or(holds_values),
        Some(Role::Template) | None => false,
        Some(Role::Perhaps(Doubt::BesideCompose)) => {
            beside_compose() && content.is_some_and(is_all_assignments)
        }
        Some(Role::Perhaps(Doubt::InEnvFolder)) => content.is_some_and(is_all_assignments),
        Some(Role::Perhaps(Doubt::Shell)) => content.is_some_and(|file| file.assignments().any(|a| a.export)),
    }
}

/// `compose.yaml`, `docker-compose.prod.yml.j2`
pub fn is_compose_file(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let name = name.strip_suffix(".j2").unwrap_or(&name);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    let stem = stem.map(|stem| stem.strip_prefix("docker-").unwrap_or(stem));
    stem.and_then(|stem| stem.strip_prefix("compose"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// A file that a shell sources: what readers of env files make of its lines does not matter.
pub fn is_shell(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    name.starts_with(".envrc") || name.ends_with(".sh")
}

/// Does the path lie in a virtual environment, which PKG010 reports as a whole?
pub fn is_in_virtualenv(path: &str, tree: &Tree) -> bool {
    above(path).take_while(|at| !at.is_empty()).any(|at| tree.contains(&join(at, "pyvenv.cfg")))
}

/// Does the path lie among the fixtures of tests?
pub fn is_fixture(path: &str) -> bool {
    let mut parts = folder(path).split('/');
    parts.any(|part| matches!(part, "test" | "tests" | "testing" | "__tests__"))
        && parts.any(|part| matches!(part, "fixture" | "fixtures" | "testdata" | "data"))
}

fn holds_values(file: &EnvFile) -> bool {
    file.lines().iter().any(|line| line.written().is_some())
}

fn is_all_assignments(file: &EnvFile) -> bool {
    let other = file.lines().iter().any(|line| matches!(line.content, Content::Other));
    !other && file.assignments().any(|a| a.separator == Separator::Equals)
}

/// A pointer of Git LFS: the content is on the LFS server.
pub fn is_lfs_pointer(blob: &Blob) -> bool {
    blob.text().is_some_and(|text| text.as_str().starts_with("version https://git-lfs.github.com/spec/"))
}

/// Nobody can read it without a key that is not in it: git-crypt, GPG, age, ansible-vault, OpenSSL, SOPS in JSON.
pub fn is_encrypted(blob: &Blob, path: &str) -> bool {
    const TEXT: [&str; 5] = [
        "$ANSIBLE_VAULT;",
        "-----BEGIN PGP MESSAGE-----",
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "age-encryption.org/v1",
        "U2FsdGVkX1",
    ];
    const MAGIC: [&[u8]; 3] = [b"\0GITCRYPT", b"age-encryption.org/v1", b"Salted__"];
    const NAMES: [&str; 7] = [".gpg", ".pgp", ".asc", ".age", ".enc", ".encrypted", ".secret"];
    if let Blob::Text(text) = blob {
        let start = text.as_str().trim_start();
        return TEXT.iter().any(|magic| start.starts_with(magic))
            || (start.starts_with('{') && start.contains("\"sops\"") && start.contains("ENC["));
    }
    let path = path.to_ascii_lowercase();
    let magic = |bytes: &[u8]| MAGIC.iter().any(|magic| bytes.starts_with(magic));
    blob.bytes().is_some_and(|bytes| magic(&bytes) || NAMES.iter().any(|end| path.ends_with(end)))
}

/// How the keys begin that SOPS, dotenvx and dotenv-vault add to a file whose values they encrypt one by one.
const SEALS: [&str; 3] = ["sops_", "DOTENV_PUBLIC_KEY", "DOTENV_VAULT"];

/// Does one of these tools keep the file? In YAML and INI SOPS writes a section of its own instead.
pub fn is_sealed(file: &EnvFile) -> bool {
    file.lines().iter().any(|line| match &line.content {
        Content::Assignment(a) => {
            let key = file.key(a);
            let section = key == "sops" && a.separator == Separator::Colon && !a.indented;
            section || SEALS.iter().any(|mark| key.starts_with(mark))
        }
        Content::Other => file.slice(&line.bytes).trim() == "[sops]",
        _ => false,
    })
}

/// A value of a sealed file that is not readable, or a mark of the tool.
pub fn is_sealed_value(key: &str, value: &str) -> bool {
    value.starts_with("ENC[")
        || value.starts_with("encrypted:")
        || SEALS.iter().any(|mark| key.starts_with(mark))
}

/// The key that opens a dotenvx file.
pub fn is_private_key_of_sealed(key: &str) -> bool {
    key.starts_with("DOTENV_PRIVATE_KEY") || key == "DOTENV_KEY"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::Mode;
    use crate::source::{Text, TreeEntry};

    fn tree(paths: &[&str]) -> Tree {
        let entry = || TreeEntry { mode: Mode::File, blob: None, size: None };
        Tree { entries: paths.iter().map(|p| ((*p).to_owned(), entry())).collect(), truncated: false }
    }

    #[test]
    fn names_of_env_files() {
        for path in [
            ".env",
            "project/.env",
            ".ENV",
            ".env.local",
            ".env.test",
            ".env.testing",
            ".env.ci",
            ".env.development",
            ".env.prod",
            "prod.env",
            "deploy/app.env",
            ".env-prod",
            ".env_prod",
            ".envrc",
            ".flaskenv",
            ".env.keys",
            ".env.bak",
            ".env~",
            ".env.d.local",
        ] {
            assert_eq!(role(path), Some(Role::EnvFile), "{path}");
        }
    }

    #[test]
    fn names_of_templates() {
        for path in [
            ".env.example",
            ".env.prod.example",
            ".env.example.local",
            "example.env",
            "sample.env",
            ".env.template.j2",
            ".env.j2",
            ".env.dist",
            ".env.defaults",
            "default.env",
            ".env-example",
            ".env_sample",
            "app.example.env",
            "nginx.env.example",
            "env.example",
            "env-sample",
            "dotenv.template",
            ".env.md",
            ".flaskenv.example",
            ".ENV.Example",
            "hittheroad.env.sample",
        ] {
            assert_eq!(role(path), Some(Role::Template), "{path}");
        }
    }

    #[test]
    fn names_of_neither() {
        for path in [
            "environment.py",
            "env.py",
            "env.ts",
            "src/env.d.ts",
            "envStore.ts",
            ".environment",
            "config/settings.py",
            "docs/env.md",
            "environment.yml",
            ".envs",
            "myenv",
            "env.json",
            "a.env.ts",
            "",
        ] {
            assert_eq!(role(path), None, "{path}");
        }
    }

    #[test]
    fn doubt_is_resolved_by_neighbours_and_content() {
        let pairs = EnvFile::parse(&Text::new("# app\nA=1\n\nB=2\n"));
        let prose = EnvFile::parse(&Text::new("A=1\nsource bin/activate\n"));
        let compose = tree(&["docker/docker-compose.yml", "docker/env"]);
        let none = tree(&["docker/env", "docker/compose/env", "compose.yml"]);
        assert!(is_env_file("docker/env", &[&compose], Some(&pairs)));
        assert!(!is_env_file("docker/env", &[&compose], Some(&prose)));
        assert!(!is_env_file("docker/env", &[&none], Some(&pairs)));
        assert!(is_env_file(".env/production", &[&none], Some(&pairs)));
        assert!(is_env_file("app/.env/.local/.django", &[&none], Some(&pairs)));
        assert!(!is_env_file("bin/env.sh", &[&none], Some(&pairs)));
        assert!(is_env_file("bin/env.sh", &[&none], Some(&EnvFile::parse(&Text::new("export A=1")))));
    }

    #[test]
    fn compose_files() {
        for path in [
            "compose.yml",
            "docker-compose.yaml",
            "a/docker-compose.prod.yml",
            "compose.yaml.j2",
            "docker-compose-dev.yml",
        ] {
            assert!(is_compose_file(path), "{path}");
        }
        for path in ["composer.yml", "compose.json", "docker.yml", "compose"] {
            assert!(!is_compose_file(path), "{path}");
        }
    }

    #[test]
    fn a_virtualenv_is_known_by_its_marker() {
        let tree = tree(&["env/pyvenv.cfg", "env/lib/x/.env", ".env/a"]);
        assert!(is_in_virtualenv("env/lib/x/.env", &tree));
        assert!(!is_in_virtualenv(".env/a", &tree));
    }
}
