//! What has another name today, and calls that another expression stands for today.

use ruff_python_ast::{
    Arguments, CmpOp, Expr, ExprAttribute, ExprCall, ExprCompare, ExprContext, Identifier, Keyword,
};
use ruff_text_size::{Ranged, TextRange};

use crate::rules::migrations::canonical::name;
use crate::syntax::python::{has_unpacking, string};

use super::Modern;

/// Midnight in Greenwich, by the name that the standard library gives it.
const UTC: &str = "datetime.timezone.utc";

/// Names of one thing; the second is today's. The first five compare, print and pickle as UTC.
const NOW: [(&str, &str); 12] = [
    ("pytz.UTC", UTC),
    ("pytz.utc", UTC),
    ("datetime.UTC", UTC),
    ("django.utils.timezone.utc", UTC),
    ("dateutil.tz.UTC", UTC),
    // Aliases since Python 3.3.
    ("IOError", "OSError"),
    ("EnvironmentError", "OSError"),
    ("socket.error", "OSError"),
    ("io.open", "open"),
    ("six.text_type", "str"),
    ("django.utils.six.text_type", "str"),
    // A builtin of Python 2 that moved.
    ("reduce", "functools.reduce"),
];

/// Packages that lend Python 2 what Python 3 has built in.
const LENDERS: [&str; 3] = ["builtins.", "six.moves.", "django.utils.six.moves."];

/// Python 2's methods of dictionaries.
const METHODS: [(&str, &str); 3] = [("iteritems", "items"), ("itervalues", "values"), ("iterkeys", "keys")];

pub(super) fn now(name: &str) -> Option<&str> {
    let lent = LENDERS.iter().find_map(|lender| name.strip_prefix(lender)).filter(|rest| !rest.contains('.'));
    lent.or_else(|| NOW.iter().find(|(old, _)| *old == name).map(|(_, new)| *new))
}

/// What stands for a call today.
pub(super) fn call(call: &mut ExprCall) -> Option<Expr> {
    if !call.arguments.keywords.is_empty() {
        return None;
    }
    let range = call.range();
    match (&mut *call.func, &mut *call.arguments.args) {
        (Expr::Name(maker), [zone]) if is_utc(maker.id.as_str(), zone) => Some(name(UTC, range)),
        (Expr::Name(localize), [Expr::Call(moment)]) if is_localized(localize.id.as_str(), moment) => {
            // Arguments are written out by their place: this one is the last.
            let end = TextRange::empty(moment.end());
            let arg = Some(Identifier::new("tzinfo", end));
            let zone = Keyword { arg, value: name(UTC, end), range: end, node_index: Default::default() };
            let mut keywords = moment.arguments.keywords.to_vec();
            let place = keywords.partition_point(|known| known.arg.as_deref() < Some("tzinfo"));
            keywords.insert(place, zone);
            moment.arguments.keywords = keywords.into_iter().collect();
            Some(Expr::Call(moment.clone()))
        }
        (Expr::Name(cast), [_, value]) if cast.id.as_str() == "typing.cast" => Some(value.clone()),
        (Expr::Name(function), [dict]) => {
            let method = function.id.strip_prefix("django.utils.").unwrap_or(function.id.as_str());
            let method = method.strip_prefix("six.")?;
            let (_, new) = METHODS.iter().find(|(old, _)| *old == method)?;
            let func = Box::new(attribute(dict.clone(), new));
            let arguments = Arguments { args: Box::default(), ..call.arguments.clone() };
            Some(Expr::Call(ExprCall { func, arguments, ..call.clone() }))
        }
        (Expr::Attribute(method), []) => {
            let (_, new) = METHODS.iter().find(|(old, _)| *old == method.attr.as_str())?;
            method.attr.id = (*new).into();
            None
        }
        (Expr::Attribute(method), [key]) if method.attr.as_str() == "has_key" => {
            let (left, right) = (Box::new(key.clone()), (*method.value).clone());
            let (ops, comparators) = (Box::new([CmpOp::In]), Box::new([right]));
            Some(Expr::Compare(ExprCompare { node_index: Default::default(), range, left, ops, comparators }))
        }
        _ => None,
    }
}

/// `ZoneInfo("UTC")`, `pytz.timezone("utc")`.
fn is_utc(maker: &str, zone: &Expr) -> bool {
    let Some(zone) = string(zone) else { return false };
    match maker {
        "zoneinfo.ZoneInfo" | "backports.zoneinfo.ZoneInfo" => zone == "UTC",
        // pytz looks for this one without regard to case.
        "pytz.timezone" => zone.eq_ignore_ascii_case("UTC"),
        _ => false,
    }
}

/// `pytz.utc.localize(datetime.datetime(2020, 1, 1))`: a moment that has no zone of its own.
fn is_localized(function: &str, moment: &ExprCall) -> bool {
    /// Of `datetime.datetime`, the zone comes last.
    const BEFORE_ZONE: usize = 7;
    let names_zone = moment.arguments.keywords.iter().any(|known| known.arg.as_deref() == Some("tzinfo"));
    matches!(function, "pytz.utc.localize" | "pytz.UTC.localize")
        && moment.func.as_name_expr().is_some_and(|name| name.id.as_str() == "datetime.datetime")
        && moment.arguments.args.len() <= BEFORE_ZONE
        && !names_zone
        && !has_unpacking(&moment.arguments)
}

fn attribute(value: Expr, attr: &str) -> Expr {
    let range = value.range();
    let (value, attr) = (Box::new(value), Identifier::new(attr, range));
    Expr::Attribute(ExprAttribute {
        node_index: Default::default(),
        range,
        value,
        attr,
        ctx: ExprContext::Load,
    })
}

impl Modern {
    /// `str("a")` is `"a"`, and `open(path, "r")` is `open(path)`.
    pub(super) fn call_of_builtin(&self, call: &mut ExprCall) -> Option<Expr> {
        if self.is_builtin(&call.func, "open") {
            if let [_, mode] = &*call.arguments.args
                && matches!(string(mode), Some("r" | "rt"))
            {
                call.arguments.args = call.arguments.args.iter().take(1).cloned().collect();
            }
            return None;
        }
        let plain = call.arguments.keywords.is_empty() && self.is_builtin(&call.func, "str");
        match &*call.arguments.args {
            [text @ Expr::StringLiteral(_)] if plain => Some(text.clone()),
            _ => None,
        }
    }
}
