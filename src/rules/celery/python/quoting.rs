//! Is the value in a hole percent-encoded? Follows one assignment, in this file or in the one it is imported from.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use crate::project::Project;
use crate::project::django::settings;
use crate::project::python::imports::module_path;
use crate::source::NotLoaded;
use crate::syntax::python::{Binding, Dotted, Module, has_unpacking, string};

use super::super::holes::says_encoded;

/// How a value is encoded, from the harmless to the harmful. A slash is worse than a blank: generated passwords hold it,
/// and kombu ends the host there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quoting {
    /// Encoded, or made of harmless characters, or nobody can tell.
    Safe,
    /// `quote_plus(x)`: a blank becomes `+`, which nobody turns back.
    Plus,
    /// `quote(x)`: `/` stays.
    KeepsSlash,
    /// A parameter: its callers may have encoded it.
    Parameter,
    Bare,
}

/// What is known of one expression.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) quoting: Quoting,
    /// The call of `quote` that decides it, when it stands in this file.
    pub(crate) call: Option<&'a ExprCall>,
}

impl From<Quoting> for Judged<'_> {
    fn from(quoting: Quoting) -> Self {
        Self { quoting, call: None }
    }
}

/// Judges expressions of one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'m, 'a> {
    pub(crate) project: &'m Project,
    pub(crate) path: &'m str,
    pub(crate) module: &'a Module,
    /// Other files may be asked: once.
    pub(crate) across_files: bool,
}

/// Assignments followed before a value is taken as it stands.
const MAX_HOPS: usize = 3;

impl<'a> Judge<'_, 'a> {
    pub(crate) fn quoting(&self, expr: &'a Expr) -> Result<Judged<'a>, NotLoaded> {
        self.judge(expr, 0)
    }

    fn judge(&self, expr: &'a Expr, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        if hops > MAX_HOPS {
            return Ok(Quoting::Bare.into());
        }
        match expr {
            Expr::Name(name) => self.name(expr, name.id.as_str(), hops),
            Expr::Attribute(attribute) => self.attribute(expr, attribute.attr.as_str(), hops),
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

    fn attribute(&self, expr: &'a Expr, name: &str, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        if says_encoded(name) {
            return Ok(Quoting::Safe.into());
        }
        let qualified = self.module.qualified(expr).unwrap_or_default();
        if qualified.segments() == ["django", "conf", "settings", name] {
            return self.setting(name);
        }
        let assigned: Vec<_> = self.module.index().attribute(name).collect();
        Ok(self.best(&assigned, hops)?.unwrap_or(Quoting::Bare.into()))
    }

    fn call(&self, call: &'a ExprCall, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        let callee = self.module.qualified(&call.func).unwrap_or_default();
        if let Some(encoder) = Encoder::of(&callee) {
            return Ok(encoder.judge(call));
        }
        let last = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => callee.last(),
        };
        match last {
            "int" | "float" | "len" | "token_hex" | "token_urlsafe" | "uuid4" | "uuid1" => {
                Ok(Quoting::Safe.into())
            }
            // What leaves the characters as they are; `env.str("KEY")` is no such call.
            "str" if call.func.is_name_expr() => call
                .arguments
                .find_positional(0)
                .map_or(Ok(Quoting::Bare.into()), |inner| self.judge(inner, hops + 1)),
            "strip" | "rstrip" | "lstrip" | "decode" => match &*call.func {
                Expr::Attribute(method) => self.judge(&method.value, hops + 1),
                _ => Ok(Quoting::Bare.into()),
            },
            // Encoding by hand; whoever does that knows what for.
            "replace" | "translate" | "hex" | "hexdigest" => Ok(Quoting::Safe.into()),
            _ if encodes_by_name(last) || names_encoded(call) => Ok(Quoting::Safe.into()),
            _ => self.own_function(call, last, hops),
        }
    }

    /// A function of this file that returns something encoded.
    fn own_function(&self, call: &'a ExprCall, name: &str, hops: usize) -> Result<Judged<'a>, NotLoaded> {
        let index = self.module.index();
        let Some(function) = index.function_named(name).filter(|_| call.func.is_name_expr()) else {
            return Ok(Quoting::Bare.into());
        };
        let statements = index.scope(function.body).statements.iter();
        let returned = statements.filter_map(|statement| statement.node.as_return_stmt()?.value.as_deref());
        let judged = NotLoaded::all(returned.map(|value| self.judge(value, hops + 1)))?;
        let known = judged.into_iter().filter(|judged| judged.quoting != Quoting::Parameter);
        Ok(known.min_by_key(|judged| judged.quoting).unwrap_or(Quoting::Bare.into()))
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
            let end = ruff_text_size::TextSize::of(module.text().as_str());
            let found = judge.best(&module.index().held(name, end), 0)?;
            best = found.map_or(best, |judged| best.min(judged.quoting));
        }
        Ok(best.into())
    }
}

/// Functions that percent-encode.
enum Encoder {
    Quote,
    QuotePlus,
    Complete,
}

impl Encoder {
    fn of(callee: &Dotted<'_>) -> Option<Self> {
        const OF_URLLIB: [&str; 7] = [
            "urllib.parse",
            "urllib",
            "six.moves.urllib.parse",
            "future.moves.urllib.parse",
            "requests.utils",
            "requests.compat",
            "kombu.utils.url",
        ];
        let (module, name) = callee.split()?;
        let of_urllib = OF_URLLIB.iter().any(|known| module == *known);
        match name {
            "quote" if of_urllib => Some(Self::Quote),
            "quote_plus" if of_urllib => Some(Self::QuotePlus),
            "safequote" if module.starts_with("kombu") => Some(Self::Complete),
            "urlquote" | "url_quote" => Some(Self::Quote),
            "urlquote_plus" | "url_quote_plus" => Some(Self::QuotePlus),
            _ => None,
        }
    }

    fn judge<'a>(&self, call: &'a ExprCall) -> Judged<'a> {
        let keeps_reserved = match call.arguments.find_argument_value("safe", 1) {
            None => true,
            Some(safe) => string(safe).is_some_and(|safe| safe.contains(RESERVED)),
        };
        let quoting = match self {
            // `quote(x, *options)`: nobody can tell.
            _ if has_unpacking(&call.arguments) => Quoting::Safe,
            Self::Complete => Quoting::Safe,
            Self::QuotePlus => Quoting::Plus,
            Self::Quote if keeps_reserved => Quoting::KeepsSlash,
            Self::Quote => Quoting::Safe,
        };
        Judged { quoting, call: Some(call) }
    }
}

/// Characters that `safe=` must not keep.
const RESERVED: [char; 13] = ['@', ':', '/', '#', '%', '+', '?', '&', '=', ' ', '[', ']', ';'];

fn encodes_by_name(function: &str) -> bool {
    let name = function.to_ascii_lowercase();
    ["quote", "encode", "escape", "urlsafe"].iter().any(|word| name.contains(word))
}

/// `env("REDIS_PASSWORD_ENCODED")`, `os.environ.get("…")`
fn names_encoded(call: &ExprCall) -> bool {
    call.arguments.find_positional(0).and_then(string).is_some_and(says_encoded)
}
