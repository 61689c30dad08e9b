//! `.red-panda.toml`: read strictly. An unknown key or a bad value is a fault that names file, key and line; nothing is
//! ever ignored.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use crate::model::catalogue::{self, Family};
use crate::model::finding::{Severity, is_invisible};
use crate::model::glob::is_compilable;
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
    let mut policy = Policy::default();
    for field in fields(text, document.as_table()) {
        match field.key {
            "profile" => policy.profile = field.profile()?,
            "exclude" => policy.exclude = field.globs()?,
            "rules" => rules(&field.table()?, built, &mut policy)?,
            "deployed" => policy.deployed = deployed(&field.table()?)?,
            "review" => policy.max_comments = review(&field.table()?)?,
            _ => return Err(field.unknown(&["profile", "exclude", "rules", "deployed", "review"])),
        }
    }
    Ok(policy)
}

fn rules(fields: &[Field<'_>], built: &[&str], policy: &mut Policy) -> Result<()> {
    for field in fields {
        let setting = field.rule_setting()?;
        if let Some(family) = Family::parse(field.key) {
            policy.families.insert(family, setting);
            continue;
        }
        let Some(entry) = catalogue::find(field.key) else { return Err(field.unknown_rule()) };
        field.may_lower(entry, &setting)?;
        if !built.contains(&entry.code) {
            policy.notes.push(format!("{} is set in the policy and is not built yet", entry.code));
        }
        if policy.rules.insert(entry.code.to_owned(), setting).is_some() {
            return Err(field.fault(format!("{} is set twice, by its code and by its name", entry.code)));
        }
    }
    families_may_lower(fields, policy)
}

/// A family takes its error rules along, but for those that are set by themselves.
fn families_may_lower(fields: &[Field<'_>], policy: &Policy) -> Result<()> {
    for field in fields {
        let set = Family::parse(field.key).and_then(|family| policy.families.get_key_value(&family));
        let Some((family, setting)) = set else { continue };
        let lowers = setting.severity != Some(Severity::Error) && setting.reason.is_none();
        let lowered = catalogue::CATALOGUE.iter().find(|entry| {
            entry.severity == Severity::Error
                && Family::of_code(entry.code) == Some(*family)
                && !entry.always_on
                && !policy.rules.contains_key(entry.code)
        });
        if let Some(entry) = lowered.filter(|_| lowers) {
            let (key, code, word) = (field.key, entry.code, word(setting.severity));
            return Err(field.fault(format!("\"{key}\" takes {code}, an error rule, below error without a reason; write {key} = {{ severity = \"{word}\", reason = \"…\" }}")));
        }
    }
    Ok(())
}

fn deployed(fields: &[Field<'_>]) -> Result<DeployedPolicy> {
    let mut deployed = DeployedPolicy::default();
    for field in fields {
        match field.key {
            "ref" => deployed.git_ref = Some(field.string()?),
            "tags" => deployed.tags = Some(field.glob()?),
            "environment" => deployed.environment = Some(field.string()?),
            "branches" => deployed.branches = field.strings()?,
            _ => return Err(field.unknown(&["ref", "tags", "environment", "branches"])),
        }
    }
    Ok(deployed)
}

fn review(fields: &[Field<'_>]) -> Result<usize> {
    let mut max_comments = MAX_COMMENTS;
    for field in fields {
        let item = field.item;
        match field.key {
            "max_comments" => {
                let number = item.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= 50);
                max_comments = number.ok_or_else(|| field.fault("\"max_comments\" is a number from 0 to 50"))?;
            }
            "event" if item.as_str() == Some("comment") => {}
            "approve" if item.as_bool() == Some(false) => {}
            "event" if item.as_str() == Some("request-changes") => return Err(field.fault("event = \"request-changes\" is not available yet; leave the key out: the required status does the blocking")),
            "approve" if item.as_bool() == Some(true) => return Err(field.fault("approve = true is not available yet; leave the key out: the green status says it")),
            "event" => return Err(field.fault("\"event\" is \"comment\" or \"request-changes\"")),
            "approve" => return Err(field.fault("\"approve\" is true or false")),
            _ => return Err(field.unknown(&["max_comments", "event", "approve"])),
        }
    }
    Ok(max_comments)
}

/// One key with its value, and the table in which a fault finds its line.
#[derive(Clone, Copy)]
struct Field<'a> {
    text: &'a str,
    parent: &'a dyn TableLike,
    key: &'a str,
    item: &'a Item,
}

fn fields<'a>(text: &'a str, parent: &'a dyn TableLike) -> Vec<Field<'a>> {
    parent.iter().map(|(key, item)| Field { text, parent, key, item }).collect()
}

impl<'a> Field<'a> {
    fn table(&self) -> Result<Vec<Field<'a>>> {
        let table = self.item.as_table();
        let table =
            table.ok_or_else(|| self.fault(format!("\"{}\" is a table: write [{}]", self.key, self.key)))?;
        Ok(fields(self.text, table))
    }

    fn profile(&self) -> Result<Profile> {
        match self.item.as_str() {
            Some("standard") => Ok(Profile::Standard),
            Some("essentials") => Ok(Profile::Essentials),
            Some("adopting") => Ok(Profile::Adopting),
            _ => Err(self.fault("\"profile\" is \"standard\", \"essentials\" or \"adopting\"")),
        }
    }

    fn string(&self) -> Result<String> {
        let text = self.item.as_str().filter(|s| !s.trim().is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| self.fault(format!("\"{}\" is a string that is not empty", self.key)))
    }

    fn strings(&self) -> Result<Vec<String>> {
        let array = self.item.as_array();
        let strings: Option<Vec<String>> =
            array.and_then(|array| array.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        match strings {
            Some(strings) if strings.len() <= MAX_LIST => Ok(strings),
            Some(_) => Err(self.fault(format!("\"{}\" has more than {MAX_LIST} entries", self.key))),
            None => Err(self.fault(format!("\"{}\" is a list of strings", self.key))),
        }
    }

    fn glob(&self) -> Result<String> {
        let glob = self.string()?;
        self.parses(&glob)?;
        Ok(glob)
    }

    fn globs(&self) -> Result<Vec<String>> {
        let globs = self.strings()?;
        globs.iter().try_for_each(|glob| self.parses(glob))?;
        Ok(globs)
    }

    fn parses(&self, glob: &str) -> Result<()> {
        if !is_compilable(glob) {
            return Err(self.fault(format!("\"{}\" holds a glob that is too long or too deep", self.key)));
        }
        match globset::Glob::new(glob) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fault(format!(
                "\"{}\" holds a glob that does not parse: {}",
                self.key,
                error.kind()
            ))),
        }
    }

    fn rule_setting(&self) -> Result<RuleSetting> {
        let name = shown(self.key);
        if self.item.is_str() {
            return Ok(RuleSetting { severity: self.severity(&name)?, reason: None });
        }
        let Some(inline) = self.item.as_table_like() else {
            return Err(self.fault(format!("\"{name}\" is \"off\", \"advice\", \"warning\", \"error\" or {{ severity = …, reason = \"…\" }}")));
        };
        let (mut severity, mut reason) = (None, None);
        for inner in fields(self.text, inline) {
            let text = inner.item.as_str();
            match (inner.key, text) {
                ("severity", Some(_)) => severity = Some(inner.severity(&name)?),
                ("reason", Some(text)) if !text.trim().is_empty() => reason = Some(text.trim().to_owned()),
                (key @ ("severity" | "reason"), _) => {
                    return Err(inner.fault(format!("\"{key}\" of {name} is a string that is not empty")));
                }
                (unknown, _) => {
                    let unknown = shown(unknown);
                    return Err(inner.fault(format!(
                        "unknown key \"{unknown}\" of {name}; it takes \"severity\" and \"reason\""
                    )));
                }
            }
        }
        match severity {
            Some(severity) => Ok(RuleSetting { severity, reason }),
            None => Err(self.fault(format!("{name} lacks its \"severity\""))),
        }
    }

    /// `name` is the rule's, whatever the key is called.
    fn severity(&self, name: &str) -> Result<Option<Severity>> {
        match self.item.as_str() {
            Some("off") => Ok(None),
            Some("advice") => Ok(Some(Severity::Advice)),
            Some("warning") => Ok(Some(Severity::Warning)),
            Some("error") => Ok(Some(Severity::Error)),
            _ => Err(self.fault(format!("{name} is \"off\", \"advice\", \"warning\" or \"error\""))),
        }
    }

    /// Taking an error rule below error needs a reason; three rules cannot be turned off at all.
    fn may_lower(&self, entry: &catalogue::Entry, setting: &RuleSetting) -> Result<()> {
        let code = entry.code;
        let lowers = setting.severity != Some(Severity::Error);
        if entry.always_on && lowers {
            return Err(self.fault(format!(
                "{code} cannot be lowered or turned off; take single paths out with \"exclude\""
            )));
        }
        if entry.severity == Severity::Error && lowers && setting.reason.is_none() {
            let word = word(setting.severity);
            return Err(self.fault(format!("{code} is an error rule and is taken below error without a reason; write {code} = {{ severity = \"{word}\", reason = \"…\" }}")));
        }
        Ok(())
    }

    fn unknown(&self, known: &[&str]) -> PolicyFault {
        let name = shown(self.key);
        self.fault(match nearest(&name, known.iter().copied()) {
            Some(near) => format!("unknown key \"{name}\"; did you mean \"{near}\"?"),
            None => format!("unknown key \"{name}\"; known are {}", known.join(", ")),
        })
    }

    fn unknown_rule(&self) -> PolicyFault {
        let known = catalogue::CATALOGUE
            .iter()
            .flat_map(|e| [e.code, e.name])
            .chain(Family::ALL.into_iter().map(Family::as_str));
        let name = shown(self.key);
        self.fault(match nearest(&name, known) {
            Some(near) => format!("unknown rule \"{name}\"; did you mean \"{near}\"?"),
            None => format!("unknown rule \"{name}\"; `red-panda rules list` names them all"),
        })
    }

    /// At the key as the file has it, whatever of it the message shows.
    fn fault(&self, message: impl Into<String>) -> PolicyFault {
        let written = self.parent.get_key_value(self.key);
        let span = written.and_then(|(key, item)| key.span().or_else(|| item.span()));
        PolicyFault { line: line_of(self.text, span), message: without_controls(message.into()) }
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
        assert_eq!(policy.families[&Family::Celery].severity, Some(Severity::Advice));
        assert_eq!(policy.deployed.tags.as_deref(), Some("v*"));
        assert_eq!(policy.max_comments, 5);
        assert_eq!(policy.notes, ["MIG011 is set in the policy and is not built yet"]);
    }

    #[test]
    fn a_fault_names_line_key_and_the_likely_word() {
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
        assert!(fault("profile = 3").contains("\"standard\", \"essentials\" or \"adopting\""));
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
        assert_eq!(policy.families[&Family::Migrations].severity, None);
        assert_eq!(policy.families[&Family::Migrations].reason.as_deref(), Some("squashed weekly"));
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
    fn a_glob_of_any_depth_is_refused_and_never_followed() {
        let (open, closed) = ("{".repeat(500_000), "}".repeat(500_000));
        for glob in [format!("{open}a{closed}"), open, format!("a{}", "{b,c}".repeat(100_000))] {
            let said = fault(&format!("exclude = [\"{glob}\"]"));
            assert!(said.starts_with("line 1: \"exclude\" holds a glob") && said.len() < 300, "{said:.300}");
            let said = fault(&format!("[deployed]\ntags = \"{glob}\""));
            assert!(said.starts_with("line 2: \"tags\" holds a glob"), "{said:.300}");
        }
    }

    #[test]
    fn no_depth_of_a_policy_is_followed_to_its_end() {
        let deep = 50_000;
        for text in [
            format!("a = {}", "[".repeat(deep)),
            format!("a = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
            format!("{}a = 1", "a.".repeat(deep)),
            format!("[{}a]", "a.".repeat(deep)),
            format!("[[{}a]]", "a.".repeat(deep)),
            format!("[rules]\nMIG004 = {{ {}a = 1 }}", "a.".repeat(deep)),
        ] {
            assert!(fault(&text).starts_with("line "), "{text:.20}");
        }
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
