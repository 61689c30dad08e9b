//! Functions that percent-encode.

use ruff_python_ast::{Expr, ExprCall};

use crate::syntax::python::{Dotted, Module, has_unpacking, string};

use super::judged::{Judged, Quoting};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoder {
    Quote,
    QuotePlus,
    Complete,
}

/// Characters that `safe=` must not keep.
const RESERVED: [char; 13] = ['@', ':', '/', '#', '%', '+', '?', '&', '=', ' ', '[', ']', ';'];

impl Encoder {
    pub(super) fn of(callee: &Dotted<'_>) -> Option<Self> {
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

    pub(super) fn judge<'a>(self, call: &'a ExprCall) -> Judged<'a> {
        let safe = call.arguments.find_argument_value("safe", 1);
        // `quote(x, *options)`: nobody can tell.
        let quoting = if has_unpacking(&call.arguments) { Quoting::Safe } else { self.keeping(safe) };
        Judged { quoting, call: Some(call) }
    }

    /// With this argument for `safe`.
    fn keeping(self, safe: Option<&Expr>) -> Quoting {
        let keeps_reserved = match safe {
            None => true,
            Some(safe) => string(safe).is_some_and(|safe| safe.contains(RESERVED)),
        };
        match self {
            Self::Complete => Quoting::Safe,
            Self::QuotePlus => Quoting::Plus,
            Self::Quote if keeps_reserved => Quoting::KeepsSlash,
            Self::Quote => Quoting::Safe,
        }
    }
}

/// What `partial(quote, safe="")` makes of its argument, called so: `call`.
pub(super) fn of_partial(module: &Module, partial: &ExprCall, call: &ExprCall) -> Option<Quoting> {
    let callee = module.qualified(&partial.func).filter(|callee| callee.last() == "partial")?;
    callee.split().filter(|(of, _)| *of == "functools")?;
    let encoder = Encoder::of(&module.qualified(partial.arguments.find_positional(0)?)?)?;
    if has_unpacking(&partial.arguments) || has_unpacking(&call.arguments) {
        return Some(Quoting::Safe);
    }
    let own = call.arguments.find_argument_value("safe", 1);
    let bound = partial.arguments.find_keyword("safe").map(|keyword| &keyword.value);
    Some(encoder.keeping(own.or(bound)))
}

/// A function that undoes an encoding, or makes another one with characters that end a URL: base64 has `/`.
pub(super) fn leaves_raw(function: &str) -> bool {
    const BASES: [&str; 6] =
        ["b64encode", "standard_b64encode", "encodebytes", "b85encode", "a85encode", "encodestring"];
    let name = function.to_ascii_lowercase();
    ["unquote", "urldecode", "unescape"].iter().any(|word| name.contains(word))
        || BASES.contains(&name.as_str())
}

pub(super) fn encodes_by_name(function: &str) -> bool {
    let name = function.to_ascii_lowercase();
    ["quote", "encode", "escape", "urlsafe"].iter().any(|word| name.contains(word))
}

/// A function whose result has letters and digits only, or `-` and `_`.
pub(super) fn makes_harmless(function: &str) -> bool {
    const MAKERS: [&str; 13] = [
        "int",
        "float",
        "len",
        "hex",
        "hexdigest",
        "hexlify",
        "token_hex",
        "token_urlsafe",
        "uuid1",
        "uuid4",
        "uuid5",
        "get_random_string",
        "make_random_password",
    ];
    MAKERS.contains(&function)
}

/// `"".join(random.choices(string.ascii_letters + string.digits, k=20))`, by what it names.
pub(super) fn joins_letters(written: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| written.contains(word));
    has(&["ascii_letters", "ascii_lowercase", "ascii_uppercase", "hexdigits", "digits"])
        && !has(&["punctuation", "printable"])
}
