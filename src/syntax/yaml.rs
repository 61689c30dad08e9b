//! YAML: a small tree with the place of every node, over a parser's events.
//!
//! Tolerant: an error ends its document, what was read before it stays, and [`Yaml::broken_at`] says where. Nothing is
//! resolved to a type (`yes` is the text `yes`). Aliases keep their target but are not unfolded: whoever walks the tree
//! sees every node once, however often it is referred to.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::source::Text;

/// How deep collections may nest: the parser stops there, so neither it nor the tree's drop can exhaust the stack.
const MAX_DEPTH: usize = 100;
/// How deep `<<` is followed.
const MAX_MERGES: usize = 16;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
    /// `|` or `>`
    Block,
}

#[derive(Debug)]
pub enum Value {
    /// The text with escapes and folding undone.
    Scalar {
        text: String,
        style: Style,
    },
    Sequence(Vec<Arc<Node>>),
    /// Entries as written: duplicate keys and `<<` stand in it like any other.
    Mapping(Vec<Entry>),
    /// `*name`; no target when the anchor is missing, or is still open (a cycle).
    Alias {
        target: Option<Arc<Node>>,
    },
}

#[derive(Debug)]
pub struct Node {
    pub value: Value,
    /// In the file: of a scalar with its quotes, of an alias with its `*`.
    pub bytes: Range<usize>,
}

#[derive(Debug)]
pub struct Entry {
    pub key: Arc<Node>,
    pub value: Arc<Node>,
}

/// A file: its documents, and how far it could be read.
#[derive(Debug)]
pub struct Yaml {
    documents: Vec<Arc<Node>>,
    nodes: usize,
    broken_at: Option<u32>,
}

impl Yaml {
    /// Never fails; see [`Yaml::broken_at`].
    pub fn parse(text: &Text) -> Self {
        let mut builder = Builder::default();
        let mut broken_at = None;
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        for event in Parser::new_from_str_with_options(text.as_str(), options) {
            match event {
                Ok((event, span)) => builder.take(event, span.byte_range().unwrap_or(0..0)),
                Err(error) => {
                    broken_at = Some(error.marker().line() as u32);
                    break;
                }
            }
        }
        let nodes = builder.nodes;
        Self { documents: builder.finish(text.as_str().len()), nodes, broken_at }
    }

    /// How many nodes it has.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The roots of the documents, in file order.
    pub fn documents(&self) -> &[Arc<Node>] {
        &self.documents
    }

    /// The 1-based line of the syntax error that ended reading early.
    pub fn broken_at(&self) -> Option<u32> {
        self.broken_at
    }
}

impl Node {
    /// The node itself, or what the alias stands for.
    pub fn resolved(&self) -> Option<&Self> {
        match &self.value {
            Value::Alias { target } => target.as_deref(),
            _ => Some(self),
        }
    }

    /// A scalar's text, through an alias too.
    pub fn scalar(&self) -> Option<&str> {
        match &self.resolved()?.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence, through an alias too; empty for anything else.
    pub fn items(&self) -> &[Arc<Self>] {
        match self.resolved().map(|node| &node.value) {
            Some(Value::Sequence(items)) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping as written, through an alias too; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match self.resolved().map(|node| &node.value) {
            Some(Value::Mapping(entries)) => entries,
            _ => &[],
        }
    }

    pub fn is_mapping(&self) -> bool {
        self.resolved().is_some_and(|node| matches!(node.value, Value::Mapping(_)))
    }

    /// The entries with `<<` applied: own keys first, then those of each merged mapping that are new. Of duplicate
    /// keys the last counts.
    pub fn merged(&self) -> Vec<&Entry> {
        let mut merge = Merge::default();
        merge.take(self, 0);
        merge.found
    }

    /// The value of a key, with `<<` applied.
    pub fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.merged().into_iter().find(|entry| entry.key.scalar() == Some(key)).map(|entry| &entry.value)
    }
}

/// Entries gathered over `<<`. Each mapping is looked at once, however often it is merged.
#[derive(Default)]
struct Merge<'a> {
    found: Vec<&'a Entry>,
    keys: HashSet<&'a str>,
    seen: HashSet<*const Entry>,
}

impl<'a> Merge<'a> {
    fn take(&mut self, node: &'a Node, depth: usize) {
        let entries = node.entries();
        if depth > MAX_MERGES || !self.seen.insert(entries.as_ptr()) {
            return;
        }
        let first = self.found.len();
        for entry in entries.iter().rev() {
            let Some(key) = entry.key.scalar().filter(|key| *key != "<<") else { continue };
            if self.keys.insert(key) {
                self.found.push(entry);
            }
        }
        self.found[first..].reverse();
        for entry in entries.iter().filter(|entry| entry.key.scalar() == Some("<<")) {
            match entry.value.items() {
                [] => self.take(&entry.value, depth + 1),
                several => several.iter().for_each(|one| self.take(one, depth + 1)),
            }
        }
    }
}

