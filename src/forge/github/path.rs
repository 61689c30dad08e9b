//! Addresses: hostile names become path segments, never path syntax.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::id::{Repository, Sha};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment, or one query value.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A file's path, segment by segment. `None` for what could climb out: empty, `.` and `..` segments.
pub(super) fn file(path: &str) -> Option<String> {
    let climbs = path.split('/').any(|s| matches!(s, "" | "." | ".."));
    (!climbs).then(|| path.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

/// `/repos/{owner}/{name}`
pub(super) fn repository(repository: &Repository) -> String {
    format!("/repos/{}/{}", segment(&repository.owner), segment(&repository.name))
}

/// The address for people that belongs to a REST address.
pub(super) fn web(api: &str) -> String {
    let api = api.trim_end_matches('/');
    match api {
        "https://api.github.com" => "https://github.com".to_owned(),
        _ => api.strip_suffix("/api/v3").unwrap_or(api).to_owned(),
    }
}

/// The page of a line at a commit. A path that cannot be a link leads to the commit.
pub(super) fn line(
    web: &str,
    repository: &Repository,
    commit: &Sha,
    path: &str,
    line: Option<u32>,
) -> String {
    let home = format!("{web}/{}/{}", segment(&repository.owner), segment(&repository.name));
    match (file(path), line) {
        (Some(path), Some(line)) => format!("{home}/blob/{commit}/{path}#L{line}"),
        (Some(path), None) => format!("{home}/blob/{commit}/{path}"),
        (None, _) => format!("{home}/commit/{commit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(file("a b/c#d?e%f.py").as_deref(), Some("a%20b/c%23d%3Fe%25f.py"));
        assert_eq!(file("ä/.env").as_deref(), Some("%C3%A4/.env"));
        for path in ["../x", "a/../b", "a//b", "/a", "a/", "", "./a"] {
            assert_eq!(file(path), None, "{path}");
        }
        assert_eq!(segment("dependabot[bot]"), "dependabot%5Bbot%5D");
    }

    #[test]
    fn people_are_sent_to_the_page_beside_the_interface() {
        assert_eq!(web("https://api.github.com/"), "https://github.com");
        assert_eq!(web("https://git.example.org/api/v3"), "https://git.example.org");
        let repository = Repository { id: 1, owner: "ada".into(), name: "trees".into(), installation: None };
        let sha = Sha::parse(&"a".repeat(40)).unwrap();
        let url = line("https://github.com", &repository, &sha, "a b.py", Some(3));
        assert_eq!(url, format!("https://github.com/ada/trees/blob/{sha}/a%20b.py#L3"));
        assert!(
            line("https://github.com", &repository, &sha, "../x", Some(3))
                .ends_with(&format!("commit/{sha}"))
        );
    }
}
