//! Broker URLs in YAML: compose files, Kubernetes manifests, workflows, Ansible variables.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine;

use crate::project::broker::starts_like_broker;
use crate::project::env::env_files::is_compose_file;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::Role;
use crate::syntax::yaml::{Node, Style, Value, Yaml};

use super::commands::{Written, in_words, mentions_celery, option_role, takes_commands};
use super::file::{Candidate, File};
use super::lines::in_line;

pub(super) fn urls(file: &File<'_>, yaml: &Yaml) -> Vec<BrokerUrl> {
    let syntax = syntax(file, yaml);
    // A template of YAML is no YAML: its lines can still be read.
    if yaml.broken_at().is_some() {
        let text = file.text.lines().flat_map(|(number, line)| {
            let start = file.text.line_bytes(number).start;
            in_line(file, start..start + line.len(), syntax)
        });
        return text.collect();
    }
    let mut walk = Walk { file, syntax, keys: Vec::new(), option: None, encoded: false, found: Vec::new() };
    for document in yaml.documents() {
        let is_secret = document.get("kind").and_then(|kind| kind.scalar()) == Some("Secret");
        walk.encoded = is_secret;
        walk.node(document);
    }
    walk.found
}

/// Who fills in this file.
fn syntax(file: &File<'_>, yaml: &Yaml) -> Syntax {
    let path = file.path;
    let text = file.text.as_str();
    let has_root =
        |key: &str| yaml.documents().iter().any(|d| d.get(key).is_some_and(|value| value.is_mapping()));
    let workflows = [
        ".github/",
        ".gitea/",
        ".forgejo/",
        ".circleci/",
        ".gitlab-ci",
        ".woodpecker",
        ".drone.yml",
        ".travis.yml",
        "bitbucket-pipelines",
        "azure-pipelines",
    ];
    if workflows.iter().any(|start| path.starts_with(start)) {
        Syntax::Workflow
    } else if is_compose_file(path) || (has_root("services") && !text.contains("{{")) {
        if text.contains("{{") { Syntax::Jinja } else { Syntax::Compose }
    } else if text.contains("{{") {
        let is_chart = path.split('/').any(|part| part == "templates" || part == "charts");
        if is_chart && !path.contains("roles/") { Syntax::Helm } else { Syntax::Jinja }
    } else if text.contains("apiVersion:") && text.contains("kind:") {
        Syntax::Kubernetes
    } else {
        Syntax::Literal
    }
}

struct Walk<'f> {
    file: &'f File<'f>,
    syntax: Syntax,
    keys: Vec<String>,
    /// What the option before an item of a command says of it: of `["celery", "-b", "…"]` the last.
    option: Option<Role>,
    /// In a Kubernetes Secret: `data` is base64.
    encoded: bool,
    found: Vec<BrokerUrl>,
}

