//! What a Python file reads of the environment: through `os`, django-environ, environs, python-decouple, python-dotenv.

use std::borrow::Cow;
use std::collections::HashMap;

use ruff_python_ast::{BoolOp, Expr, ExprCall, ExprContext};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::source::NotLoaded;
use crate::syntax::python::{Module, string, walk_exprs};

use crate::project::Project;

/// By whose means a key is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `os.environ`, `os.getenv`
    Os,
    /// django-environ
    Environ,
    Environs,
    Decouple,
    /// What python-dotenv's `dotenv_values` returned.
    DotenvValues,
}

/// What becomes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// It stays a text.
    Text,
    Bool,
    /// A database's settings out of a URL.
    Database,
    Other,
}

/// One place that reads a key.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    pub key: Cow<'a, str>,
    pub reader: Reader,
    pub cast: Cast,
    /// What it is worth where the environment lacks it: an argument, the right of an `or`, the default of a scheme.
    pub default: Option<&'a Expr>,
    /// It is worth something without one: `os.getenv`, or a scheme in another file that has a default.
    pub is_optional: bool,
    /// It stands in a scheme, `Env(DEBUG=(bool, False))`, and is read elsewhere.
    pub is_declared: bool,
    pub range: TextRange,
}

impl Ranged for Read<'_> {
    fn range(&self) -> TextRange {
        self.range
    }
}

impl Read<'_> {
    /// Does the program stop where the environment lacks the key?
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !self.is_optional
    }
}

/// Everything that a file reads of the environment, in source order.
pub fn of_module<'a>(project: &Project, path: &str, module: &'a Module) -> Result<Vec<Read<'a>>, NotLoaded> {
    const SIGNS: [&str; 6] = ["environ", "getenv", "decouple", "dotenv", "env(", "env."];
    let text = module.text().as_str();
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Ok(Vec::new());
    }
    let mut search = Search { project, path, module, objects: HashMap::new(), fallbacks: HashMap::new() };
    let (mut reads, mut missing) = (Vec::new(), NotLoaded::default());
    walk_exprs(module.body(), &mut |expr| match search.look(expr) {
        Ok(found) => reads.extend(found),
        Err(more) => missing.merge(more),
    });
    reads.sort_by_key(|read: &Read<'_>| read.range.start());
    if missing.wants.is_empty() { Ok(reads) } else { Err(missing) }
}

/// What reads when it is called.
#[derive(Clone, Debug)]
struct EnvObject {
    reader: Reader,
    /// Before every key.
    prefix: String,
    scheme: Vec<Declared>,
}

/// A key of a scheme.
#[derive(Clone, Debug)]
struct Declared {
    key: String,
    cast: Cast,
    has_default: bool,
}

struct Search<'a, 'p> {
    project: &'p Project,
    path: &'p str,
    module: &'a Module,
    /// What the names of the file are, by how they are written.
    objects: HashMap<String, Option<EnvObject>>,
    /// The right of `read or right`, by where the read begins.
    fallbacks: HashMap<TextSize, &'a Expr>,
}

