//! Dotted names: `models.CharField`, `..core.models.Base`.

use std::fmt;

use ruff_python_ast::Expr;

/// A dotted name as segments of the source, with the leading dots of a relative import. It reads like its text, and
/// is compared without making one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dotted<'a> {
    /// Leading dots.
    level: u32,
    segments: Segments<'a>,
}

/// Names have few segments: those stay on the stack.
#[derive(Clone, Debug)]
enum Segments<'a> {
    Few([&'a str; 6], usize),
    Many(Vec<&'a str>),
}

impl Default for Segments<'_> {
    fn default() -> Self {
        Self::Few([""; 6], 0)
    }
}

impl<'a> Segments<'a> {
    fn push(&mut self, segment: &'a str) {
        match self {
            Self::Few(few, used) => match few.get_mut(*used) {
                Some(free) => {
                    *free = segment;
                    *used += 1;
                }
                None => *self = Self::Many(few.iter().copied().chain([segment]).collect()),
            },
            Self::Many(many) => many.push(segment),
        }
    }

    fn as_slice(&self) -> &[&'a str] {
        match self {
            Self::Few(few, used) => few.get(..*used).unwrap_or_default(),
            Self::Many(many) => many,
        }
    }

    fn reverse(&mut self) {
        match self {
            Self::Few(few, used) => few.get_mut(..*used).unwrap_or_default().reverse(),
            Self::Many(many) => many.reverse(),
        }
    }
}

impl PartialEq for Segments<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Segments<'_> {}

impl<'a> FromIterator<&'a str> for Segments<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(segments: I) -> Self {
        let mut own = Self::default();
        segments.into_iter().for_each(|segment| own.push(segment));
        own
    }
}

impl<'a> Dotted<'a> {
    /// `a.b.c` as it is written; `None` for what is no dotted name.
    pub fn written(expr: &'a Expr) -> Option<Self> {
        let mut segments = Segments::default();
        let mut rest = expr;
        while let Expr::Attribute(attribute) = rest {
            segments.push(attribute.attr.as_str());
            rest = &attribute.value;
        }
        segments.push(rest.as_name_expr()?.id.as_str());
        segments.reverse();
        Some(Self { level: 0, segments })
    }

    /// A module's name, as an import gives it.
    pub(super) fn module(level: u32, name: Option<&'a str>) -> Self {
        Self { level, segments: name.into_iter().flat_map(|name| name.split('.')).collect() }
    }

    /// This name with further segments.
    pub fn with(mut self, more: &[&'a str]) -> Self {
        more.iter().for_each(|segment| self.segments.push(segment));
        self
    }

    pub fn segments(&self) -> &[&'a str] {
        self.segments.as_slice()
    }

    pub fn first(&self) -> &'a str {
        self.segments().first().copied().unwrap_or("")
    }

    pub fn last(&self) -> &'a str {
        self.segments().last().copied().unwrap_or("")
    }

    /// The segments behind the first.
    pub(super) fn rest(&self) -> &[&'a str] {
        self.segments().get(1..).unwrap_or_default()
    }

    /// A name without a dot.
    pub fn is_plain(&self) -> bool {
        self.level == 0 && self.segments().len() == 1
    }

    /// Does its text start so? `starts_with("django.db.")` wants a segment behind the last dot.
    pub fn starts_with(&self, text: &str) -> bool {
        let mut own = self.bytes();
        text.bytes().all(|byte| own.next() == Some(byte))
    }

    /// Does its text end so?
    pub fn ends_with(&self, text: &str) -> bool {
        let mut own = self.bytes().rev();
        text.bytes().rev().all(|byte| own.next() == Some(byte))
    }

    /// Is it this name, or one below it?
    pub fn is_in(&self, name: &str) -> bool {
        let mut own = self.bytes();
        name.bytes().all(|byte| own.next() == Some(byte)) && matches!(own.next(), None | Some(b'.'))
    }

    /// The same for a name that is one already.
    pub fn is_below(&self, name: &Dotted<'_>) -> bool {
        self.level == name.level && self.segments().starts_with(name.segments())
    }

    /// `a.b.C` → (`a.b`, `C`); `.C` → (`.`, `C`); a plain name has no module.
    pub fn split(&self) -> Option<(Self, &'a str)> {
        let (name, module) = self.segments().split_last().filter(|_| !self.is_plain())?;
        Some((Self { level: self.level, segments: module.iter().copied().collect() }, name))
    }

    fn bytes(&self) -> impl DoubleEndedIterator<Item = u8> {
        let dots = std::iter::repeat_n(b'.', self.level as usize);
        let segments = self.segments().iter().enumerate().flat_map(|(at, segment)| {
            let dot = (at > 0).then_some(b'.');
            dot.into_iter().chain(segment.bytes())
        });
        dots.chain(segments)
    }
}

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.level).try_for_each(|_| f.write_str("."))?;
        for (at, segment) in self.segments().iter().enumerate() {
            f.write_str(if at > 0 { "." } else { "" })?;
            f.write_str(segment)?;
        }
        Ok(())
    }
}

impl PartialEq<str> for Dotted<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl PartialEq<&str> for Dotted<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_compared_like_its_text() {
        for (level, name) in [(0, "django.db.models.Model"), (0, "x"), (1, "models.Post"), (2, ""), (3, "a")]
        {
            let dotted = Dotted::module(level, Some(name).filter(|name| !name.is_empty()));
            let text = format!("{}{name}", ".".repeat(level as usize));
            assert_eq!(dotted.to_string(), text);
            assert_eq!(dotted, text.as_str());
            for part in ["", "d", "django", "django.", "Model", ".Model", "s.Post", ".", "..", "x.", "a"] {
                assert_eq!(dotted.starts_with(part), text.starts_with(part), "{text} {part}");
                assert_eq!(dotted.ends_with(part), text.ends_with(part), "{text} {part}");
                assert_eq!(dotted == part, text == part, "{text} {part}");
            }
        }
        let name = Dotted::module(0, Some("django.db.models"));
        assert!(name.is_in("django.db") && name.is_in("django.db.models"));
        assert!(!name.is_in("django.d") && !name.is_in("django.db.models.fields"));
    }
}