impl Walk<'_> {
    /// Every node once, where it is written: aliases are not followed.
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Mapping(entries) => {
                let text = |name: &str| {
                    entries.iter().find(|e| e.key.scalar() == Some(name)).and_then(|e| e.value.scalar())
                };
                // `- name: KEY, value: …` of Kubernetes and its relatives.
                let named = text("name").filter(|_| text("value").is_some()).map(str::to_owned);
                for entry in entries {
                    let key = entry.key.scalar().unwrap_or("");
                    let key = match &named {
                        Some(name) if key == "value" => name.as_str(),
                        _ => key,
                    };
                    self.keys.push(key.to_owned());
                    self.node(&entry.value);
                    self.keys.pop();
                }
            }
            Value::Sequence(items) => self.items(items),
            Value::Scalar { text, style } => self.scalar(node, text, *style),
            Value::Alias { .. } => {}
        }
    }

    /// Items that may be the words of a command: `["sh", "-c", "celery …"]`.
    fn items(&mut self, items: &[Arc<Node>]) {
        let outer = self.syntax;
        let is_celery = items.iter().any(|item| item.scalar().is_some_and(mentions_celery));
        let mut before = "";
        for item in items {
            let is_command = takes_commands(before) || before == "CMD-SHELL";
            self.syntax = if is_command { outer.in_shell() } else { outer };
            let text = item.scalar().unwrap_or("");
            let own = text.split_once('=').map_or("", |(option, _)| option);
            let option = option_role(before, is_celery).or(option_role(own, is_celery));
            self.option = option.filter(|_| item.scalar().is_some());
            self.node(item);
            before = text;
        }
        (self.syntax, self.option) = (outer, None);
    }

    fn scalar(&mut self, node: &Node, text: &str, style: Style) {
        let key = self.keys.last().map_or("", String::as_str);
        let in_data = self.encoded && self.keys.first().is_some_and(|first| first == "data");
        if in_data {
            return self.decoded(node, text);
        }
        let role = self.option.filter(|_| !text.starts_with('-')).unwrap_or_else(|| self.file.role(key));
        let bytes = inner(node, style);
        if starts_like_broker(text.trim_start_matches([' ', '"', '\'']))
            || text.starts_with("${")
            || role != Role::Unknown
        {
            // A block scalar's last line end is YAML's.
            let value = if style == Style::Block { text.trim_end_matches('\n') } else { text };
            return self.add(self.keys.clone(), role, value, bytes);
        }
        // `- KEY=value` of compose.
        if let Some((name, value)) = text.split_once('=').filter(|(name, _)| is_name(name)) {
            let role = self.option.unwrap_or_else(|| self.file.role(name));
            // Compose keeps the quotes; everyone else hands the line to a shell.
            let is_quoted = value.starts_with(['"', '\'']) && self.syntax != Syntax::Compose;
            if is_quoted || (is_set_for_command(value) && !self.keys.iter().any(|key| key == "environment")) {
                return self.command(node, text, style);
            }
            if starts_like_broker(value) || value.starts_with("${") || role != Role::Unknown {
                let mut keys = self.keys.clone();
                keys.push(name.to_owned());
                let start = (bytes.start + name.len() + 1).min(bytes.end);
                return self.add(keys, role, value, start..bytes.end);
            }
        }
        if text.contains("://") {
            self.command(node, text, style);
        }
    }

    /// A command line, on one line or in a block.
    fn command(&mut self, node: &Node, text: &str, style: Style) {
        let syntax = match self.syntax {
            Syntax::Literal => Syntax::Shell,
            other => other,
        };
        let source = self.file.text.as_str();
        let bytes = inner(node, style);
        let is_verbatim = style == Style::Block || source.get(bytes.clone()) == Some(text);
        let (text, start) = if is_verbatim {
            (source.get(bytes.clone()).unwrap_or(""), Some(bytes.start))
        } else {
            (text, None)
        };
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let written = match start {
                Some(start) => {
                    Written::at(self.file, start + at..start + at + line.trim_end_matches('\n').len())
                }
                None => Written::decoded(line, bytes.clone()),
            };
            self.found.extend(in_words(self.file, &written, syntax, &self.keys));
            at += line.len();
        }
    }

    /// base64 of a Kubernetes Secret: read in memory, shown nowhere.
    fn decoded(&mut self, node: &Node, text: &str) {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok();
        let Some(value) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else { return };
        let role = self.file.role(self.keys.last().map_or("", String::as_str));
        let found = Candidate {
            keys: self.keys.clone(),
            role,
            syntax: Syntax::Literal,
            value,
            bytes: node.bytes.clone(),
            origin: Origin::Other,
        };
        self.found.extend(self.file.url(found));
    }

    fn add(&mut self, keys: Vec<String>, role: Role, value: &str, bytes: Range<usize>) {
        let (syntax, value) = (self.syntax, value.to_owned());
        self.found.extend(self.file.url(Candidate {
            keys,
            role,
            syntax,
            value,
            bytes,
            origin: Origin::Other,
        }));
    }
}

/// `URL celery -A config worker`: the variable is set for a command.
fn is_set_for_command(value: &str) -> bool {
    value
        .split_once(' ')
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && !rest.contains('@'))
}

/// A scalar's bytes without its quotes.
fn inner(node: &Node, style: Style) -> Range<usize> {
    match style {
        Style::Single | Style::Double if node.bytes.len() >= 2 => node.bytes.start + 1..node.bytes.end - 1,
        _ => node.bytes.clone(),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
