//! Refuses what would exhaust the stack in the parser, in visitors or in drop: `catch_unwind` cannot help there.

/// CPython's own limit of nested brackets.
const MAX_BRACKETS: usize = 200;
/// Operators in one expression without a comma: each may nest the tree one deeper.
const MAX_CHAIN: usize = 5_000;

/// Scans bytes once, skipping strings and comments.
pub(super) fn is_too_deep(source: &str) -> bool {
    let bytes = source.as_bytes();
    // One counter per open bracket: operators seen since the last comma at that level.
    let mut chains = vec![0usize];
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if b"+-*/%@&|^~<>=.".contains(&byte) && bump(&mut chains) {
            return true;
        }
        match byte {
            b'#' => at = end_of_line(bytes, at),
            b'"' | b'\'' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                if bump(&mut chains) || chains.len() > MAX_BRACKETS {
                    return true;
                }
                chains.push(0);
            }
            b')' | b']' | b'}' if chains.len() > 1 => {
                chains.pop();
            }
            b',' | b';' => reset(&mut chains),
            b'\n' if chains.len() == 1 => reset(&mut chains),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                let start = at;
                while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80) {
                    at += 1;
                }
                let word = &bytes[start..at];
                let nests: [&[u8]; 9] =
                    [b"not", b"lambda", b"await", b"and", b"or", b"if", b"else", b"in", b"is"];
                if nests.contains(&word) && bump(&mut chains) {
                    return true;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

fn bump(chains: &mut [usize]) -> bool {
    chains.last_mut().is_some_and(|chain| {
        *chain += 1;
        *chain > MAX_CHAIN
    })
}

fn reset(chains: &mut [usize]) {
    if let Some(chain) = chains.last_mut() {
        *chain = 0;
    }
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n).saturating_sub(1).max(at)
}

/// The offset behind a string that starts at `at`; an unterminated one-line string ends with its line.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let triple = bytes.get(at..at + 3) == Some(&[quote; 3]);
    let mut at = at + if triple { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' if !triple => return at,
            b if b == quote && !triple => return at + 1,
            b if b == quote && bytes.get(at..at + 3) == Some(&[quote; 3]) => return at + 3,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;
    use crate::syntax::python::{Fault, Module};

    #[test]
    fn two_mebibytes_of_anything_that_nests_are_refused_and_do_not_abort() {
        for unit in
            ["(", "[", "{", "-", "~", "not ", "lambda:", "f(", "a.", "1+", "a if b else ", "()", "await "]
        {
            let source = unit.repeat(2 * 1024 * 1024 / unit.len());
            assert_eq!(Module::parse(&Text::new(&source)).fault(), Some(&Fault::TooDeep), "{unit}");
        }
    }

    #[test]
    fn long_flat_files_are_read() {
        let list = format!("X = [{}]\n", "1, ".repeat(100_000));
        assert!(!is_too_deep(&list));
        assert!(!is_too_deep(&"x = '((((' # ((((\n".repeat(10_000)));
        assert!(!is_too_deep(&"'''\n((((\n'''\n".repeat(10_000)));
    }
}
