//! Refuses what would exhaust the stack in visitors or in drop: `catch_unwind` cannot help there. Counts tokens of the
//! parser's own lexer: what it takes for a string, a field of an f-string or a continued line is that for us too.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

/// CPython's own limit of nested brackets.
const MAX_BRACKETS: usize = 200;
/// CPython's own limit of nested blocks.
const MAX_BLOCKS: usize = 100;
/// What may nest in one expression, over all open brackets: each operator may make the tree one deeper.
const MAX_OPEN: usize = 3_000;

/// Scans the file once, without recursion.
pub(super) fn is_too_deep(source: &str) -> bool {
    let mut lexer = lex(source, Mode::Module);
    let mut open = Open::default();
    let mut after_string = false;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return open.in_f_string() && nesting_signs(source) > MAX_OPEN,
            // The parser may take what follows an unclosed f-string for code, where the lexer sees a string.
            TokenKind::Unknown if open.in_f_string() => return nesting_signs(source) > MAX_OPEN,
            TokenKind::NonLogicalNewline if after_string && open.in_f_string() => {
                return nesting_signs(source) > MAX_OPEN;
            }
            token => {
                after_string = token == TokenKind::String;
                open.take(token);
            }
        }
        if open.is_too_deep() {
            return true;
        }
    }
}

/// One bracket or f-string that is not closed yet.
#[derive(Debug)]
struct Level {
    /// What closes it; `None` for the file itself.
    closed_by: Option<TokenKind>,
    /// Operators since the last comma.
    chain: usize,
    /// Lambdas whose `:` is still to come: commas part their parameters.
    parameters: usize,
    /// A `yield` takes all that follows, commas and all.
    yields: bool,
}

impl Level {
    fn new(closed_by: Option<TokenKind>) -> Self {
        Self { closed_by, chain: 0, parameters: 0, yields: false }
    }
}

#[derive(Debug)]
struct Open {
    file: Level,
    inner: Vec<Level>,
    /// How deep the expressions of all open brackets nest together, as [`MAX_OPEN`] counts it.
    nested: usize,
    blocks: usize,
}

impl Default for Open {
    fn default() -> Self {
        Self { file: Level::new(None), inner: Vec::new(), nested: 0, blocks: 0 }
    }
}

impl Open {
    fn is_too_deep(&self) -> bool {
        self.nested > MAX_OPEN || self.inner.len() > MAX_BRACKETS || self.blocks > MAX_BLOCKS
    }

    fn in_f_string(&self) -> bool {
        self.inner
            .iter()
            .any(|level| matches!(level.closed_by, Some(TokenKind::FStringEnd | TokenKind::TStringEnd)))
    }

    fn level(&mut self) -> &mut Level {
        self.inner.last_mut().unwrap_or(&mut self.file)
    }

    fn take(&mut self, token: TokenKind) {
        use TokenKind as T;
        match token {
            T::Lpar => self.open(T::Rpar),
            T::Lsqb => self.open(T::Rsqb),
            T::Lbrace => self.open(T::Rbrace),
            T::FStringStart => self.open(T::FStringEnd),
            T::TStringStart => self.open(T::TStringEnd),
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => self.close(token),
            T::Indent => self.blocks += 1,
            T::Dedent => self.blocks = self.blocks.saturating_sub(1),
            T::Lambda => {
                self.nest();
                self.level().parameters += 1;
            }
            T::Yield => {
                self.nest();
                self.level().yields = true;
            }
            T::Colon if self.level().parameters > 0 => self.level().parameters -= 1,
            T::Colon if self.inner.is_empty() => self.nest(),
            T::Comma if !self.inner.is_empty() && !self.level().yields && self.level().parameters == 0 => {
                self.end_chain();
            }
            T::Newline | T::Semi if self.inner.is_empty() => {
                self.end_chain();
                self.file = Level::new(None);
            }
            _ if nests(token) => self.nest(),
            _ => {}
        }
    }

    fn nest(&mut self) {
        self.level().chain += 1;
        self.nested += 1;
    }

    fn open(&mut self, closed_by: TokenKind) {
        self.nest();
        self.inner.push(Level::new(Some(closed_by)));
    }

    /// A bracket of another kind closes nothing; the end of an f-string closes what was left open in it.
    fn close(&mut self, token: TokenKind) {
        let is_string = matches!(token, TokenKind::FStringEnd | TokenKind::TStringEnd);
        let opened = self.inner.iter().rposition(|level| level.closed_by == Some(token));
        let Some(at) = opened.filter(|at| is_string || at + 1 == self.inner.len()) else { return };
        self.nested -= self.inner.drain(at..).map(|level| level.chain).sum::<usize>();
    }

    fn end_chain(&mut self) {
        self.nested -= std::mem::take(&mut self.level().chain);
    }
}

