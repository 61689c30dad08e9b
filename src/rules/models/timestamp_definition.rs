use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::rules::python::{Remark, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD003,
    page: include_str!("timestamp_definition.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Words of a name that holds the time of the last save by right.
const SAVED: &[&str] = &[
    "change",
    "changed",
    "edit",
    "edited",
    "modification",
    "modified",
    "mtime",
    "refreshed",
    "saved",
    "sync",
    "synced",
    "touched",
    "update",
    "updated",
];
/// Words of a model whose rows are copies: their times are those of the originals.
const COPIES: [&str; 4] = ["historical", "history", "snapshot", "version"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields() {
        let stamp = Stamp { model, field };
        if stamp.excludes_itself(out) {
            continue;
        }
        match field.name {
            "created_at" => stamp.should_be_set_once(out),
            "updated_at" => stamp.should_follow_saves(out),
            _ => stamp.should_not_follow_saves(out),
        }
        stamp.is_assigned_in_vain(out);
    }
    Ok(())
}

struct Stamp<'m, 'a> {
    model: &'m Model<'a>,
    field: &'m ModelField<'a>,
}

impl Stamp<'_, '_> {
    fn path(&self) -> String {
        self.model.path_of(self.field)
    }

    /// https://github.com/django/django/blob/5.2/django/db/models/fields/__init__.py: `_check_mutually_exclusive_options`
    fn excludes_itself(&self, out: &mut Report<'_>) -> bool {
        let (now, add) = (self.field.is_true("auto_now"), self.field.is_true("auto_now_add"));
        let has_default = self.field.argument("default").is_some();
        let both = match (now, add, has_default) {
            (true, true, _) => ["auto_now", "auto_now_add"],
            (true, _, true) => ["auto_now", "default"],
            (_, true, true) => ["auto_now_add", "default"],
            _ => return false,
        };
        let [one, other] = both.map(code);
        out.say(
            &self.field.at,
            self.path(),
            both.join(" "),
            format!("{} has {one} and {other}", code(&self.path())),
            "`check` and `migrate` stop with `fields.E160`: only one of `auto_now`, `auto_now_add` and `default` may stand there.",
        )
        .because_of(self.field.call)
        .severity(Severity::Error)
        .fix("Keep `auto_now_add` for when the row was made, `auto_now` for its last save, `default` for what people set.");
        true
    }

    fn should_be_set_once(&self, out: &mut Report<'_>) {
        if self.field.is_true("auto_now") {
            let keyword = self.field.call.arguments.find_keyword("auto_now");
            let said = self.say(
                out,
                "auto_now=True",
                "changes with every save",
                "A row that is edited says that it was made today.",
            );
            match keyword {
                Some(keyword) => said.edit(
                    FixSafety::Ask,
                    "Right if it is to say when the row was made.",
                    vec![self.model.file.replace(keyword, "auto_now_add=True")],
                ),
                None => said.fix("Write `auto_now_add=True` in place of `auto_now=True`."),
            };
            return;
        }
        if self.is_open() || self.field.is_true("auto_now_add") && self.is_datetime() {
            return;
        }
        if !self.is_datetime() {
            self.is_no_datetime("auto_now_add", out);
        } else if let Some(now) = self.default_now() {
            let keyword = self.field.call.arguments.find_keyword("default");
            let said = self
                .say(out, "default=timezone.now", "can be set by whoever makes the row", "Forms and serializers offer it as a field, and nothing tells a real time from a typed one.")
                .severity(Severity::Advice);
            match keyword {
                Some(keyword) => said.edit(
                    FixSafety::Ask,
                    format!(
                        "Right if nothing sets it by hand: {} then takes no other value.",
                        code("auto_now_add")
                    ),
                    vec![self.model.file.replace(keyword, "auto_now_add=True")],
                ),
                None => said.fix(format!("Write `auto_now_add=True` in place of {}.", code(now))),
            };
        } else {
            self.lacks("auto_now_add", "is not set when a row is made", "Every place that makes a row has to think of it, and the one that does not is found when the time is gone.", out);
        }
    }

    fn should_follow_saves(&self, out: &mut Report<'_>) {
        if self.is_open() || self.field.is_true("auto_now") && self.is_datetime() {
            return;
        }
        if self.is_datetime() {
            self.lacks(
                "auto_now",
                "does not follow saves",
                "It keeps what it was given first, or what the last caller thought of.",
                out,
            );
        } else {
            self.is_no_datetime("auto_now", out);
        }
    }

    fn should_not_follow_saves(&self, out: &mut Report<'_>) {
        let says_saved = english::words(self.field.name).iter().any(|word| SAVED.contains(&word.as_str()));
        if says_saved || !self.field.is_true("auto_now") {
            return;
        }
        let said = self.say(
            out,
            "auto_now=True",
            "is overwritten with every save",
            "A value that somebody sets is lost, and a corrected typing mistake in another field moves the time.",
        );
        let keyword = self.field.call.arguments.find_keyword("auto_now");
        match keyword.filter(|_| self.is_datetime() && self.knows_timezone()) {
            Some(keyword) => said.edit(
                FixSafety::Ask,
                "Right if the time is to stay as it was set, and to be now where nobody sets it.",
                vec![self.model.file.replace(keyword, "default=timezone.now")],
            ),
            None => said.fix("Write `default=timezone.now`, or set it where the thing happens."),
        };
    }

    /// `self.updated_at = …` in a method of the model, other than the present time.
    fn is_assigned_in_vain(&self, out: &mut Report<'_>) {
        if !self.field.is_true("auto_now") {
            return;
        }
        let index = self.model.module.index();
        let name = self.field.name;
        for binding in index.attribute(name) {
            let is_method =
                binding.function.is_some_and(|id| index.function(id).scope == self.model.class.body);
            let target = format!("self.{name}");
            let is_own = self.model.module.source(&binding.at) == target;
            let Some(value) = binding.value.filter(|value| is_method && is_own && !is_now(self.model, value))
            else {
                continue;
            };
            out.say(
                &binding.statement,
                self.path(),
                format!("{target} = {}", self.model.module.source(value)),
                format!("{} is assigned in vain", code(&self.path())),
                "`auto_now=True` puts the time of the save there: the value is gone with the next `save()`.",
            )
            .because_of(self.field.call)
            .fix("Take the assignment out, or write with `.update()`, which leaves `auto_now` alone.");
        }
    }

    /// May it be what it should where nobody sees it, or is the row a copy of another one?
    fn is_open(&self) -> bool {
        let is_copy = english::words(self.model.name()).iter().any(|word| COPIES.contains(&word.as_str()));
        let is_plain = matches!(self.field.class, FieldClass::Django(_)) && self.field.relation().is_none();
        is_copy || !is_plain || self.field.may_have_more() || self.field.argument("db_default").is_some()
    }

    fn is_datetime(&self) -> bool {
        self.field.is(&["DateTimeField"])
    }

    fn default_now(&self) -> Option<&str> {
        let default = self.field.argument("default")?;
        let name = self.model.module.qualified(default)?;
        (name == "django.utils.timezone.now").then(|| self.model.module.source(default))
    }

    fn knows_timezone(&self) -> bool {
        let import = self.model.module.index().import_of("timezone");
        import.is_some_and(|import| import.target == "django.utils.timezone")
    }

    fn is_no_datetime(&self, option: &str, out: &mut Report<'_>) {
        let class = self.field.django().unwrap_or("field");
        out.say(
            &self.field.at,
            self.path(),
            class,
            format!("{} is a {}, no `DateTimeField`", code(&self.path()), code(class)),
            "Rows of one day, or those of two models, cannot be put in order by it.",
        )
        .because_of(self.field.call)
        .fix(format!(
            "Write {}.",
            code(&format!("{} = models.DateTimeField({option}=True)", self.field.name))
        ));
    }

    fn lacks(&self, option: &str, fault: &str, consequence: &str, out: &mut Report<'_>) {
        let argument = format!("{option}=True");
        let has_default = self.field.argument("default").is_some();
        let edit = self.model.file.add_argument(self.field.call, &argument).filter(|_| !has_default);
        let said = self.say(out, &format!("no {option}"), fault, consequence);
        match edit {
            Some(edit) => said.edit(FixSafety::Ask, "Right if nobody has to set it by hand.", vec![edit]),
            None => said.fix(format!("Write {} in place of the default.", code(&argument))),
        };
    }

    fn say<'r>(&self, out: &'r mut Report<'_>, fault: &str, headline: &str, consequence: &str) -> Remark<'r> {
        out.say(&self.field.at, self.path(), fault, format!("{} {headline}", code(&self.path())), consequence)
            .because_of(self.field.call)
    }
}

/// `timezone.now()`: what `auto_now` would put there.
fn is_now(model: &Model<'_>, value: &Expr) -> bool {
    let callee = value.as_call_expr().map(|call| model.module.source(&*call.func));
    callee.is_some_and(|callee| {
        ["now", "utcnow", "localtime", "localdate", "today"].iter().any(|now| callee.ends_with(now))
    })
}
