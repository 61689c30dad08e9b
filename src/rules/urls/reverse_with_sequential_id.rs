use ruff_python_ast::{Expr, ExprCall};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::lineage::ClassRef;
use crate::project::django::routes::tree::Routes;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Call, ScopeId, string};

use super::public::{Seen, seen};
use super::reversing::is_reversing;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL008,
    page: include_str!("reverse_with_sequential_id.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let index = file.index();
    let calls = ["reverse", "reverse_lazy"].into_iter().flat_map(|name| index.calls_of(name));
    let found = calls.map(|call| {
        let Some(key) = is_reversing(file.module, call.node).then(|| key_of_self(call.node)).flatten() else {
            return Ok(());
        };
        let Some(model) = model_around(file, call) else { return Ok(()) };
        if file.project().counts_its_rows(&model)? != Some(true) || !leads_to_public(file, call.node)? {
            return Ok(());
        }
        let written = file.module.source(key);
        let headline =
            format!("{} of {} is sequential and goes into a URL", code(written), code(&model.name));
        let consequence =
            "Who has one address has them all: counting up shows how many rows there are and asks for each.";
        let field = code("short_id = ShortUUIDField(length=12, unique=True)");
        out.say(key, index.name_of(call.scope), written, headline, consequence)
            .because_of(call.node)
            .fix(format!("Give {} {field} and write {} here.", code(&model.name), code("self.short_id")));
        Ok(())
    });
    NotLoaded::all(found).map(drop)
}

/// `self.pk` or `self.id` among what the route is filled with.
fn key_of_self(call: &ExprCall) -> Option<&Expr> {
    let args = call.arguments.find_keyword("args").map(|keyword| &keyword.value);
    let kwargs = call.arguments.find_keyword("kwargs").map(|keyword| &keyword.value);
    let listed = args.into_iter().flat_map(|value| match value {
        Expr::List(list) => list.elts.as_slice(),
        Expr::Tuple(tuple) => tuple.elts.as_slice(),
        _ => &[],
    });
    let named =
        kwargs.and_then(Expr::as_dict_expr).into_iter().flat_map(|dict| &dict.items).map(|item| &item.value);
    listed.chain(named).map(bare).find(|value| {
        let attribute = value.as_attribute_expr().filter(|a| matches!(a.attr.as_str(), "pk" | "id"));
        attribute.and_then(|a| a.value.as_name_expr()).is_some_and(|owner| owner.id.as_str() == "self")
    })
}

/// `str(self.pk)` as `self.pk`
fn bare(value: &Expr) -> &Expr {
    match value {
        Expr::Call(call) if call.func.as_name_expr().is_some_and(|name| name.id.as_str() == "str") => {
            call.arguments.args.first().unwrap_or(value)
        }
        other => other,
    }
}

/// The class at the top of the file whose method a call stands in.
fn model_around(file: &PythonFile<'_>, call: &Call<'_>) -> Option<ClassRef> {
    let index = file.index();
    let class = index.class(index.scope(call.scope).class?);
    let is_top = class.scope == ScopeId::MODULE;
    is_top.then(|| ClassRef { path: file.path.to_owned(), name: class.node.name.to_string() })
}

/// Does the route that a call names lead to what anybody may see? Where its urls module is part of the change, URL001
/// tells of the route.
fn leads_to_public(file: &PythonFile<'_>, call: &ExprCall) -> Result<bool, NotLoaded> {
    let Some(name) = call.arguments.args.first().and_then(string) else { return Ok(false) };
    let routes = file.project().fact::<Routes>(&())?;
    let mut ways = routes.iter().filter(|route| route.full_name().as_deref() == Some(name)).peekable();
    if ways.peek().is_some_and(|way| file.context.change.file_at_head(&way.path).is_some()) {
        return Ok(false);
    }
    Ok(seen(&routes, ways) == Seen::Public)
}