fn nests(token: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        token,
        T::Plus
            | T::Minus
            | T::Star
            | T::Slash
            | T::Vbar
            | T::Amper
            | T::Less
            | T::Greater
            | T::Dot
            | T::Percent
            | T::EqEqual
            | T::NotEqual
            | T::LessEqual
            | T::GreaterEqual
            | T::Tilde
            | T::CircumFlex
            | T::LeftShift
            | T::RightShift
            | T::DoubleStar
            | T::DoubleSlash
            | T::ColonEqual
            | T::At
            | T::And
            | T::Await
            | T::Else
            | T::If
            | T::In
            | T::Is
            | T::Not
            | T::Or
    )
}

/// All that could nest if nothing of it stood in a string.
fn nesting_signs(source: &str) -> usize {
    let signs = source.bytes().filter(|b| b"([{+-*/%@&|^~<>.:=!".contains(b)).count();
    let words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
    let nesting = ["not", "lambda", "await", "yield", "and", "or", "if", "else", "in", "is", "class", "def"];
    signs + words.filter(|word| nesting.contains(word)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;
    use crate::syntax::python::{Module, SyntaxFault, normalised_stmts};

    fn fault(source: &str) -> Option<SyntaxFault> {
        Module::parse(&Text::new(source)).fault().cloned()
    }

    #[test]
    fn two_mebibytes_of_anything_that_nests_are_refused_and_do_not_abort() {
        for unit in [
            "(",
            "[",
            "{",
            "-",
            "~",
            "not ",
            "lambda:",
            "f(",
            "a.",
            "1+",
            "a if b else ",
            "()",
            "await ",
            "lambda a,b:",
            "-\\\n",
            "(]",
            "[yield 1,",
            "f'{",
            "f'''{x:{",
            "if x:",
            "(lambda a,(",
        ] {
            let source = format!("x=\\\n{}", unit.repeat(2 * 1024 * 1024 / unit.len()));
            assert_eq!(fault(&source), Some(SyntaxFault::TooDeep), "{unit}");
        }
    }

    #[test]
    fn nesting_cannot_hide_in_f_strings_or_be_spread_over_brackets() {
        let spread = format!("x={}1{}", format!("({}", "-".repeat(4_000)).repeat(199), ")".repeat(199));
        assert_eq!(fault(&spread), Some(SyntaxFault::TooDeep));
        for f_string in ["f\"\"\"{", "t'''{", "rf\"\"\"\\{", "f'''{x '''", "f'''{x:{y '''", "f'{a!r:{"] {
            for unit in ["[", "-", "lambda a,b:", "(\")\","] {
                let source = format!("x={f_string}{}\"\"\"", unit.repeat(300_000));
                let fault = fault(&source);
                assert!(fault.is_some(), "{f_string}{unit}");
                assert!(unit != "[" || fault == Some(SyntaxFault::TooDeep), "{f_string}{unit}");
            }
        }
    }

    #[test]
    fn blocks_nest_as_deep_as_in_python() {
        let nested = |depth: usize| -> String {
            let lines = (0..depth).map(|i| format!("{}if x:\n", " ".repeat(i)));
            lines.chain([format!("{}pass\n", " ".repeat(depth))]).collect()
        };
        assert_eq!(fault(&nested(99)), None);
        assert_eq!(fault(&nested(1_000)), Some(SyntaxFault::TooDeep));
    }

    #[test]
    fn what_is_just_allowed_is_read_and_dropped_on_a_small_stack() {
        for unit in ["-", "not ", "lambda a, b: ", "1 + "] {
            let module = Module::parse(&Text::new(&format!("x = {}1\n", unit.repeat(MAX_OPEN - 1))));
            assert_eq!(module.fault(), None, "{unit}");
            assert!(module.assigned("x").is_some());
            drop(module);
        }
    }

    #[test]
    fn long_flat_files_are_read() {
        let sum = vec!["Value(a.b)"; 1_000].join(" + ");
        let entries = "'k': not -1 + 2.5 * a.b(c, lambda x, y: x + y),\n".repeat(20_000);
        for source in [
            format!("x = {sum}\n"),
            format!("X = {{\n{entries}}}\n"),
            format!("X = [{}]\n", "1, ".repeat(100_000)),
            "x = '((((' # ((((\n".repeat(10_000),
            "'''\n((((\n'''\n".repeat(10_000),
            "x = f'{{{{(((( {a - b:>{width}} {c!r}'; y = -1\n".repeat(10_000),
            "def f(a, *, b: int | None = None) -> A.B:\n    return not a\n".repeat(10_000),
        ] {
            assert_eq!(fault(&source), None, "{}", &source[..60]);
        }
        let broken = Module::parse(&Text::new("a = 1\nb = f'{a'\n"));
        assert!(matches!(broken.fault(), Some(SyntaxFault::Syntax { line: 2, .. })));
        assert_eq!(normalised_stmts(broken.body().get(..1).unwrap_or_default()), "a = 1");
    }
}
