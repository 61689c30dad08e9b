//! A GraphQL query, taken apart: just enough of the language for the queries that the client sends.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value, json};

/// One selected field, or an inline fragment with its type's name.
#[derive(Clone, Debug)]
pub(super) enum Selection {
    Field { alias: String, name: String, arguments: Vec<(String, Value)>, inner: Vec<Selection> },
    On { kind: String, inner: Vec<Selection> },
}

/// The query of a request with its variables put in; nothing, where it does not parse.
pub(super) fn parsed(body: &Value) -> Option<Vec<Selection>> {
    let query = body.get("query").and_then(Value::as_str).unwrap_or("");
    let variables = body.get("variables").cloned().unwrap_or_default();
    Parser { rest: query.chars().peekable(), variables: &variables }.operation()
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    variables: &'a Value,
}

impl Parser<'_> {
    fn operation(&mut self) -> Option<Vec<Selection>> {
        (self.word()? == "query").then_some(())?;
        self.word()?;
        self.blank();
        // The declared types are the schema test's business.
        while *self.rest.peek()? != '{' {
            self.rest.next();
        }
        self.selections()
    }

    fn blank(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.blank();
        self.rest.next_if(|c| *c == wanted).is_some()
    }

    fn word(&mut self) -> Option<String> {
        self.blank();
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
        }
        (!word.is_empty()).then_some(word)
    }

    fn selections(&mut self) -> Option<Vec<Selection>> {
        self.eat('{').then_some(())?;
        let mut selections = Vec::new();
        while !self.eat('}') {
            selections.push(self.selection()?);
        }
        Some(selections)
    }

    fn selection(&mut self) -> Option<Selection> {
        if self.eat('.') {
            (self.eat('.') && self.eat('.') && self.word()? == "on").then_some(())?;
            let kind = self.word()?;
            return Some(Selection::On { kind, inner: self.selections()? });
        }
        let alias = self.word()?;
        let name = if self.eat(':') { self.word()? } else { alias.clone() };
        let mut arguments = Vec::new();
        if self.eat('(') {
            while !self.eat(')') {
                let argument = self.word()?;
                self.eat(':').then_some(())?;
                arguments.push((argument, self.value()?));
            }
        }
        self.blank();
        let inner = if self.rest.peek() == Some(&'{') { self.selections()? } else { Vec::new() };
        Some(Selection::Field { alias, name, arguments, inner })
    }

    fn value(&mut self) -> Option<Value> {
        if self.eat('$') {
            let name = self.word()?;
            return Some(self.variables.get(&name).cloned().unwrap_or_default());
        }
        if self.eat('{') {
            let mut object = Map::new();
            while !self.eat('}') {
                let key = self.word()?;
                self.eat(':').then_some(())?;
                object.insert(key, self.value()?);
            }
            return Some(Value::Object(object));
        }
        let word = self.word()?;
        Some(word.parse::<u64>().map_or_else(|_| json!(word), |n| json!(n)))
    }
}
