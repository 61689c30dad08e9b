//! `.red-panda.toml`: read strictly. An unknown key or a bad value is a fault that names file, key and line; nothing is
//! ever ignored.

use std::ops::Range;

use toml_edit::{Document, Item, Table, TableLike, Value};

use crate::model::catalogue::{self, ALWAYS_ON, Family};
use crate::model::finding::{Severity, is_invisible};
use crate::model::nearest::nearest;
use crate::model::policy::{DeployedPolicy, MAX_COMMENTS, Policy, Profile, RuleSetting};

/// What is wrong with a policy, where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PolicyFault {
    /// 1-based.
    pub line: u32,
    /// One sentence without a full stop.
    pub message: String,
}

/// Longest list of globs or branches that is read.
const MAX_LIST: usize = 1_000;

type Result<T> = std::result::Result<T, PolicyFault>;

/// Reads a policy. `built` tells which rule codes this version has; others of the catalogue are noted.
pub fn parse(text: &str, built: &[&str]) -> Result<Policy> {
    let document = Document::parse(text).map_err(|error| PolicyFault {
        line: line_of(text, error.span()),
        message: without_controls(first_line(error.message())),
    })?;
    let reader = Reader { text };
    let mut policy = Policy::default();
    for (key, item) in document.as_table() {
        match key {
            "profile" => policy.profile = reader.profile(document.as_table(), key, item)?,
            "exclude" => policy.exclude = reader.globs(document.as_table(), key, item)?,
            "rules" => reader.rules(reader.table(document.as_table(), key, item)?, built, &mut policy)?,
            "deployed" => {
                policy.deployed = reader.deployed(reader.table(document.as_table(), key, item)?)?
            }
            "review" => {
                policy.max_comments = reader.review(reader.table(document.as_table(), key, item)?)?
            }
            _ => {
                return Err(reader.unknown(
                    document.as_table(),
                    key,
                    &["profile", "exclude", "rules", "deployed", "review"],
                ));
            }
        }
    }
    Ok(policy)
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn table<'t>(&self, parent: &Table, key: &str, item: &'t Item) -> Result<&'t Table> {
        item.as_table().ok_or_else(|| self.fault(parent, key, format!("\"{key}\" is a table: write [{key}]")))
    }

    fn profile(&self, parent: &Table, key: &str, item: &Item) -> Result<Profile> {
        match item.as_str() {
            Some("standard") => Ok(Profile::Standard),
            Some("essentials") => Ok(Profile::Essentials),
            _ => Err(self.fault(parent, key, "\"profile\" is \"standard\" or \"essentials\"".to_owned())),
        }
    }

    fn globs(&self, parent: &Table, key: &str, item: &Item) -> Result<Vec<String>> {
        let globs = self.strings(parent, key, item)?;
        match globs.iter().find_map(|glob| globset::Glob::new(glob).err()) {
            Some(error) => Err(self.fault(
                parent,
                key,
                format!("\"{key}\" holds a glob that does not parse: {}", error.kind()),
            )),
            None => Ok(globs),
        }
    }

    fn strings(&self, parent: &Table, key: &str, item: &Item) -> Result<Vec<String>> {
        let strings = item
            .as_array()
            .map(|array| array.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        match strings {
            Some(Some(strings)) if strings.len() <= MAX_LIST => Ok(strings),
            Some(Some(_)) => {
                Err(self.fault(parent, key, format!("\"{key}\" has more than {MAX_LIST} entries")))
            }
            _ => Err(self.fault(parent, key, format!("\"{key}\" is a list of strings"))),
        }
    }

    fn string(&self, parent: &Table, key: &str, item: &Item) -> Result<String> {
        let text = item.as_str().filter(|s| !s.trim().is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| self.fault(parent, key, format!("\"{key}\" is a string that is not empty")))
    }

    fn rules(&self, table: &Table, built: &[&str], policy: &mut Policy) -> Result<()> {
        for (key, item) in table {
            let setting = self.rule_setting(table, key, item)?;
            if let Some(family) = Family::parse(key) {
                policy.families.insert(family.as_str().to_owned(), setting);
                continue;
            }
            let Some(entry) = catalogue::find(key) else { return Err(self.unknown_rule(table, key)) };
            self.may_lower(table, key, entry, &setting)?;
            if !built.contains(&entry.code) {
                policy.notes.push(format!("{} is set in the policy and is not built yet", entry.code));
            }
            if policy.rules.insert(entry.code.to_owned(), setting).is_some() {
                return Err(self.fault(
                    table,
                    key,
                    format!("{} is set twice, by its code and by its name", entry.code),
                ));
            }
        }
        self.families_may_lower(table, policy)
    }

    /// A family takes its error rules along, but for those that are set by themselves.
    fn families_may_lower(&self, table: &Table, policy: &Policy) -> Result<()> {
        for (key, _) in table {
            let Some(family) = Family::parse(key) else { continue };
            let setting = policy.families.get(family.as_str());
            let lowers = setting.is_some_and(|s| s.severity != Some(Severity::Error) && s.reason.is_none());
            let lowered = catalogue::CATALOGUE.iter().find(|entry| {
                entry.severity == Severity::Error
                    && Family::of_code(entry.code) == Some(family)
                    && !ALWAYS_ON.contains(&entry.code)
                    && !policy.rules.contains_key(entry.code)
            });
            if let Some(entry) = lowered.filter(|_| lowers) {
                let word = word(setting.and_then(|s| s.severity));
                let code = entry.code;
                return Err(self.fault(table, key, format!("\"{key}\" takes {code}, an error rule, below error without a reason; write {key} = {{ severity = \"{word}\", reason = \"…\" }}")));
            }
        }
        Ok(())
    }

    fn rule_setting(&self, table: &Table, key: &str, item: &Item) -> Result<RuleSetting> {
        let name = shown(key);
        if let Some(word) = item.as_str() {
            return Ok(RuleSetting { severity: self.severity(table, key, &name, word)?, reason: None });
        }
        let Some(inline) = item.as_table_like() else {
            return Err(self.fault(table, key, format!("\"{name}\" is \"off\", \"advice\", \"warning\", \"error\" or {{ severity = …, reason = \"…\" }}")));
        };
        let (mut severity, mut reason) = (None, None);
        for (inner, value) in inline.iter() {
            let text = value.as_value().and_then(Value::as_str);
            match (inner, text) {
                ("severity", Some(word)) => severity = Some(self.severity(inline, inner, &name, word)?),
                ("reason", Some(text)) if !text.trim().is_empty() => reason = Some(text.trim().to_owned()),
                ("severity" | "reason", _) => {
                    return Err(self.fault(
                        inline,
                        inner,
                        format!("\"{inner}\" of {name} is a string that is not empty"),
                    ));
                }
                _ => {
                    let unknown = shown(inner);
                    return Err(self.fault(
                        inline,
                        inner,
                        format!("unknown key \"{unknown}\" of {name}; it takes \"severity\" and \"reason\""),
                    ));
                }
            }
        }
        match severity {
            Some(severity) => Ok(RuleSetting { severity, reason }),
            None => Err(self.fault(table, key, format!("{name} lacks its \"severity\""))),
        }
    }

    /// `key` says where the word stands, `name` what it is about.
    fn severity(&self, table: &dyn TableLike, key: &str, name: &str, word: &str) -> Result<Option<Severity>> {
        match word {
            "off" => Ok(None),
            "advice" => Ok(Some(Severity::Advice)),
            "warning" => Ok(Some(Severity::Warning)),
            "error" => Ok(Some(Severity::Error)),
            _ => Err(self.fault(
                table,
                key,
                format!("{name} is \"off\", \"advice\", \"warning\" or \"error\""),
            )),
        }
    }

    /// Taking an error rule below error needs a reason; three rules cannot be turned off at all.
    fn may_lower(
        &self,
        table: &Table,
        key: &str,
        entry: &catalogue::Entry,
        setting: &RuleSetting,
    ) -> Result<()> {
        if ALWAYS_ON.contains(&entry.code) && setting.severity != Some(Severity::Error) {
            return Err(self.fault(
                table,
                key,
                format!(
                    "{} cannot be lowered or turned off; take single paths out with \"exclude\"",
                    entry.code
                ),
            ));
        }
        if entry.severity == Severity::Error
            && setting.severity != Some(Severity::Error)
            && setting.reason.is_none()
        {
            let word = word(setting.severity);
            let code = entry.code;
            return Err(self.fault(table, key, format!("{code} is an error rule and is taken below error without a reason; write {code} = {{ severity = \"{word}\", reason = \"…\" }}")));
        }
        Ok(())
    }

    fn deployed(&self, table: &Table) -> Result<DeployedPolicy> {
        let mut deployed = DeployedPolicy::default();
        for (key, item) in table {
            match key {
                "ref" => deployed.git_ref = Some(self.string(table, key, item)?),
                "tags" => {
                    let glob = self.string(table, key, item)?;
                    if let Err(error) = globset::Glob::new(&glob) {
                        return Err(self.fault(
                            table,
                            key,
                            format!("\"tags\" does not parse as a glob: {}", error.kind()),
                        ));
                    }
                    deployed.tags = Some(glob);
                }
                "environment" => deployed.environment = Some(self.string(table, key, item)?),
                "branches" => deployed.branches = self.strings(table, key, item)?,
                _ => return Err(self.unknown(table, key, &["ref", "tags", "environment", "branches"])),
            }
        }
        Ok(deployed)
    }

    fn review(&self, table: &Table) -> Result<usize> {
        let mut max_comments = MAX_COMMENTS;
        for (key, item) in table {
            match key {
                "max_comments" => {
                    let number = item.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= 50);
                    max_comments = number.ok_or_else(|| self.fault(table, key, "\"max_comments\" is a number from 0 to 50".to_owned()))?;
                }
                "event" if item.as_str() == Some("comment") => {}
                "approve" if item.as_bool() == Some(false) => {}
                "event" if item.as_str() == Some("request-changes") => return Err(self.fault(table, key, "event = \"request-changes\" is not available yet; leave the key out: the required status does the blocking".to_owned())),
                "approve" if item.as_bool() == Some(true) => return Err(self.fault(table, key, "approve = true is not available yet; leave the key out: the green status says it".to_owned())),
                "event" => return Err(self.fault(table, key, "\"event\" is \"comment\" or \"request-changes\"".to_owned())),
                "approve" => return Err(self.fault(table, key, "\"approve\" is true or false".to_owned())),
                _ => return Err(self.unknown(table, key, &["max_comments", "event", "approve"])),
            }
        }
        Ok(max_comments)
    }

    fn unknown(&self, table: &Table, key: &str, known: &[&str]) -> PolicyFault {
        let name = shown(key);
        let message = match nearest(&name, known.iter().copied()) {
            Some(near) => format!("unknown key \"{name}\"; did you mean \"{near}\"?"),
            None => format!("unknown key \"{name}\"; known are {}", known.join(", ")),
        };
        self.fault(table, key, message)
    }

    fn unknown_rule(&self, table: &Table, key: &str) -> PolicyFault {
        let known = catalogue::CATALOGUE
            .iter()
            .flat_map(|e| [e.code, e.name])
            .chain(Family::ALL.into_iter().map(Family::as_str));
        let name = shown(key);
        let message = match nearest(&name, known) {
            Some(near) => format!("unknown rule \"{name}\"; did you mean \"{near}\"?"),
            None => format!("unknown rule \"{name}\"; `red-panda rules list` names them all"),
        };
        self.fault(table, key, message)
    }

    /// At the key as the file has it, whatever of it the message shows.
    fn fault(&self, table: &dyn TableLike, key: &str, message: String) -> PolicyFault {
        let span = table.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()));
        PolicyFault { line: line_of(self.text, span), message: without_controls(message) }
    }
}

