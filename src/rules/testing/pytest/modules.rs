//! Test modules that only pytest runs, or that it or nothing runs right.

use ruff_python_ast::{Expr, StmtClassDef, StmtFunctionDef};

use crate::model::finding::code;
use crate::project::python::discovery::{is_test_module, test_classes};
use crate::rules::python::{PythonFile, Report};
use crate::source::NotLoaded;
use crate::source::tree::file_name;
use crate::syntax::python::{Module, ScopeId, walk_exprs};

use super::old::is_old;

pub(in crate::rules::testing) fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let import = file.module.imports().find(|import| import.target.is_in("pytest"));
    let function = functions(file.module).next().filter(|_| is_test_module(file.path));
    let is_conftest = file_name(file.path) == "conftest.py";
    let class = test_classes(file.module).find(|class| is_test_module(file.path) && has_no_base(class));
    let unittest =
        test_classes(file.module).find(|class| is_plain_unittest(file.module, class) && asks_for_rows(class));
    if import.is_none() && function.is_none() && !is_conftest && class.is_none() && unittest.is_none() {
        return Ok(());
    }
    if is_old(file.context)? {
        return Ok(());
    }
    // One cause, one report: whoever imports pytest writes its functions and classes too.
    if let Some(import) = import {
        let headline = format!("{} uses pytest", code(file.path));
        out.say(&import.range, "module", "pytest", headline, NOT_RUN).fix(INSTEAD);
    } else if is_conftest {
        let headline = format!("{} is read by pytest alone", code(file.path));
        out.say_of_file("conftest", headline, "`manage.py test` runs none of it.")
            .fix("Put it into `setUpTestData` or a base class.");
    } else if let Some(function) = function {
        let headline = format!("{} is a test outside of a class", code(function.name.as_str()));
        out.say(&function.name, "module", "function", headline, NOT_RUN).fix(INSTEAD);
    } else if let Some(class) = class {
        let headline = format!("{} derives from no `TestCase`", code(class.name.as_str()));
        out.say(&class.name, class.name.as_str(), "no base", headline, NOT_RUN).warning().fix(INSTEAD);
    }
    if let Some(class) = unittest {
        let headline =
            format!("{} reads and writes rows with `unittest.TestCase`", code(class.name.as_str()));
        let consequence = "It rolls nothing back: what one test saves, the next one finds.";
        out.say(&class.name, class.name.as_str(), "unittest", headline, consequence)
            .because_of(class)
            .warning()
            .fix("Derive it from `django.test.TestCase`.");
    }
    Ok(())
}

const NOT_RUN: &str = "`manage.py test` runs no such tests: the run is green without them.";
const INSTEAD: &str = "Write it as a method of a class that derives from `django.test.TestCase`.";

/// Does only pytest run something of it?
pub(in crate::rules::testing) fn is_for_pytest(module: &Module) -> bool {
    module.imports().any(|import| import.target.is_in("pytest")) || functions(module).next().is_some()
}

/// `def test_…` at the top.
fn functions(module: &Module) -> impl Iterator<Item = &StmtFunctionDef> {
    let functions = module.index().functions().iter().filter(|function| function.scope == ScopeId::MODULE);
    let tests = functions.filter(|function| {
        function.node.name.starts_with("test_") && function.node.decorator_list.is_empty()
    });
    tests.map(|function| function.node)
}

/// `class TestPost:`; a mixin gets its tests run by others.
fn has_no_base(class: &StmtClassDef) -> bool {
    let name = class.name.as_str();
    class.arguments.is_none()
        && !name.contains("Mixin")
        && !name.contains("Base")
        && !name.contains("Abstract")
}

fn is_plain_unittest(module: &Module, class: &StmtClassDef) -> bool {
    let [base] = class.bases() else { return false };
    module.qualified(base).is_some_and(|name| name == "unittest.TestCase" || name == "unittest.case.TestCase")
}

/// `Post.objects.create(…)`
fn asks_for_rows(class: &StmtClassDef) -> bool {
    let mut found = false;
    walk_exprs(&class.body, &mut |expr| {
        let manager = expr.as_call_expr().and_then(|call| call.func.as_attribute_expr());
        let manager = manager.and_then(|method| method.value.as_attribute_expr());
        found |= manager
            .is_some_and(|manager| manager.attr.as_str() == "objects" && is_class_name(&manager.value));
    });
    found
}

fn is_class_name(expr: &Expr) -> bool {
    expr.as_name_expr().is_some_and(|name| name.id.as_str().starts_with(char::is_uppercase))
}
