//! Which readers of env files this repository uses: by the calls in its settings, and by its compose files.

use ruff_python_ast::Expr;

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, is_vendored};
use crate::source::{NotLoaded, Tree};
use crate::syntax::dotenv::EnvReader;
use crate::syntax::python::Module;

use crate::project::env::env_files::is_compose_file;
use crate::project::{Fact, Project};

/// More files than this are not read for an answer.
const MOST_MODULES: usize = 40;
const MOST_COMPOSE_FILES: usize = 12;

/// Who reads env files here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvReaders {
    /// Readers called from Python.
    python: Vec<EnvReader>,
    /// django-environ is told to strip inline comments in every call.
    pub django_environ_strips_comments: bool,
    /// Folders of compose files: the `.env` beside one is read by compose.
    compose_folders: Vec<Path>,
    /// Names of env files that compose files mention (`env_file:`).
    compose_mentions: Vec<String>,
}

impl EnvReaders {
    /// Who reads this env file, or the file that this template is copied to. What nobody is known to read: no one.
    pub fn of(&self, path: &str) -> Vec<EnvReader> {
        let name = file_name(path);
        let mut readers = if name.starts_with(".env") { self.python.clone() } else { Vec::new() };
        let beside_compose =
            name.starts_with(".env") && self.compose_folders.iter().any(|at| at == folder(path));
        let without_template =
            name.trim_end_matches(".example").trim_end_matches(".sample").trim_end_matches(".template");
        let mentioned =
            self.compose_mentions.iter().any(|mention| mention == name || mention == without_template);
        if beside_compose || mentioned {
            readers.push(EnvReader::Compose);
        }
        readers
    }

    fn learn(&mut self, module: &Module) {
        let imports = |root: &str| module.imports().any(|i| i.target.is_in(root));
        let (environ, environs) = (imports("environ"), imports("environs"));
        for call in module.calls() {
            let callee = module.qualified(&call.func).unwrap_or_default();
            let method = match &*call.func {
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => callee.last(),
            };
            let reader = match method {
                "read_env" if environ => {
                    let strips = call.arguments.find_keyword("parse_comments").is_some();
                    let first = !self.python.contains(&EnvReader::DjangoEnviron);
                    self.django_environ_strips_comments =
                        strips && (first || self.django_environ_strips_comments);
                    Some(EnvReader::DjangoEnviron)
                }
                "read_env" if environs => Some(EnvReader::PythonDotenv),
                "load_dotenv" | "dotenv_values" if callee.starts_with("dotenv") => {
                    Some(EnvReader::PythonDotenv)
                }
                "config" | "AutoConfig" | "RepositoryEnv" if callee.starts_with("decouple.") => {
                    Some(EnvReader::Decouple)
                }
                "SettingsConfigDict" if call.arguments.find_keyword("env_file").is_some() => {
                    Some(EnvReader::PythonDotenv)
                }
                _ => None,
            };
            self.python.extend(reader.filter(|r| !self.python.contains(r)));
        }
    }
}

/// Files that may read an env file: settings and what starts Django.
fn may_read_env(path: &str) -> bool {
    let name = file_name(path);
    path.ends_with(".py")
        && !is_vendored(path)
        && (matches!(name, "manage.py" | "wsgi.py" | "asgi.py" | "celery.py" | "env.py" | "conf.py")
            || name.starts_with("settings")
            || path.split('/').any(|part| part == "settings")
            || (file_name(folder(path)) == "config" && !name.starts_with("test")))
}

impl Fact for EnvReaders {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        find(project)
    }
}