impl<'a> Search<'a, '_> {
    fn look(&mut self, expr: &'a Expr) -> Result<Vec<Read<'a>>, NotLoaded> {
        match expr {
            Expr::BoolOp(op) if op.op == BoolOp::Or => {
                if let [read, fallback, ..] = op.values.as_slice() {
                    self.fallbacks.insert(read.start(), fallback);
                }
                Ok(Vec::new())
            }
            Expr::Subscript(subscript) if subscript.ctx == ExprContext::Load => {
                let Some(key) = string(&subscript.slice) else { return Ok(Vec::new()) };
                let reader = self.mapping(&subscript.value)?;
                Ok(reader.map(|reader| self.read(key, reader, expr.range())).into_iter().collect())
            }
            Expr::Call(call) => self.call(call),
            _ => Ok(Vec::new()),
        }
    }

    fn call(&mut self, call: &'a ExprCall) -> Result<Vec<Read<'a>>, NotLoaded> {
        if let Some(object) = env_object(self.module, call) {
            return Ok(self.declared(call, object.reader));
        }
        let first = call
            .arguments
            .find_argument_value("var", 0)
            .or(call.arguments.find_keyword("name").map(|k| &k.value));
        let key = first.and_then(string);
        if let Some(name) = self.module.qualified(&call.func) {
            if name == "os.getenv" || name == "os.environ.get" {
                let key = key.or_else(|| call.arguments.find_keyword("key").and_then(|k| string(&k.value)));
                return Ok(key.map(|key| self.optional(key, Reader::Os, call)).into_iter().collect());
            }
            if let (true, Some(key)) = (name == "decouple.config", key) {
                return Ok(vec![self.of_decouple(key, call)]);
            }
        }
        match (&*call.func, key) {
            (Expr::Attribute(method), Some(key)) if method.attr.as_str() == "get" => {
                if self.mapping(&method.value)? == Some(Reader::DotenvValues) {
                    return Ok(vec![self.optional(key, Reader::DotenvValues, call)]);
                }
                Ok(Vec::new())
            }
            (Expr::Attribute(method), _) => {
                let object = self.object(&method.value)?;
                let read =
                    object.and_then(|object| self.of_object(&object, Some(method.attr.as_str()), key, call));
                Ok(read.into_iter().collect())
            }
            (callee, Some(key)) => {
                let object = self.object(callee)?;
                Ok(object
                    .and_then(|object| self.of_object(&object, None, Some(key), call))
                    .into_iter()
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn read(&self, key: &'a str, reader: Reader, range: TextRange) -> Read<'a> {
        let default = self.fallbacks.get(&range.start()).copied();
        let key = Cow::Borrowed(key);
        Read { key, reader, cast: Cast::Text, default, is_optional: false, is_declared: false, range }
    }

    /// `os.getenv(key, default)`
    fn optional(&self, key: &'a str, reader: Reader, call: &'a ExprCall) -> Read<'a> {
        let read = self.read(key, reader, call.range());
        let own = call.arguments.find_argument_value("default", 1);
        Read { default: read.default.or(own), is_optional: true, ..read }
    }

    /// `config(key, default=…, cast=…)`
    fn of_decouple(&self, key: &'a str, call: &'a ExprCall) -> Read<'a> {
        let read = self.read(key, Reader::Decouple, call.range());
        let default = call.arguments.find_argument_value("default", 1).or(read.default);
        let cast = call
            .arguments
            .find_argument_value("cast", 2)
            .map_or(Cast::Text, |cast| named_cast(self.module, cast));
        Read { default, cast, ..read }
    }

    /// `env(key)`, `env.bool(key, default=…)`
    fn of_object(
        &self,
        object: &EnvObject,
        method: Option<&str>,
        key: Option<&'a str>,
        call: &'a ExprCall,
    ) -> Option<Read<'a>> {
        if object.reader == Reader::Decouple {
            return key.filter(|_| method.is_none()).map(|key| self.of_decouple(key, call));
        }
        let cast = method.map_or(Some(Cast::Text), cast_of)?;
        let key = key.or_else(|| method.filter(|_| call.arguments.args.is_empty()).and_then(implied))?;
        let declared = object.scheme.iter().find(|declared| declared.key == *key);
        let read = self.read(key, object.reader, call.range());
        // The second argument of django-environ's `env()` is a cast.
        let is_cast_second = method.is_none() && object.reader == Reader::Environ;
        let default = call.arguments.find_argument_value("default", if is_cast_second { 2 } else { 1 });
        let by_default = || default.filter(|_| object.reader == Reader::Environ).map_or(Cast::Text, type_of);
        let cast = match (cast, call.arguments.find_argument_value("cast", 1).filter(|_| is_cast_second)) {
            (Cast::Text, Some(named)) => named_cast(self.module, named),
            (Cast::Text, None) if method.is_none() => {
                declared.map_or_else(by_default, |declared| declared.cast)
            }
            (cast, _) => cast,
        };
        let key = match &*object.prefix {
            "" => Cow::Borrowed(key),
            prefix => Cow::Owned(format!("{prefix}{key}")),
        };
        let is_optional = declared.is_some_and(|declared| declared.has_default);
        Some(Read { key, cast, default: default.or(read.default), is_optional, ..read })
    }

    /// The keys of `Env(DEBUG=(bool, False))`.
    fn declared(&self, call: &'a ExprCall, reader: Reader) -> Vec<Read<'a>> {
        let keywords = call.arguments.keywords.iter().filter(|_| reader == Reader::Environ);
        let read = |keyword: &'a ruff_python_ast::Keyword| {
            let key = keyword.arg.as_ref()?.as_str();
            let (cast, default) = scheme_entry(self.module, &keyword.value)?;
            let read = self.read(key, reader, keyword.range);
            Some(Read { cast, default, is_declared: true, ..read })
        };
        keywords.filter_map(read).collect()
    }

    /// What is read by `[key]`.
    fn mapping(&mut self, expr: &'a Expr) -> Result<Option<Reader>, NotLoaded> {
        let Some(name) = self.module.qualified(expr) else { return Ok(None) };
        if name == "os.environ" {
            return Ok(Some(Reader::Os));
        }
        let value = expr.as_name_expr().and_then(|name| self.module.index().held_once(name));
        let callee = value.and_then(Expr::as_call_expr).and_then(|call| self.module.qualified(&call.func));
        let is_values = callee.is_some_and(|callee| callee == "dotenv.dotenv_values");
        if is_values {
            return Ok(Some(Reader::DotenvValues));
        }
        let object = if looks_like_env(expr) { self.object(expr)? } else { None };
        Ok(object.filter(|object| object.prefix.is_empty()).map(|object| object.reader))
    }

    /// What a name is, if it reads: one of this file, or of another that it was imported from.
    fn object(&mut self, expr: &'a Expr) -> Result<Option<EnvObject>, NotLoaded> {
        if let Expr::Call(call) = expr {
            return Ok(env_object(self.module, call));
        }
        if !looks_like_env(expr) {
            return Ok(None);
        }
        let Some(name) = self.module.qualified(expr).map(|name| name.to_string()) else { return Ok(None) };
        if let Some(known) = self.objects.get(&name) {
            return Ok(known.clone());
        }
        let own = expr.as_name_expr().and_then(|name| self.module.index().held_once(name));
        let object = match own {
            Some(value) => value.as_call_expr().and_then(|call| env_object(self.module, call)),
            None => self.project.definition(self.path, &name)?.and_then(|definition| {
                let value = definition.module.assigned(&definition.name)?;
                env_object(&definition.module, value.as_call_expr()?)
            }),
        };
        self.objects.insert(name, object.clone());
        Ok(object)
    }
}

/// Files are only asked for names that may well be readers.
fn looks_like_env(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    let name = name.to_ascii_lowercase();
    name.contains("env") || name.contains("config")
}

/// `environ.Env(…)`, `environs.Env()`, `decouple.Config(…)`. `None` also where a prefix cannot be known.
fn env_object(module: &Module, call: &ExprCall) -> Option<EnvObject> {
    let name = module.qualified(&call.func)?;
    let reader = match name.segments() {
        ["environ", "Env" | "FileAwareEnv"] => Reader::Environ,
        ["environs", "Env" | "FileAwareEnv"] => Reader::Environs,
        ["decouple", "AutoConfig" | "Config"] => Reader::Decouple,
        _ => return None,
    };
    let mut prefixes = module.index().attribute("prefix").filter_map(|binding| binding.value);
    let prefix = match (prefixes.next(), prefixes.next()) {
        (None, _) => "",
        (Some(only), None) => string(only)?,
        _ => return None,
    };
    // environs gives another object, whose keys are longer.
    let is_prefixed = module.index().calls_of("prefixed").next().is_some();
    if is_prefixed && reader == Reader::Environs {
        return None;
    }
    let entries = call.arguments.keywords.iter().filter_map(|keyword| {
        let (cast, default) = scheme_entry(module, &keyword.value)?;
        Some(Declared { key: keyword.arg.as_ref()?.to_string(), cast, has_default: default.is_some() })
    });
    let scheme = if reader == Reader::Environ { entries.collect() } else { Vec::new() };
    Some(EnvObject { reader, prefix: prefix.to_owned(), scheme })
}

/// `(bool, False)`, or a cast alone.
fn scheme_entry<'a>(module: &Module, value: &'a Expr) -> Option<(Cast, Option<&'a Expr>)> {
    match value {
        Expr::Tuple(pair) => match pair.elts.as_slice() {
            [cast, default] => Some((named_cast(module, cast), Some(default))),
            [cast] => Some((named_cast(module, cast), None)),
            _ => None,
        },
        cast => Some((named_cast(module, cast), None)),
    }
}

fn named_cast(module: &Module, cast: &Expr) -> Cast {
    match module.qualified(cast) {
        Some(name) if name == "bool" => Cast::Bool,
        Some(name) if name == "str" => Cast::Text,
        _ => Cast::Other,
    }
}

/// django-environ casts to the type of the default, as `Env.smart_cast` has it.
fn type_of(default: &Expr) -> Cast {
    match default {
        Expr::BooleanLiteral(_) => Cast::Bool,
        Expr::StringLiteral(_) | Expr::NoneLiteral(_) => Cast::Text,
        _ => Cast::Other,
    }
}

/// By the method's name; `None` for what reads nothing.
fn cast_of(method: &str) -> Option<Cast> {
    Some(match method {
        "str" | "get_value" | "unicode" => Cast::Text,
        "bool" => Cast::Bool,
        "db" | "db_url" | "dj_db_url" => Cast::Database,
        "bytes" | "int" | "float" | "decimal" | "json" | "list" | "tuple" | "dict" | "set" | "url"
        | "path" | "cache" | "cache_url" | "dj_cache_url" | "email" | "email_url" | "dj_email_url"
        | "search_url" | "channels" | "channels_url" | "date" | "datetime" | "time" | "timedelta"
        | "uuid" | "log_level" | "enum" => Cast::Other,
        _ => return None,
    })
}

/// The key that django-environ reads where none is given.
fn implied(method: &str) -> Option<&'static str> {
    Some(match method {
        "db" | "db_url" => "DATABASE_URL",
        "cache" | "cache_url" => "CACHE_URL",
        "email" | "email_url" => "EMAIL_URL",
        "search_url" => "SEARCH_URL",
        "channels" | "channels_url" => "CHANNELS_URL",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::django::tests::project;

    /// `KEY cast default`, with `!` where the program stops without the key.
    fn reads(files: &[(&str, &str)]) -> Vec<String> {
        let project = project(files);
        let module = project.module("config/settings.py").unwrap().unwrap();
        let reads = of_module(&project, "config/settings.py", &module).unwrap();
        let shown = reads.iter().map(|read| {
            let default = read.default.map_or("-", |default| module.source(default));
            format!("{}{} {:?} {default}", if read.is_required() { "!" } else { "" }, read.key, read.cast)
        });
        shown.collect()
    }

    #[test]
    fn every_library_s_way_to_read_is_known() {
        const ENVIRON: &str = "import environ\nenv = environ.Env(DEBUG=(bool, False), PORT=int)\n";
        for (head, source, want) in [
            ("import os\n", "os.environ['A']", "!A Text -"),
            ("import os\n", "os.environ.get('A', 'b')", "A Text 'b'"),
            ("import os\n", "os.environ.get('A') or 'b'", "A Text 'b'"),
            ("from os import getenv, environ\n", "getenv('A')", "A Text -"),
            ("from os import getenv, environ as e\n", "e['A']", "!A Text -"),
            ("import os\n", "os.environ.setdefault('A', 'b')", ""),
            ("from decouple import config\n", "config('A', default=True, cast=bool)", "A Bool True"),
            ("from decouple import config\n", "config('A')", "!A Text -"),
            ("import environs\nenv = environs.Env()\n", "env('A', 'b')", "A Text 'b'"),
            ("from environs import Env\nenv = Env()\n", "env.bool('A', True)", "A Bool True"),
            ("from dotenv import dotenv_values\nconfig = dotenv_values()\n", "config['A']", "!A Text -"),
            ("import environ\nenv = environ.Env()\n", "env('A')", "!A Text -"),
            ("import environ\nenv = environ.Env()\n", "env('A', default=False)", "A Bool False"),
            ("import environ\nenv = environ.Env()\n", "env('A', bool)", "!A Bool -"),
            ("import environ\nenv = environ.Env()\n", "env.db()", "!DATABASE_URL Database -"),
            ("import environ\nenv = environ.Env()\nenv.prefix = 'X_'\n", "env('A')", "!X_A Text -"),
            ("import environ\nenv = environ.Env()\n", "env.read_env('.env')", ""),
            ("from config.env import env\n", "env('DEBUG')", "DEBUG Bool -"),
            ("from .env import *\n", "env.int('PORT')", "!PORT Other -"),
            ("config = {}\n", "config['A'], config.get('B'), env('C')", ""),
        ] {
            let settings = format!("{head}X = {source}\n");
            let own =
                reads(&[("config/settings.py", &settings), ("config/env.py", ENVIRON), ("manage.py", "")]);
            assert_eq!(own.join("; "), want, "{settings}");
        }
    }

    #[test]
    fn a_scheme_is_read_where_it_stands() {
        let settings = "import environ\nenv = environ.Env(DEBUG=(bool, True))\nDEBUG = env('DEBUG')\n";
        assert_eq!(reads(&[("config/settings.py", settings)]), ["DEBUG Bool True", "DEBUG Bool -"]);
    }
}
