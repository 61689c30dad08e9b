use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ExprCall, Stmt};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Function, Module, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD016,
    page: include_str!("save_override_with_logic.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Calls that leave the row that is saved, by how their resolved names begin.
const LEAVES: [(&str, &str); 10] = [
    ("django.core.mail.", "sends mail"),
    ("django.core.cache.cache.", "writes the cache"),
    ("django.core.cache.caches.", "writes the cache"),
    ("requests.get", "asks another server"),
    ("requests.post", "asks another server"),
    ("requests.put", "asks another server"),
    ("requests.patch", "asks another server"),
    ("requests.delete", "asks another server"),
    ("httpx.", "asks another server"),
    ("urllib.request.urlopen", "asks another server"),
];

/// Writes of managers and query sets: https://docs.djangoproject.com/en/5.2/ref/models/querysets/
const WRITES: [(&str, &str); 7] = [
    ("create", "creates other rows"),
    ("get_or_create", "creates other rows"),
    ("update_or_create", "creates other rows"),
    ("bulk_create", "creates other rows"),
    ("bulk_update", "changes other rows"),
    ("update", "changes other rows"),
    ("delete", "deletes other rows"),
];

/// What a row may hold that has a `save()` and is no row.
const FILES: [&str; 8] = ["image", "photo", "picture", "file", "thumb", "avatar", "logo", "icon"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(save) = model.method("save").filter(|save| takes_self(save)) else { return Ok(()) };
    let saving = Saving::of(model.module, save);
    if let Some((fault, headline, consequence, fix)) = saving.lost(model) {
        out.say(&save.node.name, format!("{}.save", model.name()), fault, headline, consequence)
            .because_of(save.node)
            .fix(fix);
    }
    let done = saving.done();
    if done.is_empty() || model.is_abstract() {
        return Ok(());
    }
    let done = done.into_iter().collect::<Vec<_>>().join(" and ");
    let headline = format!("{} {done}", code(&format!("{}.save()", model.name())));
    let consequence = "It happens on every save, in the admin, in imports and in tests too, and never on `bulk_create()` or `update()`.";
    out.say(&save.node.name, format!("{}.save", model.name()), done, headline, consequence)
        .because_of(save.node)
        .fix("Move it to a function that saves the row and then does this, and call that where it is meant.");
    Ok(())
}

fn takes_self(save: &Function<'_>) -> bool {
    let parameters = &save.node.parameters;
    let mut positional = parameters.posonlyargs.iter().chain(&parameters.args);
    positional.next().is_some_and(|first| first.parameter.name.as_str() == "self")
        && save.node.decorator_list.is_empty()
}

/// What the body of a `save()` does.
struct Saving<'a> {
    module: &'a Module,
    save: &'a Function<'a>,
    calls: Vec<&'a ExprCall>,
}

