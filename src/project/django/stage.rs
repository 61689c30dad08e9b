//! Is something meant for a developer's machine or for tests, by its path or by the conditions before it?

use ruff_python_ast::{BoolOp, CmpOp, Expr, UnaryOp};
use ruff_text_size::TextSize;

use crate::source::tree::{file_name, folder};
use crate::syntax::python::{Conditions, string, walk_expr};

use crate::project::python::role::is_test;

const DEVELOPMENT: [&str; 19] = [
    "ci",
    "debug",
    "demo",
    "dev",
    "devel",
    "develop",
    "development",
    "e2e",
    "example",
    "local",
    "localhost",
    "mock",
    "pytest",
    "runserver",
    "sample",
    "sandbox",
    "test",
    "testing",
    "tests",
];
const PRODUCTION: [&str; 6] = ["deploy", "deployed", "live", "prod", "production", "staging"];

/// Operators within each other that are followed.
const MAX_DEPTH: usize = 20;

/// `settings/local.py`, `dev_settings.py`, `config/dev/settings.py`: by the file's name and its folder's.
pub fn is_for_development(path: &str) -> bool {
    let stem = file_name(path).trim_end_matches(".py");
    is_test(path) || says(stem, &DEVELOPMENT) || says(file_name(folder(path)), &DEVELOPMENT)
}

/// Is a place only reached in development or in tests?
pub fn is_reached_in_development(conditions: &Conditions<'_>, at: TextSize) -> bool {
    conditions.before(at).any(|condition| is_development(condition.test, condition.holds, 0))
}

/// Does a test that comes out so say that this is no production? `DEBUG`, `not PRODUCTION`, `ENV == "local"`,
/// `"test" in sys.argv`
fn is_development(test: &Expr, holds: bool, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let of = |part: &Expr| is_development(part, holds, depth + 1);
    match test {
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => is_development(&not.operand, !holds, depth + 1),
        Expr::BoolOp(several) if (several.op == BoolOp::And) == holds => several.values.iter().any(of),
        Expr::BoolOp(several) => several.values.iter().all(of),
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([op], [right]) => is_compared(&compare.left, *op, right, holds, depth),
            _ => false,
        },
        other => flag(other) == Some(holds),
    }
}

fn is_compared(left: &Expr, op: CmpOp, right: &Expr, holds: bool, depth: usize) -> bool {
    let is_equal = match op {
        CmpOp::Eq | CmpOp::Is | CmpOp::In => holds,
        CmpOp::NotEq | CmpOp::IsNot | CmpOp::NotIn => !holds,
        _ => return false,
    };
    if let Expr::BooleanLiteral(wanted) = right {
        return is_development(left, wanted.value == is_equal, depth + 1);
    }
    // What the text itself names decides; the name of a variable only where the text is no name of a stage.
    let texts = match right {
        Expr::StringLiteral(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => flag(right),
        _ => string(left).and_then(|_| flag(left)),
    };
    texts.or_else(|| flag(left)) == Some(is_equal)
}

/// `Some(true)`: where this is true, it is development. `Some(false)`: where it is true, it is production.
fn flag(expr: &Expr) -> Option<bool> {
    let mut found = None;
    walk_expr(expr, &mut |part| {
        let word = match part {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            other => string(other).unwrap_or_default(),
        };
        let here = match (says(word, &DEVELOPMENT), says(word, &PRODUCTION)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        found = found.or(here);
    });
    found
}

fn says(name: &str, words: &[&str]) -> bool {
    let mut parts = name.split(|c: char| !c.is_alphanumeric());
    parts.any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;
    use crate::syntax::python::Module;

    #[test]
    fn conditions_tell_development_from_production() {
        for (test, development) in [
            ("DEBUG", true),
            ("settings.DEBUG and X", true),
            ("env.bool('DEBUG')", true),
            ("DEBUG or X", false),
            ("not PRODUCTION", true),
            ("PRODUCTION", false),
            ("not DEBUG", false),
            ("ENVIRONMENT == 'local'", true),
            ("ENVIRONMENT != 'production'", true),
            ("ENVIRONMENT == 'production'", false),
            ("ENV in ['dev', 'test']", true),
            ("'test' in sys.argv", true),
            ("DEBUG is False", false),
            ("USE_S3", false),
        ] {
            let source = format!("if {test}:\n    X\n");
            let module = Module::parse(&Text::new(&source));
            let at = TextSize::try_from(source.rfind('X').unwrap()).unwrap();
            assert_eq!(is_reached_in_development(&module.conditions(), at), development, "{test}");
        }
    }

    #[test]
    fn paths_tell_development_too() {
        for path in ["config/settings/local.py", "a/dev_settings.py", "a/dev/settings.py", "a/settings_ci.py"]
        {
            assert!(is_for_development(path), "{path}");
        }
        for path in ["config/settings.py", "a/settings/production.py", "device/settings.py"] {
            assert!(!is_for_development(path), "{path}");
        }
    }
}
