//! Arguments of one operation, before and after.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::model::finding::code;
use crate::syntax::python::normalised_expr;

use super::super::sql;
use super::call::{Call, describe};
use super::difference::{At, Difference, Impact};
use super::display::{dict, flatten};
use super::fields;
use super::likeness::{Likeness, same_name};
use super::state::STATE_OPTIONS;
use super::wording::sentence;

/// What differs between two versions of operation `number`.
pub(super) fn compare(
    old: &Call<'_>,
    new: &Call<'_>,
    number: usize,
    likeness: &Likeness,
    found: &mut Vec<Difference>,
) {
    let at = At::Head(new.call.func.range());
    let place = format!("operation {number} ({})", describe(&Expr::Call(new.call.clone())));
    if old.callee != new.callee {
        let alike = same_name(&old.callee, &new.callee);
        let impact = if alike { Impact::Compatible } else { Impact::Real };
        found.push(Difference::new(
            impact,
            at,
            format!("takes {} from {}", code(new.kind()), code(&new.callee)),
        ));
    }
    let mut seen = BTreeSet::new();
    for name in old.names().chain(new.names()).filter(|name| seen.insert((*name).to_owned())) {
        let (before, after) = (old.get(name), new.get(name));
        if before.map(normalised_expr) != after.map(normalised_expr) {
            let argument = Argument { name, before, after, place: &place, at };
            argument.compare(&new.subject(), likeness, found);
        }
    }
}

/// What `CreateModel` takes for `bases` that are not written.
const DEFAULT_BASE: &str = "django.db.models.Model";

struct Argument<'a> {
    name: &'a str,
    before: Option<&'a Expr>,
    after: Option<&'a Expr>,
    place: &'a str,
    at: At,
}

impl Argument<'_> {
    fn compare(&self, subject: &str, likeness: &Likeness, found: &mut Vec<Difference>) {
        match (self.name, self.before, self.after) {
            // A reverse changes nothing on the way forward; losing it does on the way back.
            ("reverse_code" | "reverse_sql", _, Some(_)) | ("elidable", ..) => {}
            ("reverse_code" | "reverse_sql", ..) => self.report(Impact::Backward, found),
            ("preserve_default" | "managers" | "state_operations", ..) => {
                self.report(Impact::StateOnly, found);
            }
            ("sql", Some(before), Some(after)) if sql::is_same(before, after) => {
                let what = format!("changes only blanks and comments of the SQL in {}", self.place);
                found.push(Difference::new(Impact::Harmless, self.at, what));
            }
            ("field", Some(before), Some(after)) => {
                fields::compare(before, after, subject, self.place, likeness, found);
            }
            ("fields", Some(before), Some(after)) => {
                fields::compare_lists(before, after, subject, self.place, likeness, found);
            }
            ("options", before, after) => self.options(before, after, likeness, found),
            // Compared as the operations that they are.
            ("database_operations", ..) => {}
            (_, Some(before), Some(after)) if let Some(impact) = likeness.of_exprs(before, after) => {
                self.report(impact, found);
            }
            ("bases", Some(before), _) if self.bases_dropped(before, likeness) => {
                self.report(Impact::Compatible, found);
            }
            ("name" | "old_name" | "new_name", Some(before), Some(after))
                if normalised_expr(before).to_lowercase() == normalised_expr(after).to_lowercase()
                    && self.place.contains("Field(") => {}
            _ => self.report(Impact::Real, found),
        }
    }

    /// A base class is gone with its package, and nothing else changed.
    fn bases_dropped(&self, before: &Expr, likeness: &Likeness) -> bool {
        let names = |expr: &Expr| {
            let mut bases = Vec::new();
            flatten(expr, &mut bases);
            bases.into_iter().map(normalised_expr).collect::<BTreeSet<String>>()
        };
        let old = names(before);
        let new = self.after.map_or_else(|| BTreeSet::from([DEFAULT_BASE.to_owned()]), names);
        new.is_subset(&old) && old.difference(&new).all(|base| likeness.is_dropped(base))
    }

    fn options(
        &self,
        before: Option<&Expr>,
        after: Option<&Expr>,
        likeness: &Likeness,
        found: &mut Vec<Difference>,
    ) {
        let known = |expr: Option<&'_ Expr>| {
            expr.map_or_else(
                || Some(Vec::new()),
                |e| dict(e).map(|d| d.into_iter().map(|(k, v)| (k, v.clone())).collect()),
            )
        };
        let (Some(old), Some(new)) = (known(before), known(after)) else {
            return self.report(Impact::Real, found);
        };
        let value =
            |list: &[(String, Expr)], key: &str| list.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        let keys: BTreeSet<&String> = old.iter().chain(&new).map(|(key, _)| key).collect();
        for key in keys {
            let (before, after) = (value(&old, key), value(&new, key));
            if before.as_ref().map(normalised_expr) == after.as_ref().map(normalised_expr) {
                continue;
            }
            let alike = before.as_ref().zip(after.as_ref()).and_then(|(b, a)| likeness.of_exprs(b, a));
            let impact = match alike {
                Some(impact) => impact,
                None if STATE_OPTIONS.contains(&key.as_str()) => Impact::StateOnly,
                None => Impact::Real,
            };
            let what =
                sentence(&format!("option {}", code(key)), before.as_ref(), after.as_ref(), self.place);
            let at = after.as_ref().map_or(self.at, |e| At::Head(e.range()));
            found.push(Difference::new(impact, at, what));
        }
    }

    fn report(&self, impact: Impact, found: &mut Vec<Difference>) {
        let what = sentence(&code(self.name), self.before, self.after, self.place);
        let at = self.after.map_or(self.at, |e| At::Head(e.range()));
        found.push(Difference::new(impact, at, what));
    }
}