/// A collection that is still open.
struct Open {
    value: Value,
    start: usize,
    /// The parser's id of its anchor, or 0.
    anchor: usize,
    /// Of a mapping: the key whose value is awaited.
    key: Option<Arc<Node>>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// By the parser's id.
    anchors: HashMap<usize, Arc<Node>>,
    documents: Vec<Arc<Node>>,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, bytes: Range<usize>) {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar { text: text.into_owned(), style: written(style) };
                self.put(Node { value, bytes }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.begin(Value::Sequence(Vec::new()), bytes.start, anchor)
            }
            Event::MappingStart(_, anchor, _) => self.begin(Value::Mapping(Vec::new()), bytes.start, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(bytes.end),
            Event::Alias(id) => {
                let target = self.anchors.get(&id).cloned();
                self.put(Node { value: Value::Alias { target }, bytes }, 0);
            }
            Event::UnresolvedAlias(_) => self.put(Node { value: Value::Alias { target: None }, bytes }, 0),
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
    }

    fn begin(&mut self, value: Value, start: usize, anchor: usize) {
        self.open.push(Open { value, start, anchor, key: None });
    }

    fn end(&mut self, end: usize) {
        let Some(mut open) = self.open.pop() else { return };
        if let (Value::Mapping(entries), Some(key)) = (&mut open.value, open.key.take()) {
            let at = key.bytes.end;
            let nothing = Value::Scalar { text: String::new(), style: Style::Plain };
            let value = Arc::new(Node { value: nothing, bytes: at..at });
            entries.push(Entry { key, value });
        }
        self.put(Node { value: open.value, bytes: open.start..end.max(open.start) }, open.anchor);
    }

    /// Puts a whole node where it belongs; `anchor` is the parser's id of its own, or 0.
    fn put(&mut self, node: Node, anchor: usize) {
        let node = Arc::new(node);
        self.nodes += 1;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else { return self.documents.push(node) };
        match &mut open.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => open.key = Some(node),
            },
            Value::Scalar { .. } | Value::Alias { .. } => {}
        }
    }

    /// Closes what an error left open.
    fn finish(mut self, end: usize) -> Vec<Arc<Node>> {
        while !self.open.is_empty() {
            self.end(end);
        }
        self.documents
    }
}

fn written(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Yaml {
        Yaml::parse(&Text::new(text))
    }

    const COMPOSE: &str = "\
x-env: &env
  A: one  # about a
  B: two
services:
  web:
    environment:
      <<: *env
      B: own
      B: again
    command: >
      run
      it
";

    #[test]
    fn merge_keys_give_way_to_own_keys_and_duplicates_are_kept() {
        let yaml = parse(COMPOSE);
        assert_eq!(yaml.broken_at(), None);
        let web = yaml.documents()[0].get("services").unwrap().get("web").unwrap();
        let environment = web.get("environment").unwrap();
        assert_eq!(environment.get("A").unwrap().scalar(), Some("one"));
        assert_eq!(environment.get("B").unwrap().scalar(), Some("again"));
        assert_eq!(environment.entries().len(), 3);
        assert_eq!(web.get("command").unwrap().scalar(), Some("run it\n"));
    }

    #[test]
    fn every_node_knows_its_place() {
        let text = "a: 'x y'\nb: [é, \"z\"]\n";
        let yaml = parse(text);
        let [a, b] = ["a", "b"].map(|key| yaml.documents()[0].get(key).unwrap());
        assert_eq!(text[a.bytes.clone()], *"'x y'");
        assert_eq!(text[b.items()[1].bytes.clone()], *"\"z\"");
    }

    #[test]
    fn an_error_ends_the_document_and_what_came_before_it_stays() {
        let yaml = parse("a: 1\nb: [1, 2\nc: }\n");
        assert_eq!(yaml.documents()[0].get("a").unwrap().scalar(), Some("1"));
        assert!(yaml.broken_at().is_some_and(|line| line >= 2), "{:?}", yaml.broken_at());
    }

    #[test]
    fn missing_anchors_cycles_and_empty_files_are_read() {
        let yaml = parse("a: *nowhere\nb: &b {c: *b}\n");
        assert_eq!(yaml.broken_at(), None);
        assert_eq!(yaml.documents()[0].get("a").unwrap().scalar(), None);
        assert_eq!(yaml.documents()[0].get("b").unwrap().get("c").unwrap().scalar(), None);
        assert!(parse("").documents().is_empty());
        assert_eq!(parse("a: 1\n---\nb: 2\n").documents().len(), 2);
    }

    #[test]
    fn two_mebibytes_of_anything_that_nests_end_early_and_do_not_abort() {
        for unit in ["[", "{", "- ", "? ", "a: {", "&a [", "!x {", "- - ", "[{", "'", "\"", "|\n ", "*a "] {
            let yaml = parse(&unit.repeat(2 * 1024 * 1024 / unit.len()));
            assert!(yaml.broken_at().is_some() || !unit.contains(['[', '{', '-', '?']), "{unit:?}");
        }
    }

    #[test]
    fn a_merge_of_merges_costs_what_it_holds() {
        let mut bomb = String::from("a0: &a0 {k: v}\n");
        for n in 1..30 {
            let m = n - 1;
            bomb.push_str(&format!("a{n}: &a{n} {{<<: [*a{m}, *a{m}, *a{m}]}}\n"));
        }
        let yaml = parse(&bomb);
        assert!(yaml.documents()[0].get("a29").unwrap().merged().is_empty());
        assert_eq!(yaml.documents()[0].get("a12").unwrap().get("k").unwrap().scalar(), Some("v"));
    }
}
