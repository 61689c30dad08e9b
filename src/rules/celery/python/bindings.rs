//! What names of a file are assigned, with the function they are assigned in.

use std::collections::HashMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprName, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::syntax::python::Module;

/// One place where a name gets a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    /// `None` for a parameter.
    pub(crate) value: Option<&'a Expr>,
    /// The function it is in; `None` at module level (and in classes, whose names methods reach through `self`).
    scope: Option<TextRange>,
    at: TextSize,
}

/// All names of a file that are assigned, `self.name` under its attribute, and its functions.
#[derive(Debug, Default)]
pub(crate) struct Bindings<'a> {
    names: HashMap<&'a str, Vec<Binding<'a>>>,
    attributes: HashMap<&'a str, Vec<Binding<'a>>>,
    functions: HashMap<&'a str, &'a StmtFunctionDef>,
    /// All functions, and while the file is walked those around the place.
    scopes: Vec<TextRange>,
    around: Vec<TextRange>,
}

impl<'a> Bindings<'a> {
    pub(crate) fn of(module: &'a Module) -> Self {
        let mut bindings = Self::default();
        bindings.visit_body(module.body());
        bindings
    }

    /// What a name may hold where it is used: the assignments before it in the same function, else those of the module
    /// (for a use inside a function, all of them).
    pub(crate) fn of_name(&self, name: &str, used: TextSize) -> Vec<Binding<'a>> {
        let all = self.names.get(name).map_or(&[][..], Vec::as_slice);
        let within = |binding: &Binding<'_>| binding.scope.is_some_and(|scope| scope.contains(used));
        let innermost = all.iter().filter(|b| within(b)).filter_map(|b| b.scope).min_by_key(|s| s.len());
        if innermost.is_some() {
            return all.iter().filter(|b| b.scope == innermost && b.at <= used).copied().collect();
        }
        let in_function = self.scopes.iter().any(|scope| scope.contains(used));
        let seen = |binding: &&Binding<'_>| binding.scope.is_none() && (in_function || binding.at <= used);
        all.iter().filter(seen).copied().collect()
    }

    /// What a name holds where it is used, when it is assigned once.
    pub(crate) fn only(&self, name: &ExprName) -> Option<&'a Expr> {
        match self.of_name(name.id.as_str(), name.start()).as_slice() {
            [only] => only.value,
            _ => None,
        }
    }

    /// Where the values stand that an expression names, and those that they name in turn.
    pub(crate) fn behind(&self, expr: &'a Expr) -> Vec<TextRange> {
        /// An address is built of a handful of values.
        const MOST: usize = 40;
        let mut names = Names::default();
        names.visit_expr(expr);
        let mut ranges = Vec::new();
        while let Some((name, used)) = names.found.pop().filter(|_| ranges.len() < MOST) {
            for value in self.of_name(name, used).into_iter().filter_map(|binding| binding.value) {
                if !ranges.contains(&value.range()) {
                    ranges.push(value.range());
                    names.visit_expr(value);
                }
            }
        }
        ranges
    }

    /// All values that the file assigns to `….name`.
    pub(crate) fn of_attribute(&self, name: &str) -> &[Binding<'a>] {
        self.attributes.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&'a StmtFunctionDef> {
        self.functions.get(name).copied()
    }

    /// Is the name bound by anything but an import?
    pub(crate) fn binds(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.functions.contains_key(name)
    }

    fn bind(&mut self, target: &'a Expr, value: &'a Expr) {
        let binding = Binding { value: Some(value), scope: self.around.last().copied(), at: target.start() };
        match target {
            Expr::Name(name) => self.names.entry(name.id.as_str()).or_default().push(binding),
            Expr::Attribute(attribute) => {
                self.attributes.entry(attribute.attr.as_str()).or_default().push(binding);
            }
            Expr::Tuple(targets) => self.bind_each(&targets.elts, value),
            Expr::List(targets) => self.bind_each(&targets.elts, value),
            _ => {}
        }
    }

    /// `user, password = "u", quote(p)`; of a value that is no display every target gets the whole.
    fn bind_each(&mut self, targets: &'a [Expr], value: &'a Expr) {
        let values = match value {
            Expr::Tuple(tuple) if tuple.elts.len() == targets.len() => Some(&tuple.elts),
            Expr::List(list) if list.elts.len() == targets.len() => Some(&list.elts),
            _ => None,
        };
        for (index, target) in targets.iter().enumerate() {
            self.bind(target, values.and_then(|values| values.get(index)).unwrap_or(value));
        }
    }
}

/// The names that an expression uses, with where it does.
#[derive(Debug, Default)]
struct Names<'a> {
    found: Vec<(&'a str, TextSize)>,
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Name(name) = expr {
            self.found.push((name.id.as_str(), expr.start()));
        }
        visitor::walk_expr(self, expr);
    }
}

