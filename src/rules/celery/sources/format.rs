//! How a file is read: by its name; where the name says nothing, by its first line.

use crate::project::env::env_files;
use crate::rules::celery::broker_url::Purpose;
use crate::rules::celery::holes::Syntax;
use crate::source::tree::{file_name, folder};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Python,
    Env,
    /// JSON too, which YAML reads.
    Yaml,
    Docs,
    /// Line by line: scripts, unit files, templates of anything.
    Lines(Syntax),
}

impl Format {
    pub(super) fn by_name(path: &str) -> Option<Self> {
        let written = file_name(path).to_ascii_lowercase();
        let is_template =
            [".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", "-tpl"].iter().any(|end| written.ends_with(end));
        let name = without_marks(&written);
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if env_files::is_shell(path) {
            Some(Self::Lines(Syntax::Shell))
        } else if env_files::role(path).is_some() && !ends(&[".j2", ".md"]) {
            Some(Self::Env)
        } else if is_template {
            Some(Self::Lines(Syntax::Jinja))
        } else if ends(&[".py", ".pyi"]) {
            Some(Self::Python)
        } else if ends(&[".yml", ".yaml", ".json", ".jsonc", ".json5", ".config"]) {
            Some(Self::Yaml)
        } else if ends(&[".md", ".rst", ".txt", ".markdown", ".adoc"]) || is_prose(path) {
            Some(Self::Docs)
        } else if ends(&[".toml", ".properties", ".tf", ".tfvars", ".hcl"]) {
            Some(Self::Lines(Syntax::Jinja))
        } else if ends(&[".sh", ".bash", ".zsh", ".fish", ".mk", ".dockerfile"]) || is_recipe(name) {
            Some(Self::Lines(Syntax::Shell))
        } else if ends(&[".service"]) {
            Some(Self::Lines(Syntax::Systemd))
        } else if ends(&[".ini", ".cfg", ".conf"]) {
            Some(Self::Lines(Syntax::Percent))
        } else if name.contains(".py.") {
            Some(Self::Python)
        } else {
            None
        }
    }

    /// The same once the text is known: only its sections tell a file of supervisor.
    pub(super) fn with_text(self, text: &str) -> Self {
        const SECTIONS: [&str; 5] =
            ["[program:", "[supervisord]", "[eventlistener:", "[fcgi-program:", "[group:"];
        let is_section = |line: &str| SECTIONS.iter().any(|section| line.starts_with(section));
        match self {
            Self::Lines(Syntax::Percent) if text.lines().any(is_section) => Self::Lines(Syntax::Supervisor),
            other => other,
        }
    }

    /// A file whose name says nothing ([`is_bare`]): a script by its first line, else lines of `KEY=value`.
    pub(super) fn by_first_line(text: &str) -> Option<Self> {
        let Some(interpreter) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else {
            return Some(Self::Env);
        };
        match interpreter {
            python if python.contains("python") => Some(Self::Python),
            shell if shell.contains("sh") => Some(Self::Lines(Syntax::Shell)),
            _ => None,
        }
    }
}

pub(super) fn is_json(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    [".json", ".jsonc", ".json5"].iter().any(|end| without_marks(&name).ends_with(end))
}

/// `entrypoint`, `.envs/.local/.django`, `env.d/development.dist`: a name without an extension.
pub(super) fn is_bare(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    !without_marks(&name).trim_start_matches('.').contains('.')
}

/// `settings.py` of `settings.py.dev.example`: without the words that only say which of several files it is.
fn without_marks(name: &str) -> &str {
    const MARKS: [&str; 14] = [
        "example", "examples", "sample", "template", "dist", "default", "defaults", "orig", "bak", "in",
        "dev", "prod", "local", "test",
    ];
    let mut rest = name;
    while let Some((stem, mark)) = rest.rsplit_once(['.', '-']).filter(|(stem, _)| !stem.is_empty()) {
        if !MARKS.contains(&mark) {
            break;
        }
        rest = stem;
    }
    rest
}

/// `README`, `INSTALL`: a name in capitals.
fn is_prose(path: &str) -> bool {
    file_name(path).bytes().all(|b| b.is_ascii_uppercase())
}

/// `Dockerfile.dev`, `Makefile`
fn is_recipe(name: &str) -> bool {
    ["dockerfile", "containerfile", "procfile"].iter().any(|start| name.starts_with(start))
        || matches!(name, "makefile" | "justfile")
}

pub(super) fn purpose(path: &str) -> Purpose {
    if Format::by_name(path) == Some(Format::Docs) {
        return Purpose::Docs;
    }
    let name = file_name(path);
    let in_tests = folder(path).split('/').any(|part| matches!(part, "test" | "tests"));
    let python = name.ends_with(".py");
    let is_test = python
        && (name.starts_with("test_")
            || name.ends_with("_test.py")
            || matches!(name, "tests.py" | "conftest.py" | "factories.py"));
    if is_test || (python && in_tests) { Purpose::Test } else { Purpose::Code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_a_file_is_read() {
        let shell = Format::Lines(Syntax::Shell);
        let lines = Format::Lines(Syntax::Jinja);
        for (path, format) in [
            ("config/settings.py", Some(Format::Python)),
            ("conf/local_settings.py.example", Some(Format::Python)),
            ("conf/local.py-dist", Some(Format::Python)),
            ("settings/config.py.dev.examples", Some(Format::Python)),
            ("settings/local_settings.py.docker_compose", Some(Format::Python)),
            ("docker-compose.yml.example", Some(Format::Yaml)),
            ("aws/task.json", Some(Format::Yaml)),
            ("conf/app.cfg.sample", Some(Format::Lines(Syntax::Percent))),
            ("deploy/worker.service", Some(Format::Lines(Syntax::Systemd))),
            ("pyproject.toml", Some(lines)),
            ("templates/settings.py.j2", Some(lines)),
            ("docker/Dockerfile.dev", Some(shell)),
            ("local.sh", Some(shell)),
            ("README", Some(Format::Docs)),
            ("docker/entrypoint", None),
            ("static/app.js", None),
        ] {
            assert_eq!(Format::by_name(path), format, "{path}");
        }
    }

    #[test]
    fn a_bare_name_leaves_it_to_the_first_line() {
        for path in ["docker/entrypoint", ".envs/.local/.django", "env.d/development.dist", "env_file_app"] {
            assert!(is_bare(path) && Format::by_name(path).is_none(), "{path}");
        }
        assert!(!is_bare("static/app.js"));
        assert_eq!(Format::by_first_line("#!/usr/bin/env bash\n"), Some(Format::Lines(Syntax::Shell)));
        assert_eq!(Format::by_first_line("#!/usr/bin/env python3\n"), Some(Format::Python));
        assert_eq!(Format::by_first_line("#!/usr/bin/perl\n"), None);
        assert_eq!(Format::by_first_line("A=b\n"), Some(Format::Env));
    }
}