/// What is said of a `save()`: fault, headline, consequence, fix.
type Lost = (&'static str, String, &'static str, &'static str);

impl<'a> Saving<'a> {
    fn of(module: &'a Module, save: &'a Function<'a>) -> Self {
        let calls = module.index().calls_in(save.body).iter().map(|call| call.node).collect();
        Self { module, save, calls }
    }

    /// Is the row not written, or not as the caller says?
    fn lost(&self, model: &Model<'_>) -> Option<Lost> {
        let name = code(&format!("{}.save()", model.name()));
        let saves: Vec<&ExprCall> =
            self.calls.iter().copied().filter(|call| self.writes_the_row(call)).collect();
        if saves.is_empty() {
            let is_meant = self.raises() || self.hands_on() || model.is_unmanaged() || model.is_proxy();
            return (!is_meant).then(|| {
                let headline = format!("{name} never calls `super().save()`");
                (
                    "no super().save",
                    headline,
                    "The row is not written.",
                    "End with `super().save(*args, **kwargs)`.",
                )
            });
        }
        let parameters = &self.save.node.parameters;
        let has = |name: &str| parameters.iter().any(|parameter| parameter.name().as_str() == name);
        let Some(kwargs) = &parameters.kwarg else {
            return (!has("force_insert")).then(|| {
                let headline = format!("{name} does not take the arguments of Django's `save()`");
                let consequence = "`create()` and `get_or_create()` fail: `TypeError: save() got an unexpected keyword \
                                   argument 'force_insert'`.";
                let fix = "Take `*args, **kwargs` and hand them to `super().save()`.";
                ("signature", headline, consequence, fix)
            });
        };
        let hands_on = |call: &&ExprCall| call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
        let is_used = || self.reads(kwargs.name.as_str());
        (!saves.iter().any(hands_on) && !is_used()).then(|| {
            let headline = format!("{name} loses the arguments that it gets");
            let consequence = "`update_fields`, `using` and `force_insert` are ignored: other columns and databases are \
                               written than the caller names.";
            ("lost arguments", headline, consequence, "Call `super().save(*args, **kwargs)`.")
        })
    }

    /// `super().save()`, `super(Post, self).save()`, `Base.save(self)`, `self.save_base()`
    fn writes_the_row(&self, call: &ExprCall) -> bool {
        let Some(method) = call.func.as_attribute_expr() else { return false };
        match method.attr.as_str() {
            "save_base" => true,
            "save" => is_super(&method.value) || call.arguments.args.first().is_some_and(is_self),
            _ => false,
        }
    }

    /// Does another method of it do the saving?
    fn hands_on(&self) -> bool {
        self.calls.iter().any(|call| {
            call.func.as_attribute_expr().is_some_and(|method| {
                (is_self(&method.value) || is_super(&method.value)) && method.attr.as_str() != "full_clean"
            })
        })
    }

    fn raises(&self) -> bool {
        let scope = self.module.index().scope(self.save.body);
        scope.statements.iter().any(|statement| matches!(statement.node, Stmt::Raise(_)))
    }

    fn reads(&self, name: &str) -> bool {
        let mut found = false;
        walk_exprs(&self.save.node.body, &mut |expr| {
            found |= expr.as_name_expr().is_some_and(|read| read.id.as_str() == name);
        });
        found
    }

    /// What it does beyond its own row, in words.
    fn done(&self) -> BTreeSet<&'static str> {
        self.calls.iter().filter_map(|call| self.deed(call)).collect()
    }

    fn deed(&self, call: &ExprCall) -> Option<&'static str> {
        if let Some(name) = self.module.qualified(&call.func)
            && let Some((_, deed)) = LEAVES.iter().find(|(start, _)| name.starts_with(start))
        {
            let only_reads =
                name.starts_with("django.core.cache.") && matches!(name.last(), "get" | "get_many");
            return (!only_reads).then_some(*deed);
        }
        let method = call.func.as_attribute_expr()?;
        let on = &*method.value;
        match method.attr.as_str() {
            "delay" | "apply_async" | "delay_on_commit" if !is_self(on) => Some("queues a task"),
            "email_user" => Some("sends mail"),
            "save" if !self.writes_the_row(call) && is_other_row(on) => Some("saves other rows"),
            write => {
                let known = WRITES.iter().find(|(name, _)| *name == write);
                known.filter(|_| is_of_rows(on)).map(|(_, deed)| *deed)
            }
        }
    }
}

fn is_self(expr: &Expr) -> bool {
    expr.as_name_expr().is_some_and(|name| name.id.as_str() == "self")
}

fn is_super(expr: &Expr) -> bool {
    let callee = expr.as_call_expr().and_then(|call| call.func.as_name_expr());
    callee.is_some_and(|name| name.id.as_str() == "super")
}

/// `self.author`: a relation of the row, and no picture or file.
fn is_other_row(expr: &Expr) -> bool {
    expr.as_attribute_expr().is_some_and(|attribute| {
        let name = attribute.attr.as_str();
        is_self(&attribute.value) && !FILES.iter().any(|file| name.contains(file))
    })
}

/// A manager or query set: `Post.objects`, `self.items.filter(…)`.
fn is_of_rows(expr: &Expr) -> bool {
    const CHAIN: [&str; 5] = ["filter", "exclude", "all", "select_for_update", "get_queryset"];
    let mut rest = expr;
    loop {
        rest = match rest {
            Expr::Call(call) => match call.func.as_attribute_expr() {
                Some(method) if CHAIN.contains(&method.attr.as_str()) => return true,
                Some(method) => &method.value,
                None => return false,
            },
            Expr::Attribute(attribute) => {
                if matches!(attribute.attr.as_str(), "objects" | "_default_manager") {
                    return true;
                }
                &attribute.value
            }
            _ => return false,
        };
    }
}