impl<'a> Visitor<'a> for Bindings<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.bind(target, &assign.value)),
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.bind(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => self.bind(&assign.target, &assign.value),
            Stmt::For(stmt) => self.bind(&stmt.target, &stmt.iter),
            Stmt::FunctionDef(function) => {
                self.functions.insert(function.name.as_str(), function);
                self.scopes.push(function.range());
                self.around.push(function.range());
                for parameter in function.parameters.iter_non_variadic_params() {
                    let name = parameter.parameter.name.as_str();
                    let scope = Some(function.range());
                    let binding = Binding { value: None, scope, at: parameter.range.start() };
                    self.names.entry(name).or_default().push(binding);
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
        if stmt.is_function_def_stmt() {
            self.around.pop();
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Named(named) = expr {
            self.bind(&named.target, &named.value);
        }
        visitor::walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    #[test]
    fn a_name_holds_what_was_assigned_before_it_in_its_function_or_the_module() {
        for (source, want) in [
            ("x = 1\nx = 2\nx;$", &["1", "2"][..]),
            ("x = 1\nx;$\nx = 2", &["1"]),
            ("x = 1\ndef f():\n    x;$\nx = 2", &["1", "2"]),
            ("x = 1\ndef f():\n    x = 2\n    x;$\n    x = 3", &["2"]),
            ("x = 1\ndef f():\n    x;$\n    x = 3", &[]),
            ("x = 1\ndef f(x):\n    x;$", &["parameter"]),
            ("x = 1\ndef f(x):\n    x = g(x)\n    x;$", &["parameter", "g(x)"]),
            ("x = 1\ndef f(*x, **y):\n    x;$", &["1"]),
            ("x = 1\ndef f(a=x):\n    pass\ndef g(a=1, *, x=2):\n    x;$", &["parameter"]),
            ("def f():\n    x = 1\n    def g():\n        x;$", &["1"]),
            ("def f():\n    x = 1\n    def g():\n        x = 2\n    x;$", &["1"]),
            ("def f():\n    x = 1\ndef g():\n    x;$", &[]),
            ("class A:\n    x = 1\n    y = x;$", &["1"]),
            ("x = 0\nclass A:\n    x = 1\nclass B:\n    x = 2\n    y = x;$", &["0", "1", "2"]),
            ("class A:\n    x = 1\n    def f(self):\n        x;$", &["1"]),
            ("def f():\n    class A:\n        x = 1\n    x;$", &["1"]),
            ("if a:\n    x = 1\nelse:\n    x = 2\nx;$", &["1", "2"]),
            ("match a:\n    case 1:\n        x = 1\nx;$", &["1"]),
            ("for a in b:\n    pass\nelse:\n    x = 1\nx;$", &["1"]),
            ("x: str = 1\nx += 2\nx;$", &["1", "2"]),
            ("x: str\nx;$", &[]),
            ("for x in y:\n    x;$", &["y"]),
            ("a = x = 1\nx;$", &["1"]),
            ("x, y = 1, 2\nx;$", &["1"]),
            ("[x, (y, z)] = [1, (2, 3)]\nz;y;x;$", &["1"]),
            ("(y, (z, x)) = (1, (2, 3))\nx;$", &["3"]),
            ("x, y = f()\nx;$", &["f()"]),
            ("x, *y = 1, 2\ny;x;$", &["1"]),
            ("*x, y = 1, 2\nx;$", &[]),
            ("f(x := 1)\nx;$", &["1"]),
            ("[y for z in a if (x := z)]\nx;$", &["z"]),
            ("def f():\n    [(x := z) for z in a]\n    x;$", &["z"]),
            ("[x for x in y]\nx;$", &[]),
            ("x = 1\nf = lambda x: x;$", &["1"]),
            ("import x\nfrom a import x\nx;$", &[]),
            ("with a as x:\n    x;$", &[]),
            ("try: pass\nexcept E as x:\n    x;$", &[]),
            ("def x(): pass\nclass x: pass\nx;$", &[]),
            ("x.y = 1\nx['a'] = 2\nx;$", &[]),
        ] {
            let end = source.find(";$").unwrap();
            let module = Module::parse(&Text::new(&source.replace(";$", "")));
            let bindings = Bindings::of(&module);
            let held = bindings.of_name("x", TextSize::try_from(end - 1).unwrap());
            let written = |value: &Expr| module.source(value).to_owned();
            let held: Vec<String> =
                held.iter().map(|b| b.value.map_or_else(|| "parameter".to_owned(), written)).collect();
            assert_eq!(held, want, "{source}");
        }
    }

    #[test]
    fn an_attribute_holds_what_the_file_assigns_to_it_anywhere() {
        let source = "self.x = 1\nclass A:\n    def f(self):\n        self.x, y = 2, 3\n        for self.x in b: pass\na.b.x += 4\na.x: int = 5\nx = 6";
        let module = Module::parse(&Text::new(source));
        let bindings = Bindings::of(&module);
        let values: Vec<&str> =
            bindings.of_attribute("x").iter().filter_map(|b| Some(module.source(b.value?))).collect();
        assert_eq!(values, ["1", "2", "b", "4", "5"]);
    }
}
