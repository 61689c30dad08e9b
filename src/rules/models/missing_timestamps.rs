use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, Severity, code};
use crate::project::django::models::Inherited;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD002,
    page: include_str!("missing_timestamps.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// A field that every model has.
struct Stamp {
    name: &'static str,
    option: &'static str,
    /// What others call it.
    elsewhere: &'static [&'static str],
    /// How such a name may end: `djstripe_created`.
    endings: &'static [&'static str],
}

const STAMPS: [Stamp; 2] = [
    Stamp {
        name: "created_at",
        option: "auto_now_add",
        elsewhere: &[
            "created",
            "created_on",
            "created_date",
            "created_time",
            "created_datetime",
            "creation_date",
            "creation_time",
            "date_created",
            "date_added",
            "date_joined",
            "datetime_created",
            "added",
            "added_at",
            "time_created",
            "timestamp",
        ],
        endings: &["_created"],
    },
    Stamp {
        name: "updated_at",
        option: "auto_now",
        elsewhere: &[
            "updated",
            "updated_on",
            "updated_date",
            "update_date",
            "date_updated",
            "last_updated",
            "modified",
            "modified_at",
            "modified_on",
            "modified_date",
            "modification_date",
            "date_modified",
            "datetime_modified",
            "last_modified",
            "changed",
            "changed_at",
        ],
        endings: &["_updated", "_modified"],
    },
];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !model.is_concrete() || model.is_decorated() || model.joins_a_table()? {
        return Ok(());
    }
    let mut lacking = Vec::new();
    for stamp in &STAMPS {
        if model.has(stamp.name)? == Inherited::Missing {
            lacking.push(stamp);
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let names = model.all_field_names()?;
    let others: Vec<&str> = lacking.iter().filter_map(|stamp| elsewhere(stamp, &names)).collect();
    let missing = lacking.iter().map(|stamp| code(stamp.name)).collect::<Vec<_>>().join(" and no ");
    let consequence = match others.as_slice() {
        [] => format!("Nobody can tell when a row of {} was made or last changed.", code(model.name())),
        others => {
            let others = others.iter().map(|name| code(name)).collect::<Vec<_>>().join(" and ");
            format!("It has {others} instead: code that sorts or filters models by {missing} fails on it.")
        }
    };
    let said = out
        .say(
            &model.node().name,
            model.name(),
            "no timestamps",
            format!("Model {} has no {missing}", code(model.name())),
            consequence,
        )
        .because_of(model.node())
        .severity(severity(model, lacking.len(), others.len()));
    match edit(model, &lacking).filter(|_| others.is_empty()) {
        Some(edit) => said.edit(
            FixSafety::Ask,
            "Right for a new table; for one that has rows `makemigrations` asks what they get: answer `timezone.now`.",
            vec![edit],
        ),
        None if lacking.len() == others.len() => {
            said.fix("Rename what it has: `migrations.RenameField` keeps the times.")
        }
        None => said.fix(in_words(&lacking)),
    };
    Ok(())
}

fn severity(model: &Model<'_>, lacking: usize, others: usize) -> Severity {
    let is_user = model.lineage.derives_from(&["django.contrib.auth.models.AbstractUser"]);
    if is_user || lacking == others { Severity::Warning } else { Severity::Error }
}

/// The field of the model that does the same under another name.
fn elsewhere<'n>(stamp: &Stamp, names: &'n BTreeSet<String>) -> Option<&'n str> {
    let is_meant = |name: &&String| {
        stamp.elsewhere.contains(&name.as_str()) || stamp.endings.iter().any(|end| name.ends_with(end))
    };
    names.iter().find(is_meant).map(String::as_str)
}

fn in_words(lacking: &[&Stamp]) -> String {
    let fields = lacking.iter().map(|stamp| line("models.", stamp));
    format!("Write {}.", fields.map(|line| code(&line)).collect::<Vec<_>>().join(" and "))
}

/// The fields, below the model's last one.
fn edit(model: &Model<'_>, lacking: &[&Stamp]) -> Option<Edit> {
    let last = model.fields().last()?;
    let models = model.home_of(last)?;
    let blanks = model.module.indentation(&last.at)?;
    let lines = lacking.iter().map(|stamp| format!("{blanks}{}", line(models, stamp)));
    Some(model.file.insert_below(last.call, &lines.collect::<Vec<_>>().join("\n")))
}

fn line(models: &str, stamp: &Stamp) -> String {
    format!("{} = {models}DateTimeField({}=True)", stamp.name, stamp.option)
}
