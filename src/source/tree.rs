//! A commit's tree and the contents of its files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::change::{Mode, Path};
use crate::model::id::Sha;

use super::text::Text;

/// The longest file that is parsed, in bytes.
pub const MAX_FILE: u64 = 2 * 1024 * 1024;

/// What is kept of each line beside its text, in bytes.
const LINE: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    pub mode: Mode,
    /// Its content's id; `None` in a tree that was derived and not listed.
    pub blob: Option<Sha>,
    /// In bytes, where the listing told.
    pub size: Option<u64>,
}

/// All files of a commit, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub entries: BTreeMap<Path, TreeEntry>,
    /// The forge cut the listing: a path that is not in `entries` may still exist.
    pub truncated: bool,
}

impl Tree {
    pub fn contains(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// Paths directly or deeper inside `folder` (`""` is the root), ascending.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let prefix =
            if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let from = prefix.clone();
        self.entries
            .range(from..)
            .map(|(path, _)| path.as_str())
            .take_while(move |path| path.starts_with(&prefix))
    }

    /// Paths whose last component is `name`, ascending.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries.keys().map(String::as_str).filter(move |path| file_name(path) == name)
    }
}

/// The last component of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folders that a path stands in, nearest first, down to the repository's own.
pub fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder(path)), |at| (!at.is_empty()).then(|| folder(at)))
}

/// The folder of a path, `""` for the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Pictures, fonts, archives, recorded data: by their names, nothing that a rule reads.
pub fn is_data(path: &str) -> bool {
    const DATA: [&str; 43] = [
        "7z", "avif", "bmp", "bz2", "csv", "db", "doc", "docx", "eot", "exe", "geojson", "gif", "gz", "ico",
        "jar", "jpeg", "jpg", "lock", "map", "mo", "mp3", "mp4", "odt", "ogg", "otf", "pdf", "png", "po",
        "pot", "pyc", "so", "sqlite3", "svg", "tar", "tif", "tiff", "ttf", "wav", "webm", "webp", "woff",
        "woff2", "zip",
    ];
    file_name(path).rsplit_once('.').is_some_and(|(_, end)| DATA.contains(&end.to_ascii_lowercase().as_str()))
}

/// Files of other people that stand in the tree.
pub fn is_vendored(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "node_modules" | "site-packages" | "bower_components" | "staticfiles"))
}

/// `folder/name`, without a leading slash for the root folder.
pub fn join(folder: &str, name: &str) -> Path {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// What reading a file gave.
#[derive(Clone, Debug)]
pub enum Blob {
    /// UTF-8, or Latin-1 where a comment says so.
    Text(Text),
    /// Text in another encoding: each byte is read as the character of its number, so that what is ASCII stays.
    Bytewise(Text),
    /// The raw bytes of what is no text: of UTF-16 all, else at most the first 1,024, enough to know a format by its
    /// magic.
    Binary(Vec<u8>),
    /// Longer than [`MAX_FILE`]; the size where it is known.
    TooLarge(Option<u64>),
    Missing,
}

impl Blob {
    /// How many bytes of a binary file are kept.
    pub const MAGIC: usize = 1024;

    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.len() as u64 > MAX_FILE {
            return Self::TooLarge(Some(bytes.len() as u64));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Self::Text(Text::new(text)),
            Err(_) if says_latin_1(bytes) && !bytes.contains(&0) => Self::Text(bytewise(bytes)),
            Err(_) if bytes.iter().all(|byte| is_of_text(*byte)) => Self::Bytewise(bytewise(bytes)),
            _ if bytes.iter().all(|byte| *byte == 0 || is_of_text(*byte)) => Self::Binary(bytes.to_vec()),
            _ => Self::Binary(bytes[..bytes.len().min(Self::MAGIC)].to_vec()),
        }
    }

    /// What every reader takes for the same text.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text for whom only ASCII matters.
    pub fn text_by_bytes(&self) -> Option<&Text> {
        match self {
            Self::Text(text) | Self::Bytewise(text) => Some(text),
            _ => None,
        }
    }

    /// As Git has it, as far as it was kept.
    pub fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Text(text) => Some(text.as_str().as_bytes().into()),
            // Each character was one byte.
            Self::Bytewise(text) => Some(text.as_str().chars().map(|c| c as u8).collect::<Vec<u8>>().into()),
            Self::Binary(bytes) => Some(bytes.into()),
            Self::TooLarge(_) | Self::Missing => None,
        }
    }

    /// Bytes kept in memory: of a text, or of the index of its lines where those are very short.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Bytewise(text) => {
                text.as_str().len().max(text.line_count() as usize * LINE)
            }
            Self::Binary(bytes) => bytes.len(),
            Self::TooLarge(_) | Self::Missing => 0,
        }
    }
}

fn bytewise(bytes: &[u8]) -> Text {
    Text::new(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
}

/// No encoding of text has the other control characters; pictures and keys are full of them.
fn is_of_text(byte: u8) -> bool {
    !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | 0x1B)
}

/// Do the first two lines hold the comment by which Python (PEP 263) and editors know the encoding?
fn says_latin_1(bytes: &[u8]) -> bool {
    const NAMES: [&str; 5] = ["latin-1", "latin1", "iso-8859-1", "iso8859-1", "l1"];
    bytes.split(|b| *b == b'\n').take(2).any(|line| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase().replace('_', "-");
        let comment = line.trim_start().strip_prefix('#');
        let told = comment.and_then(|c| c.split_once("coding")).map_or("", |(_, told)| told);
        let name = told.strip_prefix([':', '=']).unwrap_or("").trim_start();
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
        NAMES.contains(&&name[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_is_text_where_a_comment_says_so() {
        let text = |bytes: &[u8]| Blob::from_bytes(bytes).text().map(|text| text.as_str().to_owned());
        let read = text(b"#!/usr/bin/python\n# -*- coding: ISO_8859-1 -*-\nx = '\xe9'\n");
        assert!(read.is_some_and(|read| read.ends_with("x = '\u{e9}'\n")));
        assert_eq!(text(b"# coding: latin-1\n# caf\xe9\0\n"), None);
        assert_eq!(text(b"# coding: utf-16\n# caf\xe9\n"), None);
        assert_eq!(text(b"x = 'coding: latin-1'\n# caf\xe9\n"), None);
    }

    #[test]
    fn other_encodings_are_read_byte_by_byte_and_what_is_no_text_is_not() {
        let latin = Blob::from_bytes(b"# f\xFCr alle\nA=\x80\n");
        assert_eq!(latin.text(), None);
        assert_eq!(latin.text_by_bytes().map(|text| text.line(1)), Some("# f\u{FC}r alle"));
        assert_eq!(latin.bytes().as_deref(), Some(b"# f\xFCr alle\nA=\x80\n".as_slice()));
        for bytes in [b"\x89PNG\r\n\x1A\n".as_slice(), b"a\0b\0", b"Salted__\x90\x01\xE2"] {
            assert!(matches!(Blob::from_bytes(bytes), Blob::Binary(_)), "{bytes:?}");
        }
    }
}