fn find(project: &Project) -> Result<EnvReaders, NotLoaded> {
    let tree = project.tree()?;
    let compose = compose_files(&tree);
    let modules: Vec<&str> = tree.entries.keys().map(String::as_str).filter(|p| may_read_env(p)).collect();
    let modules = NotLoaded::all(modules.iter().take(MOST_MODULES).map(|path| project.module(path)));
    let texts = NotLoaded::all(compose.iter().take(MOST_COMPOSE_FILES).map(|path| project.text(path)));
    let (modules, texts) = crate::source::snapshot::both(modules, texts)?;
    let mut readers = EnvReaders {
        compose_folders: compose.iter().map(|path| folder(path).to_owned()).collect(),
        ..EnvReaders::default()
    };
    modules.iter().flatten().for_each(|module| readers.learn(module));
    for text in texts.iter().flatten() {
        readers.compose_mentions.extend(text.lines().filter_map(|(_, line)| mention(line)));
    }
    Ok(readers)
}

fn compose_files(tree: &Tree) -> Vec<&str> {
    tree.entries.keys().map(String::as_str).filter(|p| is_compose_file(p) && !is_vendored(p)).collect()
}

/// The file name in `env_file: ./deploy/app.env`, `- .env`, `- path: .env`.
fn mention(line: &str) -> Option<String> {
    let line = line.split(" #").next().unwrap_or("").trim();
    let value = line.trim_start_matches(['-', ' ']);
    let value = value.strip_prefix("env_file:").or_else(|| value.strip_prefix("path:")).unwrap_or(value);
    let name = file_name(value.trim().trim_matches(['"', '\'', '[', ']']));
    let is_env = name.contains("env") && !name.contains([' ', ':', '=', '$']) && !name.is_empty();
    is_env.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    fn learnt(source: &str) -> EnvReaders {
        let mut readers = EnvReaders::default();
        readers.learn(&Module::parse(&Text::new(source)));
        readers
    }

    #[test]
    fn calls_in_settings_tell_the_reader() {
        for (source, reader) in [
            (
                "import environ\nenv = environ.Env()\nenv.read_env(BASE_DIR / '.env')",
                EnvReader::DjangoEnviron,
            ),
            ("import environ\nenviron.Env.read_env()", EnvReader::DjangoEnviron),
            ("from environ import Env\nEnv.read_env()", EnvReader::DjangoEnviron),
            ("from dotenv import load_dotenv\nload_dotenv()", EnvReader::PythonDotenv),
            ("import dotenv\ndotenv.load_dotenv()", EnvReader::PythonDotenv),
            ("from decouple import config\nDEBUG = config('DEBUG')", EnvReader::Decouple),
            ("from environs import Env\nenv = Env()\nenv.read_env()", EnvReader::PythonDotenv),
        ] {
            assert_eq!(learnt(source).of("project/.env"), [reader], "{source}");
        }
    }

    #[test]
    fn an_import_alone_reads_no_file() {
        assert_eq!(learnt("import environ\nenv = environ.Env()\nDEBUG = env('DEBUG')").of(".env"), []);
        assert_eq!(learnt("from decouple import Csv").of(".env"), []);
    }

    #[test]
    fn django_environ_may_be_told_to_strip_comments() {
        assert!(
            learnt("import environ\nenviron.Env.read_env(parse_comments=True)")
                .django_environ_strips_comments
        );
        let both = "import environ\nenviron.Env.read_env(parse_comments=True)\nenviron.Env.read_env('b')";
        assert!(!learnt(both).django_environ_strips_comments);
    }

    #[test]
    fn compose_reads_what_stands_beside_it_or_is_named() {
        let readers = EnvReaders {
            compose_folders: vec![String::new()],
            compose_mentions: [
                "    env_file: ./deploy/app.env",
                "      - .env.worker",
                "  - path: \"a.env\"",
                "    environment:",
            ]
            .iter()
            .filter_map(|l| mention(l))
            .collect(),
            ..EnvReaders::default()
        };
        assert_eq!(readers.compose_mentions, ["app.env", ".env.worker", "a.env"]);
        assert_eq!(readers.of(".env.example"), [EnvReader::Compose]);
        assert_eq!(readers.of("deploy/app.env.example"), [EnvReader::Compose]);
        assert_eq!(readers.of("project/.env"), []);
    }
}
