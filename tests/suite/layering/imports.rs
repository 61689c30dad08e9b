//! What a source file names of this crate: read token by token, so that neither a line break, braces, a comment nor a
//! string can hide or fake a path.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path from the crate's root: `["forge", "retry", "Retry"]`. A name that the file takes from nowhere else counts as
/// its own: `Vec::new` in `forge` is `["forge", "Vec", "new"]`. A glob ends with `*`.
pub(super) type Path = Vec<String>;

/// What one file names, without what stands under `#[cfg(test)]`: tests may look anywhere.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Every path of a `use` and of the code.
    pub(super) paths: Vec<Path>,
    /// For each `use` the name that it gives, and what that is.
    pub(super) names: Vec<(String, Path)>,
    /// Modules in files of their own that stand under `#[cfg(test)]`.
    pub(super) tests: Vec<Path>,
}

/// Of the text of the module at this path.
pub(super) fn imports(source: &str, module: &[String]) -> Imports {
    let tokens = TokenStream::from_str(source).unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut found = Imports::default();
    found.scan(tokens, module);
    found
}

impl Imports {
    fn scan(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at..] {
                [sign, TokenTree::Group(attribute), item @ ..] if is(sign, '#') && is_cfg_test(attribute) => {
                    2 + self.test_item(item, module)
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if word == "mod" =>
                {
                    self.scan(body.stream(), &below(module, &name.to_string()));
                    3
                }
                // Not the `use<…>` of a type.
                [TokenTree::Ident(word), tree @ ..]
                    if word == "use" && !tree.first().is_some_and(|t| is(t, '<')) =>
                {
                    let length = tree.iter().position(|t| is(t, ';')).unwrap_or(tree.len());
                    self.use_tree(&tree[..length], None, module);
                    1 + length
                }
                [TokenTree::Ident(_), colon, ..] if is(colon, ':') => self.code_path(&tokens[at..], module),
                [TokenTree::Group(group), ..] => {
                    self.scan(group.stream(), module);
                    1
                }
                _ => 1,
            };
        }
    }

    /// An item under `#[cfg(test)]`; gives its length.
    fn test_item(&mut self, tokens: &[TokenTree], module: &[String]) -> usize {
        let attributes = 2 * tokens.chunks(2).take_while(|pair| is(&pair[0], '#')).count();
        let item = &tokens[attributes.min(tokens.len())..];
        if let [TokenTree::Ident(word), TokenTree::Ident(name), end, ..] = item
            && word == "mod"
            && is(end, ';')
        {
            self.tests.push(below(module, &name.to_string()));
        }
        let is_use = matches!(item, [TokenTree::Ident(word), ..] if word == "use");
        let body = |t: &TokenTree| matches!(t, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let length = item.iter().position(|t| is(t, ';') || (!is_use && body(t)));
        attributes + length.map_or(item.len(), |last| last + 1)
    }

    /// `a::{b, c as d}`, without its `use` and `;`. `before` is what stands before the braces around it.
    fn use_tree(&mut self, tokens: &[TokenTree], before: Option<&Path>, module: &[String]) {
        let mut path = before.cloned();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    let path = path.unwrap_or_default();
                    self.names.push((tokens[index + 1].to_string(), path.clone()));
                    return self.paths.push(path);
                }
                TokenTree::Ident(word) => step(&mut path, &word.to_string(), module),
                TokenTree::Punct(sign) if sign.as_char() == '*' => step(&mut path, "*", module),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in inner.split(|t| is(t, ',')).filter(|branch| !branch.is_empty()) {
                        self.use_tree(branch, path.as_ref(), module);
                    }
                    return;
                }
                _ => {}
            }
        }
        let path = path.unwrap_or_default();
        self.names.extend(path.last().map(|name| (name.clone(), path.clone())));
        self.paths.push(path);
    }

    /// `a::b::c` in code, and `a` of `a: T`, which is no path; gives its length.
    fn code_path(&mut self, tokens: &[TokenTree], module: &[String]) -> usize {
        let mut path = None;
        let mut length = 0;
        while let Some(TokenTree::Ident(word)) = tokens.get(length) {
            step(&mut path, &word.to_string(), module);
            length += 1;
            match tokens.get(length..length + 2) {
                Some([one, two]) if is(one, ':') && is(two, ':') => length += 2,
                _ => break,
            }
        }
        if length > 1 {
            self.paths.push(path.unwrap_or_default());
        }
        length
    }
}

/// One word further along a path; the first one says where it begins.
fn step(path: &mut Option<Path>, word: &str, module: &[String]) {
    match (word, &mut *path) {
        ("crate", _) => *path = Some(Vec::new()),
        ("self", None) => *path = Some(module.to_vec()),
        ("self", Some(_)) => {}
        ("super", None) => *path = Some(module[..module.len().saturating_sub(1)].to_vec()),
        ("super", Some(path)) => drop(path.pop()),
        (word, None) => *path = Some(below(module, word)),
        (word, Some(path)) => path.push(plain(word)),
    }
}

fn below(module: &[String], name: &str) -> Path {
    module.iter().cloned().chain([plain(name)]).collect()
}

/// `r#type` is `type`.
fn plain(name: &str) -> String {
    name.trim_start_matches("r#").to_owned()
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_cfg_test(attribute: &Group) -> bool {
    attribute.delimiter() == Delimiter::Bracket
        && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}