/// A key from a hostile file, short and without control characters.
fn shown(key: &str) -> String {
    key.chars().filter(|c| !c.is_control() && !is_invisible(*c) && *c != '`').take(60).collect()
}

/// Messages reach terminals and logs, and some quote the file.
fn without_controls(message: String) -> String {
    message.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect()
}

fn word(severity: Option<Severity>) -> String {
    severity.map_or_else(|| "off".to_owned(), |severity| severity.to_string())
}

fn line_of(text: &str, span: Option<Range<usize>>) -> u32 {
    let end = span.map_or(0, |s| s.start).min(text.len());
    text.as_bytes()[..end].iter().filter(|b| **b == b'\n').count() as u32 + 1
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("it is not valid TOML").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse(text, &["MIG004"]).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_policy_is_read() {
        let text = r#"
            profile = "essentials"
            exclude = ["legacy/**"]
            [rules]
            MIG004 = { severity = "warning", reason = "we never roll back" }
            auto-named-migration = "off"
            celery = { severity = "advice", reason = "no broker yet" }
            [deployed]
            tags = "v*"
            branches = ["production"]
            [review]
            max_comments = 5
        "#;
        let policy = parse(text, &["MIG004"]).unwrap();
        assert_eq!(policy.profile, Profile::Essentials);
        assert_eq!(policy.rules["MIG004"].severity, Some(Severity::Warning));
        assert_eq!(policy.rules["MIG011"].severity, None);
        assert_eq!(policy.families["celery"].severity, Some(Severity::Advice));
        assert_eq!(policy.deployed.tags.as_deref(), Some("v*"));
        assert_eq!(policy.max_comments, 5);
        assert_eq!(policy.notes, ["MIG011 is set in the policy and is not built yet"]);
    }

    #[test]
    fn p27_a_fault_names_line_key_and_the_likely_word() {
        assert_eq!(fault("\n\n[rulez]\n"), "line 3: unknown key \"rulez\"; did you mean \"rules\"?");
        assert_eq!(
            fault("[rules]\nMIG04 = \"off\"\n"),
            "line 2: unknown rule \"MIG04\"; did you mean \"MIG004\"?"
        );
        assert!(fault("[rules]\nMIG004 = \"off\"\n").contains("without a reason"));
        assert!(
            fault("[rules]\nENV001 = { severity = \"off\", reason = \"x\" }\n").contains("cannot be lowered")
        );
        assert!(fault("[review]\napprove = true\n").contains("not available yet"));
        assert!(fault("[review]\nevent = \"request-changes\"\n").contains("not available yet"));
        assert!(fault("exclude = [\"[\"]").starts_with("line 1: \"exclude\" holds a glob"));
        assert!(fault("profile = 3").contains("\"standard\" or \"essentials\""));
        assert!(fault("a = \n").starts_with("line 1: "));
    }

    #[test]
    fn a_family_is_taken_below_error_with_a_reason_only() {
        let said = "line 2: \"celery\" takes CEL001, an error rule, below error without a reason; \
                    write celery = { severity = \"warning\", reason = \"…\" }";
        assert_eq!(fault("[rules]\ncelery = \"warning\"\n"), said);
        assert!(fault("[rules]\nmigrations = \"off\"\n").contains("severity = \"off\", reason"));
        let reasoned = "[rules]\nmigrations = { severity = \"off\", reason = \"squashed weekly\" }\n";
        let policy = parse(reasoned, &[]).unwrap();
        assert_eq!(policy.families["migrations"].severity, None);
        assert_eq!(policy.families["migrations"].reason.as_deref(), Some("squashed weekly"));
        assert!(parse("[rules]\ncelery = \"error\"\n", &[]).is_ok());
    }

    #[test]
    fn a_family_lowers_no_error_rule_that_is_set_by_itself() {
        let errors = catalogue::CATALOGUE.iter().filter(|entry| {
            entry.severity == Severity::Error && Family::of_code(entry.code) == Family::parse("celery")
        });
        let own: String = errors.map(|entry| format!("{} = \"error\"\n", entry.code)).collect();
        assert!(parse(&format!("[rules]\ncelery = \"advice\"\n{own}"), &[]).is_ok());
        let fewer = own.split_once('\n').unwrap().1;
        assert!(parse(&format!("[rules]\ncelery = \"advice\"\n{fewer}"), &[]).is_err());
    }

    #[test]
    fn a_fault_stands_on_its_own_line_whatever_the_key_is() {
        let long = "k".repeat(70);
        assert!(fault(&format!("\n\n{long} = 1\n")).starts_with("line 3: unknown key \"kkk"));
        assert!(fault(&format!("[rules]\n\n{long} = \"off\"\n")).starts_with("line 3: unknown rule \"kkk"));
        assert!(fault("[deployed]\n\"r\\u001bef\" = \"x\"\n").starts_with("line 2: unknown key \"ref\""));
        let table = |line: &str| fault(&format!("[rules.MIG004]\nreason = \"x\"\n{line}\n"));
        assert!(table("reson = \"y\"").starts_with("line 3: unknown key \"reson\" of MIG004"));
        assert!(table("severity = \"loud\"").starts_with("line 3: MIG004 is \"off\""));
        assert!(table("severity = 3").starts_with("line 3: \"severity\" of MIG004"));
        assert!(table("").starts_with("line 1: MIG004 lacks"));
    }

    #[test]
    fn nothing_of_a_key_reaches_a_terminal_raw() {
        let key = "\"\\u001b[31mred\\u202e\"";
        for text in [
            format!("{key} = 3"),
            format!("[rules]\n{key} = 3"),
            format!("[rules]\n{key} = \"loud\""),
            format!("[rules]\n{key} = {{ reason = \"x\" }}"),
            format!("[rules]\n{key} = {{ severity = 3 }}"),
            format!("[rules]\nMIG004 = {{ {key} = \"x\" }}"),
            format!("[deployed]\n{key} = 1"),
            format!("[review]\n{key} = 1"),
            format!("{key} = 1\n{key} = 2"),
            "exclude = [\"[\\u001b-\\u0001]\"]".to_owned(),
            "a = \u{1b}[31m".to_owned(),
        ] {
            let said = fault(&text);
            assert!(!said.contains(|c: char| c.is_control() || is_invisible(c)), "{said:?}");
        }
    }
}
