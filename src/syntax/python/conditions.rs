//! Under which conditions a place is reached: the branches of `if` and of `a if c else b` around it.

use ruff_python_ast::{Expr, Stmt, StmtIf};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Module, walk_exprs};

/// Earlier tests of one chain of `elif` that are told of a branch.
const MAX_EARLIER: usize = 8;

/// A test, and how it came out where a place is reached.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'a> {
    pub test: &'a Expr,
    pub holds: bool,
    /// The branch.
    range: TextRange,
}

/// Every branch of a file.
#[derive(Debug)]
pub struct Conditions<'a>(Vec<Condition<'a>>);

impl Module {
    pub fn conditions(&self) -> Conditions<'_> {
        let mut found = Vec::new();
        for (_, statement) in self.index().statements() {
            if let Stmt::If(choice) = statement {
                branches(choice, &mut found);
            }
        }
        walk_exprs(self.body(), &mut |expr| {
            if let Expr::If(choice) = expr {
                found.push(Condition { test: &choice.test, holds: true, range: choice.body.range() });
                found.push(Condition { test: &choice.test, holds: false, range: choice.orelse.range() });
            }
        });
        found.sort_by_key(|condition| condition.range.start());
        Conditions(found)
    }
}

impl<'a> Conditions<'a> {
    /// All that stand before a place, in no order.
    pub fn before(&self, at: TextSize) -> impl Iterator<Item = &Condition<'a>> {
        let begun = self.0.partition_point(|condition| condition.range.start() <= at);
        self.0.iter().take(begun).filter(move |condition| condition.range.contains(at))
    }
}

fn branches<'a>(choice: &'a StmtIf, found: &mut Vec<Condition<'a>>) {
    let mut earlier: Vec<&'a Expr> = Vec::new();
    let own = std::iter::once((Some(&*choice.test), &choice.body));
    let others = choice.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
    for (test, body) in own.chain(others) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else { continue };
        let range = TextRange::new(first.start(), last.end());
        found.extend(earlier.iter().take(MAX_EARLIER).map(|test| Condition { test, holds: false, range }));
        found.extend(test.map(|test| Condition { test, holds: true, range }));
        earlier.extend(test);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    #[test]
    fn a_place_knows_the_tests_before_it() {
        for (source, before) in [
            ("if A:\n    X\n", "A"),
            ("if A:\n    1\nelif B:\n    X\n", "!A B"),
            ("if A:\n    1\nelif B:\n    2\nelse:\n    if C: X\n", "!A !B C"),
            ("Y = X if A else 1\n", "A"),
            ("Y = 1 if A else X\n", "!A"),
            ("if A:\n    1\nX\n", ""),
        ] {
            let module = Module::parse(&Text::new(source));
            let at = TextSize::try_from(source.find('X').unwrap()).unwrap();
            let conditions = module.conditions();
            let shown = conditions
                .before(at)
                .map(|c| format!("{}{}", if c.holds { "" } else { "!" }, module.source(c.test)));
            let mut shown: Vec<_> = shown.collect();
            shown.sort_by_key(|name| name.trim_start_matches('!').to_owned());
            assert_eq!(shown.join(" "), before, "{source}");
        }
    }
}
