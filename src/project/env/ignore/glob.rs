//! The patterns of gitignore(5), byte by byte. Braces mean nothing in them.

use std::cell::Cell;

/// One step of a pattern.
#[derive(Clone, Debug)]
enum Token {
    Byte(u8),
    /// `?`: any byte but a slash.
    One,
    /// `[…]`: any of these bytes but a slash.
    Class(Box<[bool; 256]>),
    /// `*`
    Star,
    /// `**`, over slashes too.
    Deep,
    /// What follows, a [`Token::Deep`] and a slash, may be left out: `**/` is no folder, or any number of them.
    Perhaps,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    tokens: Vec<Token>,
    /// Bytes that it needs at least.
    least: usize,
}

impl Glob {
    /// `None` where nothing can match it: a class without its end or of an unknown name, a backslash at the end.
    /// `whole_path`: it is held against a path, where `**` reaches over slashes.
    pub(super) fn parse(pattern: &[u8], whole_path: bool) -> Option<Self> {
        let literal = pattern.iter().position(|byte| is_special(*byte)).unwrap_or(pattern.len());
        let (literal, rest) = pattern.split_at(literal);
        let mut tokens: Vec<Token> = literal.iter().copied().map(Token::Byte).collect();
        // Git cuts off what comes before the first sign, so a `**` there counts as the beginning: `foo**/bar`.
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            at += 1;
            match byte {
                b'?' => tokens.push(Token::One),
                b'[' => {
                    let (class, end) = class(rest, at)?;
                    tokens.push(Token::Class(class));
                    at = end;
                }
                b'\\' => {
                    tokens.push(Token::Byte(*rest.get(at)?));
                    at += 1;
                }
                b'*' => {
                    let start = at - 1;
                    at += rest.get(at..)?.iter().take_while(|byte| **byte == b'*').count();
                    let begins = start == 0 || rest.get(start - 1) == Some(&b'/');
                    let several = whole_path && at - start > 1 && begins;
                    at = stars(&mut tokens, rest, at, several);
                }
                literal => tokens.push(Token::Byte(*literal)),
            }
        }
        let optional = tokens.iter().filter(|token| matches!(token, Token::Perhaps)).count();
        let fixed = |token: &&Token| matches!(token, Token::Byte(_) | Token::One | Token::Class(_));
        let least = tokens.iter().filter(fixed).count() - optional;
        Some(Self { tokens, least })
    }

    /// Is the whole text of this form? `None` when that costs more than what is left to spend.
    pub(super) fn matches(&self, text: &[u8], left: &Cell<usize>) -> Option<bool> {
        if self.least > text.len() {
            return Some(false);
        }
        let states = self.tokens.len() + 1;
        let mut active = vec![false; states];
        active[0] = true;
        self.pass_freely(&mut active);
        for byte in text {
            left.set(left.get().checked_sub(states)?);
            let mut next = vec![false; states];
            for (at, token) in self.tokens.iter().enumerate().filter(|(at, _)| active[*at]) {
                let (takes, stays) = token.takes(*byte);
                next[at + 1] |= takes;
                next[at] |= stays;
            }
            self.pass_freely(&mut next);
            if !next.contains(&true) {
                return Some(false);
            }
            active = next;
        }
        Some(active[self.tokens.len()])
    }

    /// What may be left out is left out; all such ways lead forward.
    fn pass_freely(&self, active: &mut [bool]) {
        for (at, token) in self.tokens.iter().enumerate() {
            let behind: &[usize] = match token {
                Token::Star | Token::Deep => &[1],
                Token::Perhaps => &[1, 3],
                Token::Byte(_) | Token::One | Token::Class(_) => &[],
            };
            if active[at] {
                behind.iter().for_each(|step| active[at + step] = true);
            }
        }
    }
}

impl Token {
    /// Is a byte taken, and may the token take more of them?
    fn takes(&self, byte: u8) -> (bool, bool) {
        let no_slash = byte != b'/';
        match self {
            Self::Byte(own) => (*own == byte, false),
            Self::One => (no_slash, false),
            Self::Class(class) => (no_slash && class[usize::from(byte)], false),
            Self::Star => (false, no_slash),
            Self::Deep => (false, true),
            Self::Perhaps => (false, false),
        }
    }
}

/// The signs that end a literal beginning.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// Behind a run of stars; `several`: it is a `**` that begins a part of the path. Returns where the pattern goes on.
fn stars(tokens: &mut Vec<Token>, rest: &[u8], at: usize, several: bool) -> usize {
    match rest.get(at..) {
        Some([b'/', ..]) if several => {
            // `**/**/` is no more than one of them.
            if !matches!(tokens.as_slice(), [.., Token::Perhaps, Token::Deep, Token::Byte(b'/')]) {
                tokens.extend([Token::Perhaps, Token::Deep, Token::Byte(b'/')]);
            }
            at + 1
        }
        None | Some([] | [b'\\', b'/', ..]) if several => {
            tokens.push(Token::Deep);
            at
        }
        _ => {
            tokens.push(Token::Star);
            at
        }
    }
}

/// A class from behind its `[`: its bytes, and where the pattern goes on.
fn class(pattern: &[u8], mut at: usize) -> Option<(Box<[bool; 256]>, usize)> {
    let mut bytes = Box::new([false; 256]);
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    let first = at;
    // What a `-` begins from.
    let mut from = None;
    loop {
        match pattern.get(at..)? {
            [b']', ..] if at > first => break,
            [b'[', b':', rest @ ..] => {
                let end = rest.iter().position(|byte| *byte == b']')?;
                if let Some(name) = rest.get(..end).and_then(|inside| inside.strip_suffix(b":")) {
                    let is_in = posix(name)?;
                    (0..=u8::MAX).filter(is_in).for_each(|byte| bytes[usize::from(byte)] = true);
                    (from, at) = (None, at + 2 + end + 1);
                    continue;
                }
                bytes[usize::from(b'[')] = true;
                (from, at) = (Some(b'['), at + 1);
            }
            [b'-', next, rest @ ..] if from.is_some() && *next != b']' => {
                let (last, length) = if *next == b'\\' { (*rest.first()?, 3) } else { (*next, 2) };
                (from.unwrap_or(last)..=last).for_each(|byte| bytes[usize::from(byte)] = true);
                (from, at) = (None, at + length);
            }
            [b'\\', rest @ ..] => {
                let byte = *rest.first()?;
                bytes[usize::from(byte)] = true;
                (from, at) = (Some(byte), at + 2);
            }
            [byte, ..] => {
                bytes[usize::from(*byte)] = true;
                (from, at) = (Some(*byte), at + 1);
            }
            [] => return None,
        }
    }
    if negated {
        bytes.iter_mut().for_each(|is_in| *is_in = !*is_in);
    }
    Some((bytes, at + 1))
}

/// The named classes, of ASCII alone as Git has them.
fn posix(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| byte.is_ascii_graphic() || *byte == b' ',
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}
