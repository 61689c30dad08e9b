//! What a query set brings along with its rows: `select_related`, `prefetch_related`, and what leaves some of it out.

use ruff_python_ast::{Arguments, Expr};
use ruff_text_size::TextSize;

use crate::syntax::python::{has_unpacking, string};

/// What is known of a query set beside its model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// Paths of `select_related`.
    pub joined: Vec<String>,
    /// `select_related()` alone.
    pub joins_all: bool,
    /// Look-ups of `prefetch_related`.
    pub fetched: Vec<String>,
    /// It may bring more than can be seen.
    pub is_opaque: bool,
    /// `only`, `defer`, `values` and the like: rows are not whole, or are none.
    pub is_partial: bool,
    /// Cut to so many rows.
    pub limit: Option<usize>,
    /// It begins with a manager on a row, whose rows may be fetched already.
    pub is_related: bool,
    /// It went through more than `all()`: what was fetched before is not used.
    pub is_refined: bool,
    /// The field that a related manager has filled with the row it hangs on.
    pub known: Option<String>,
    /// Where the manager that it begins with ends, if that stands in this file.
    pub manager: Option<TextSize>,
}

impl Loads {
    /// Is a path of relations joined or fetched?
    pub fn has(&self, path: &str) -> bool {
        let reaches = |loaded: &String| {
            loaded == path || loaded.strip_prefix(path).is_some_and(|rest| rest.starts_with("__"))
        };
        self.is_opaque || self.joined.iter().chain(&self.fetched).any(reaches)
    }

    /// Is a look-up of many rows fetched?
    pub fn has_fetched(&self, path: &str) -> bool {
        let reaches = |loaded: &String| {
            loaded == path || loaded.strip_prefix(path).is_some_and(|rest| rest.starts_with("__"))
        };
        self.fetched.iter().any(reaches)
    }

    /// May its rows, and what hangs on them, have been fetched with the row that it hangs on?
    pub fn may_be_fetched(&self) -> bool {
        self.is_related && !self.is_refined
    }

    /// What either of two ways to a value brings.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.joined.extend(other.joined);
        self.fetched.extend(other.fetched);
        self.joins_all |= other.joins_all;
        self.is_opaque |= other.is_opaque || self.known != other.known;
        self.is_partial |= other.is_partial;
        self.is_related |= other.is_related;
        self.is_refined &= other.is_refined;
        self.limit = self.limit.or(other.limit);
        self.manager = self.manager.filter(|at| Some(*at) == other.manager);
        self
    }

    /// After a method that gives another query set of the same model.
    pub(super) fn refined(mut self, method: &str, arguments: &Arguments) -> Self {
        let named = || arguments.args.iter().filter_map(path_of);
        self.is_refined |= method != "all";
        match method {
            "select_related" if arguments.args.is_empty() => self.joins_all = true,
            "select_related" => self.joined.extend(named()),
            "prefetch_related" => self.fetched.extend(named()),
            "only" | "defer" | "values" | "values_list" | "dates" | "datetimes" | "raw" => {
                self.is_partial = true
            }
            "union" | "intersection" | "difference" => self.is_opaque = true,
            _ => {}
        }
        let loads = matches!(method, "select_related" | "prefetch_related");
        self.is_opaque |= loads && (has_unpacking(arguments) || named().count() < arguments.args.len());
        self
    }
}

/// `"tags"`, `Prefetch("tags", …)`
fn path_of(argument: &Expr) -> Option<String> {
    let text = match argument {
        Expr::Call(call) => call
            .arguments
            .args
            .first()
            .or_else(|| call.arguments.find_keyword("lookup").map(|keyword| &keyword.value))?,
        other => other,
    };
    string(text).map(str::to_owned)
}
