//! The examples of a rule's page: what the words after ```` ```py path ```` tell a reader.

/// Marks a line, or in the info string a file, that must be reported.
pub const MARK: char = '◀';

/// `blog/models.py · reported`; `None` when the block names no file.
pub fn caption(info: &str) -> Option<String> {
    let (words, whole_file) = info.split_once(MARK).map_or((info, false), |(words, _)| (words, true));
    let mut words = words.split_whitespace().skip(1);
    let path = words.next()?;
    let said = words.filter_map(said);
    let whole_file = whole_file.then(|| "the file is reported".to_owned());
    Some([path.to_owned()].into_iter().chain(said).chain(whole_file).collect::<Vec<_>>().join(" · "))
}

fn said(word: &str) -> Option<String> {
    let said = match word {
        "bad" => "reported",
        "good" => "fine",
        "base" => "before the change",
        "tip" => "on the target branch by now",
        "deployed" => "deployed",
        "commit" => "in an earlier commit of the change",
        "deleted" => "deleted",
        "symlink" => "a symbolic link",
        _ => return word.strip_prefix("from=").map(|old| format!("was {old}")),
    };
    Some(said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::caption;

    #[test]
    fn a_caption_says_which_file_it_is_and_what_becomes_of_it() {
        let of = |info| caption(info).unwrap_or_default();
        assert_eq!(of("py blog/models.py bad in=x"), "blog/models.py · reported");
        assert_eq!(of("env .env deleted from=a.env ◀"), ".env · deleted · was a.env · the file is reported");
        assert_eq!(of("py manage.py with"), "manage.py");
        assert_eq!(of("sh"), "");
    }
}
