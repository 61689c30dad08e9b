//! The examples of a rule's page: what stands behind ```` ```py ```` is read here, once, for the people who read the page
//! and for the harness that runs it.

/// Marks a line, or in the info string a file, that must be reported.
pub const MARK: char = '◀';

/// A fenced block that is a file of an example: ```` ```py blog/models.py bad in=slug ◀ warning ````, or
/// ```` ```py blog/migrations/0002_fill.py good but=MIG015 -- its test is not shown ````.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    pub path: &'a str,
    pub words: Vec<Word<'a>>,
    /// Set when the file as a whole must be reported: what stands behind the mark.
    pub mark: Option<&'a str>,
    /// Behind `--`: why another rule may speak of it.
    pub reason: Option<&'a str>,
}

/// What a file is to its example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// Its marked lines must be reported, and nothing else.
    Bad,
    /// Nothing may be reported by any rule of the family.
    Good,
    /// `but=MIG015`: of a good file, that rule may speak nevertheless. It needs a reason.
    But(&'a str),
    /// Just there.
    With,
    /// The file at the merge base; at head too, unless another block or `deleted` says otherwise.
    Base,
    /// At the target's tip.
    Tip,
    /// At the deployed ref.
    Deployed,
    /// In an earlier commit of the change.
    Commit,
    Deleted,
    Symlink,
    /// `from=OLD/PATH`: it was renamed.
    From(&'a str),
    /// `in=NAME`: blocks of one example share a name.
    In(&'a str),
    /// `lines=1043`: the file goes on with empty lines until it has so many.
    Lines(u32),
}

impl<'a> Word<'a> {
    fn parse(word: &'a str) -> Option<Self> {
        Some(match word {
            "bad" => Self::Bad,
            "good" => Self::Good,
            "with" => Self::With,
            "base" => Self::Base,
            "tip" => Self::Tip,
            "deployed" => Self::Deployed,
            "commit" => Self::Commit,
            "deleted" => Self::Deleted,
            "symlink" => Self::Symlink,
            _ => match word.split_once('=')? {
                ("but", code) => Self::But(code),
                ("from", old) => Self::From(old),
                ("in", name) => Self::In(name),
                ("lines", count) => Self::Lines(count.parse().ok()?),
                _ => return None,
            },
        })
    }

    /// For a reader; what only joins blocks is not said.
    fn said(self) -> Option<String> {
        let said = match self {
            Self::Bad => "reported",
            Self::Good => "fine",
            Self::Base => "before the change",
            Self::Tip => "on the target branch by now",
            Self::Deployed => "deployed",
            Self::Commit => "in an earlier commit of the change",
            Self::Deleted => "deleted",
            Self::Symlink => "a symbolic link",
            Self::From(old) => return Some(format!("was {old}")),
            Self::Lines(count) => return Some(format!("{count} lines")),
            Self::With | Self::In(_) | Self::But(_) => return None,
        };
        Some(said.to_owned())
    }
}

/// What is wrong with an info string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FenceError {
    #[error("\"{0}\" is no word of an example's fence")]
    UnknownWord(String),
    #[error("`but=` and a reason behind `--` go together")]
    Reason,
}

impl<'a> Fence<'a> {
    /// `None` when the block names no file: it is no part of an example.
    pub fn parse(info: &'a str) -> Result<Option<Self>, FenceError> {
        let (info, reason) =
            info.split_once("-- ").map_or((info, None), |(info, reason)| (info, Some(reason.trim())));
        let (words, mark) =
            info.split_once(MARK).map_or((info, None), |(words, mark)| (words, Some(mark.trim())));
        let mut words = words.split_whitespace().skip(1);
        let Some(path) = words.next() else { return Ok(None) };
        let word = |word: &'a str| Word::parse(word).ok_or_else(|| FenceError::UnknownWord(word.to_owned()));
        let words: Vec<Word<'_>> = words.map(word).collect::<Result<_, _>>()?;
        if words.iter().any(|word| matches!(word, Word::But(_)))
            != reason.is_some_and(|reason| !reason.is_empty())
        {
            return Err(FenceError::Reason);
        }
        Ok(Some(Self { path, words, mark, reason }))
    }
}

/// `blog/models.py · reported`; `None` when the block names no file.
pub fn caption(info: &str) -> Option<String> {
    let fence = Fence::parse(info).ok()??;
    let said = fence.words.iter().filter_map(|word| word.said());
    let whole_file = fence.mark.map(|_| "the file is reported".to_owned());
    let reason = fence.reason.map(str::to_owned);
    Some(
        [fence.path.to_owned()]
            .into_iter()
            .chain(said)
            .chain(whole_file)
            .chain(reason)
            .collect::<Vec<_>>()
            .join(" · "),
    )
}

#[cfg(test)]
mod tests {
    use super::{Fence, FenceError, caption};

    #[test]
    fn a_caption_says_which_file_it_is_and_what_becomes_of_it() {
        let of = |info| caption(info).unwrap_or_default();
        assert_eq!(of("py blog/models.py bad in=x"), "blog/models.py · reported");
        assert_eq!(of("env .env deleted from=a.env ◀"), ".env · deleted · was a.env · the file is reported");
        assert_eq!(of("py manage.py with"), "manage.py");
        assert_eq!(
            of("py a.py good but=MIG015 -- its test is not shown"),
            "a.py · fine · its test is not shown"
        );
        assert_eq!(of("py a.py base lines=498"), "a.py · before the change · 498 lines");
        assert_eq!(of("sh"), "");
    }

    #[test]
    fn a_word_that_means_nothing_is_not_passed_over() {
        for word in ["goood", "form=a.py", "good,", "ok", "lines=many"] {
            let info = format!("py a.py {word} in=x");
            assert_eq!(Fence::parse(&info), Err(FenceError::UnknownWord(word.to_owned())));
        }
        for info in ["py a.py good but=MIG015", "py a.py good but=MIG015 -- ", "py a.py good -- as it is"] {
            assert_eq!(Fence::parse(info), Err(FenceError::Reason), "{info}");
        }
        assert_eq!(Fence::parse("text"), Ok(None));
    }
}
