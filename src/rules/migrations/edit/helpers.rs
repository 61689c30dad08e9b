//! What stands beside the class: functions that operations call, and names that they use.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::finding::code;
use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::{normalised_expr, normalised_stmts, walk_exprs};

use super::class::{label, target};
use super::difference::{At, Difference, Impact};
use super::likeness::{Likeness, Pool};
use super::modern::Called;
use super::state::STATE_KEYWORDS;
use super::stripped::{forward, silent};

/// Reports helpers whose text changed and that the class reaches on its way forward.
pub(super) fn compare(base: &Canonical, head: &Canonical, likeness: &Likeness, found: &mut Vec<Difference>) {
    let (old, new) = (Helpers::read(base), Helpers::read(head));
    for (name, after) in &new.by_name {
        let Some(before) = old.by_name.get(name) else { continue };
        if text(&forward(before)) == text(&forward(after)) {
            continue;
        }
        let Some(reach) = old.reach(name).max(new.reach(name)) else { continue };
        let called = if old.is_run(name) && new.is_run(name) { Called::ByPosition } else { Called::Anyhow };
        let alike = || {
            let said = likeness.of_stmts(before, after, called);
            said.or_else(|| likeness.of_stmts(&silent(before), &silent(after), called))
        };
        let impact = match reach {
            _ if name == "_" => Impact::Compatible,
            _ if let Some(impact) = alike() => impact,
            Reach::Forward => Impact::Real,
            Reach::State => Impact::StateOnly,
        };
        let at = after.first().map_or(TextRange::default(), Ranged::range);
        found.push(Difference::new(
            impact,
            At::Head(at),
            format!("changes {}{}", code(name), new.used_by(name)),
        ));
    }
    let form = |stmt: &Stmt| likeness.form(std::slice::from_ref(stmt), Called::Anyhow);
    let mut known = Pool::default();
    old.loose.iter().for_each(|(statement, before)| known.add(statement, form(before)));
    for (statement, after) in new.loose.iter().filter(|(statement, _)| !old.loose.contains_key(*statement)) {
        let impact = known.find(&form(after), |_| true).map_or(Impact::Real, |(_, impact)| impact);
        let first = statement.lines().next().unwrap_or(statement);
        found.push(Difference::new(
            impact,
            At::Head(after.range()),
            format!("adds {} beside its class", code(first)),
        ));
    }
}

/// How the class gets to a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    State,
    Forward,
}

#[derive(Debug)]
struct Helpers {
    by_name: BTreeMap<String, Vec<Stmt>>,
    /// Statements that define nothing.
    loose: BTreeMap<String, Stmt>,
    reach: BTreeMap<String, Reach>,
    /// Functions given to `RunPython` itself.
    run: BTreeSet<String>,
    /// Functions that somebody gives an argument by its name.
    named: BTreeSet<String>,
}

impl Helpers {
    fn read(module: &Canonical) -> Self {
        let mut by_name: BTreeMap<String, Vec<Stmt>> = BTreeMap::new();
        let mut loose = BTreeMap::new();
        let own = module.body().iter().filter(|s| label(s) != "Migration");
        for stmt in own {
            let name = label(stmt);
            let defines = matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) || target(stmt).is_some();
            if defines {
                by_name.entry(name).or_default().push(stmt.clone());
            } else if silent(std::slice::from_ref(stmt)).iter().any(|s| !s.is_pass_stmt()) {
                loose.insert(name, stmt.clone());
            }
        }
        let mut helpers =
            Self { by_name, loose, reach: BTreeMap::new(), run: BTreeSet::new(), named: named(module) };
        helpers.follow(module);
        helpers
    }

    fn reach(&self, name: &str) -> Option<Reach> {
        self.reach.get(name).copied()
    }

    /// Is it called by `RunPython`, and by nobody who names its parameters?
    fn is_run(&self, name: &str) -> bool {
        self.run.contains(name) && !self.named.contains(name)
    }

    fn used_by(&self, name: &str) -> &'static str {
        if self.run.contains(name) { ", which `RunPython` calls" } else { "" }
    }

    /// Which helpers the class reaches; those of a reverse alone are not reached.
    fn follow(&mut self, module: &Canonical) {
        let Some(class) = module.class() else { return };
        let (mut backward, mut state) = (Vec::new(), Vec::new());
        walk_exprs(&class.body, &mut |expr| {
            let Expr::Call(call) = expr else { return };
            let callee = normalised_expr(&call.func);
            let runs = callee.ends_with("RunPython") || callee.ends_with("RunSQL");
            if runs {
                backward.extend(call.arguments.find_argument_value("reverse_code", 1).map(Ranged::range));
                backward.extend(call.arguments.find_argument_value("reverse_sql", 1).map(Ranged::range));
            }
            if callee.ends_with("RunPython")
                && let Some(Expr::Name(name)) = call.arguments.find_argument_value("code", 0)
            {
                self.run.insert(name.id.to_string());
            }
            let keywords = call.arguments.keywords.iter();
            let state_only = |name: &str| STATE_KEYWORDS.contains(&name) || name == "managers";
            state.extend(
                keywords.filter(|k| k.arg.as_deref().is_some_and(state_only)).map(|k| k.value.range()),
            );
        });
        let inside = |ranges: &[TextRange], at: TextRange| ranges.iter().any(|r| r.contains_range(at));
        let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
        let mut todo: Vec<_> =
            bases.filter_map(Expr::as_name_expr).map(|n| (n.id.to_string(), Reach::Forward)).collect();
        walk_exprs(&class.body, &mut |expr| {
            let Expr::Name(name) = expr else { return };
            if inside(&backward, name.range) {
                return;
            }
            let reach = if inside(&state, name.range) { Reach::State } else { Reach::Forward };
            todo.push((name.id.to_string(), reach));
        });
        while let Some((name, reach)) = todo.pop() {
            let Some(stmts) = self.by_name.get(&name) else { continue };
            if self.reach.get(&name).is_some_and(|known| *known >= reach) {
                continue;
            }
            self.reach.insert(name, reach);
            walk_exprs(stmts, &mut |expr| {
                if let Expr::Name(name) = expr {
                    todo.push((name.id.to_string(), reach));
                }
            });
        }
    }
}

/// Functions that are called with keyword arguments, or handed on together with some (`partial(fill, lang="en")`).
fn named(module: &Canonical) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk_exprs(module.body(), &mut |expr| {
        let Expr::Call(call) = expr else { return };
        if call.arguments.keywords.is_empty() || normalised_expr(&call.func).ends_with("RunPython") {
            return;
        }
        let names = call.arguments.args.iter().chain([&*call.func]).filter_map(Expr::as_name_expr);
        found.extend(names.map(|name| name.id.to_string()));
    });
    found
}

fn text(stmts: &[Stmt]) -> String {
    normalised_stmts(stmts)
}
