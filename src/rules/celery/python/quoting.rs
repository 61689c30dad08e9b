//! Is the value in a hole percent-encoded? Follows one assignment, in this file or in the one it is imported from.
//! What encodes is in `encoder.rs`, what is encoded still in `parsed.rs`.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};
use ruff_text_size::{Ranged, TextSize};

use crate::project::Project;
use crate::project::django::settings;
use crate::project::python::imports::module_path;
use crate::source::NotLoaded;
use crate::syntax::python::{Binding, Dotted, HoleExpr, Module, string};

use super::super::holes::says_encoded;
use super::encoder::{Encoder, encodes_by_name, joins_letters, leaves_raw, makes_harmless, of_partial};
use super::judged::{Judged, MAX_HOPS, Quoting};
use super::parsed::{is_encoded, is_login, is_parsed_url};

/// Judges expressions of one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'m, 'a> {
    pub(crate) project: &'m Project,
    pub(crate) path: &'m str,
    pub(crate) module: &'a Module,
    /// Other files may be asked: once.
    pub(crate) across_files: bool,
}

impl<'a> Judge<'_, 'a> {
    pub(crate) fn quoting(&self, hole: &HoleExpr<'a>) -> Result<Judged<'a>, NotLoaded> {
        // `"{parsed.password}".format(parsed=…)`
        let part = hole.field.and_then(|field| field.rsplit_once('.')).map_or("", |(_, part)| part);
        if is_login(part) && is_parsed_url(self.module, hole.expr) {
            return Ok(Quoting::Safe.into());
        }
        self.judge(hole.expr, 0)
    }

    fn judge(&self, expr: &'a Expr, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        if hops > MAX_HOPS {
            return Ok(Quoting::Bare.into());
        }
        match expr {
            Expr::Name(name) => self.name(expr, name.id.as_str(), hops),
            Expr::Attribute(attribute) => self.attribute(expr, attribute, hops),
            Expr::Subscript(subscript) if subscript.slice.is_slice_expr() => {
                self.judge(&subscript.value, hops + 1)
            }
            Expr::Subscript(subscript) => {
                let encoded = string(&subscript.slice).is_some_and(says_encoded);
                Ok(if encoded { Quoting::Safe } else { Quoting::Bare }.into())
            }
            Expr::Call(call) => self.call(call, hops),
            Expr::If(choice) => self.worst(&[&choice.body, &choice.orelse], hops),
            Expr::BoolOp(either) => self.worst(&either.values.iter().collect::<Vec<_>>(), hops),
            Expr::Await(awaited) => self.judge(&awaited.value, hops),
            Expr::Named(named) => self.judge(&named.value, hops),
            // Constants are part of the text; arithmetic and the like is nobody's password.
            _ => Ok(Quoting::Safe.into()),
        }
    }

    /// Of branches that are no constants, the least encoded.
    fn worst(&self, branches: &[&'a Expr], hops: usize) -> Result<Judged<'a>, NotLoaded> {
        let judged = NotLoaded::all(branches.iter().map(|branch| self.judge(branch, hops + 1)))?;
        Ok(judged.into_iter().max_by_key(|judged| judged.quoting).unwrap_or(Quoting::Safe.into()))
    }

    /// Of several assignments, the most encoded: which one runs is not known.
    fn best(&self, bindings: &[&Binding<'a>], hops: usize) -> Result<Option<Judged<'a>>, NotLoaded> {
        let judged = bindings.iter().map(|binding| match binding.value {
            Some(value) => self.judge(value, hops + 1),
            None => Ok(Quoting::Parameter.into()),
        });
        Ok(NotLoaded::all(judged)?.into_iter().min_by_key(|judged| judged.quoting))
    }

    fn name(&self, expr: &'a Expr, name: &str, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        if says_encoded(name) {
            return Ok(Quoting::Safe.into());
        }
        // `password = quote(password)` names itself: only what stands before it counts, and hops are few.
        let held = self.module.index().held(name, expr.start()).into_iter();
        let bindings: Vec<_> = held
            .filter(|binding| !binding.value.is_some_and(|value| value.range().contains_range(expr.range())))
            .collect();
        if let Some(found) = self.best(&bindings, hops)? {
            return Ok(found);
        }
        self.imported(name)
    }

    fn attribute(
        &self,
        expr: &'a Expr,
        attribute: &'a ExprAttribute,
        hops: usize,
    ) -> Result<Judged<'a>, NotLoaded> {
        let name = attribute.attr.as_str();
        if says_encoded(name) || (is_login(name) && is_parsed_url(self.module, &attribute.value)) {
            return Ok(Quoting::Safe.into());
        }
        let qualified = self.module.qualified(expr).unwrap_or_default();
        if qualified.segments() == ["django", "conf", "settings", name] {
            return self.setting(name);
        }
        let assigned: Vec<_> = self.module.index().attribute(name).collect();
        match self.best(&assigned, hops)? {
            Some(found) => Ok(found),
            // `uuid4().hex`
            None if matches!(name, "hex" | "int") => self.judge(&attribute.value, hops + 1),
            None => Ok(Quoting::Bare.into()),
        }
    }

    fn call(&self, call: &'a ExprCall, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        let callee = self.module.qualified(&call.func).unwrap_or_default();
        if let Some(encoder) = Encoder::of(&callee) {
            let twice = call.arguments.find_positional(0).is_some_and(|inner| is_encoded(self.module, inner));
            return Ok(if twice {
                Judged { quoting: Quoting::Twice, call: Some(call) }
            } else {
                encoder.judge(call)
            });
        }
        let method = call.func.as_attribute_expr();
        let last = method.map_or(callee.last(), |method| method.attr.as_str());
        match (last, method) {
            // What leaves the characters as they are; `env.str("KEY")` is no such call.
            ("str", None) => call
                .arguments
                .find_positional(0)
                .map_or(Ok(Quoting::Bare.into()), |inner| self.judge(inner, hops + 1)),
            (
                "strip" | "rstrip" | "lstrip" | "removeprefix" | "removesuffix" | "decode" | "encode"
                | "lower" | "upper",
                Some(method),
            ) => self.judge(&method.value, hops + 1),
            ("join", Some(_)) if joins_letters(self.module.source(&call.arguments)) => {
                Ok(Quoting::Safe.into())
            }
            // Encoding by hand; whoever does that knows what for.
            ("replace" | "translate", _) => Ok(Quoting::Safe.into()),
            _ if leaves_raw(last) => Ok(Quoting::Bare.into()),
            _ if makes_harmless(last) || encodes_by_name(last) || names_encoded(call) => {
                Ok(Quoting::Safe.into())
            }
            _ => self.called(call, &callee, hops),
        }
    }

    /// What a function of the repository returns: of this file, or of the one it is imported from.
    fn called(&self, call: &'a ExprCall, callee: &Dotted<'_>, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        if let Some(name) = call.func.as_name_expr()
            && let Some(found) = self.returned(name.id.as_str(), call.start(), call, hops)?
        {
            return Ok(found);
        }
        let index = self.module.index();
        let root = Dotted::written(&call.func).map_or("", |name| name.first());
        let is_imported = index.import_of(root).is_some();
        if !self.across_files || !is_imported && index.star_imports().is_empty() {
            return Ok(Quoting::Bare.into());
        }
        let Some(found) = self.project.definition(self.path, &callee.to_string())? else {
            let may_encode = is_imported && call.func.is_name_expr() && takes_value(call, callee.last());
            return Ok(if may_encode { Quoting::Safe } else { Quoting::Bare }.into());
        };
        let (path, module) = (found.path.as_str(), &*found.module);
        let judge = Judge { project: self.project, path, module, across_files: false };
        let end = TextSize::of(module.text().as_str());
        let returned = judge.returned(&found.name, end, call, hops + 1)?;
        Ok(returned.map_or(Quoting::Bare, |judged| judged.quoting).into())
    }

    /// `None`: nothing of this name is known to be called here.
    fn returned(
        &self,
        name: &str,
        used: TextSize,
        call: &ExprCall,
        hops: usize,
    ) -> Result<Option<Judged<'a>>, NotLoaded> {
        let index = self.module.index();
        if let Some(function) = index.function_named(name) {
            let statements = index.scope(function.body).statements.iter();
            let returned =
                statements.filter_map(|statement| statement.node.as_return_stmt()?.value.as_deref());
            let judged = NotLoaded::all(returned.map(|value| self.judge(value, hops + 1)))?;
            let known = judged.into_iter().filter(|judged| judged.quoting != Quoting::Parameter);
            return Ok(Some(known.min_by_key(|judged| judged.quoting).unwrap_or(Quoting::Bare.into())));
        }
        match index.held(name, used).as_slice() {
            [binding] => self.value_called(binding.value, call, hops),
            _ => Ok(None),
        }
    }

    /// `enc = partial(quote, safe="")`, `enc = lambda text: quote(text, safe="")`
    fn value_called(
        &self,
        value: Option<&'a Expr>,
        call: &ExprCall,
        hops: usize,
    ) -> Result<Option<Judged<'a>>, NotLoaded> {
        match value {
            Some(Expr::Lambda(lambda)) => self.judge(&lambda.body, hops + 1).map(Some),
            Some(Expr::Call(partial)) => Ok(of_partial(self.module, partial, call).map(Judged::from)),
            _ => Ok(None),
        }
    }

    /// `from config.secrets import PASSWORD`, also with a star.
    fn imported(&self, name: &str) -> Result<Judged<'a>, NotLoaded> {
        if !self.across_files {
            return Ok(Quoting::Bare.into());
        }
        let tree = self.project.tree()?;
        let index = self.module.index();
        let modules: Vec<(Dotted<'_>, &str)> = match index.import_of(name) {
            Some(import) => import.target.split().into_iter().collect(),
            None => index.star_imports().iter().map(|module| (module.clone(), name)).collect(),
        };
        let file = |(module, name): (Dotted<'_>, _)| {
            Some((module_path(&tree, self.path, &module.to_string())?, name))
        };
        self.in_files(&modules.into_iter().filter_map(file).collect::<Vec<_>>())
    }

    /// `settings.NAME`: in any settings file.
    fn setting(&self, name: &str) -> Result<Judged<'a>, NotLoaded> {
        /// Split settings are a handful of files.
        const MOST: usize = 12;
        if !self.across_files {
            return Ok(Quoting::Bare.into());
        }
        let tree = self.project.tree()?;
        let settings = settings::named(&tree).take(MOST);
        self.in_files(&settings.map(|path| (path.to_owned(), name)).collect::<Vec<_>>())
    }

    fn in_files(&self, paths: &[(String, &str)]) -> Result<Judged<'a>, NotLoaded> {
        let modules = NotLoaded::all(paths.iter().map(|(path, _)| self.project.module(path)))?;
        let mut best = Quoting::Bare;
        for ((path, name), module) in paths.iter().zip(&modules) {
            let Some(module) = module else { continue };
            let judge = Judge { project: self.project, path, module, across_files: false };
            let end = TextSize::of(module.text().as_str());
            let found = judge.best(&module.index().held(name, end), 0)?;
            best = found.map_or(best, |judged| best.min(judged.quoting));
        }
        Ok(best.into())
    }
}

/// `env("REDIS_PASSWORD_ENCODED")`, `os.environ.get("…")`
fn names_encoded(call: &ExprCall) -> bool {
    call.arguments.find_positional(0).and_then(string).is_some_and(says_encoded)
}

/// A function of a package that is handed a value: it may encode it. One that is handed a name gets the value from
/// somewhere.
fn takes_value(call: &ExprCall, function: &str) -> bool {
    const GETTERS: [&str; 8] = ["get", "env", "config", "secret", "read", "fetch", "load", "lookup"];
    let function = function.to_ascii_lowercase();
    let value = call.arguments.find_positional(0).filter(|value| !value.is_literal_expr());
    value.is_some() && !GETTERS.iter().any(|word| function.contains(word))
}
