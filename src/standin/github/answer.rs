//! Answers, and the lists among them.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))
    }

    pub(super) fn not_found() -> Self {
        Self::message(404, "Not Found")
    }

    /// The reviews endpoint names what it dislikes as strings, and never which comment.
    pub(super) fn unprocessable(errors: &[&str]) -> Self {
        Self::json(422, &json!({"message": "Unprocessable Entity", "errors": errors}))
    }

    pub(super) fn bytes(content_type: &str, body: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![("content-type", content_type.to_owned())], body }
    }
}

/// Which part of a list was asked for.
#[derive(Clone, Debug)]
pub(super) struct Paging<'a> {
    pub(super) base_url: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) longest: usize,
}

impl Paging<'_> {
    fn number(&self, name: &str) -> Option<usize> {
        self.query.iter().find(|(k, _)| k == name).and_then(|(_, v)| v.parse().ok())
    }

    /// The page of these items, and the `Link` header when there are more.
    pub(super) fn cut(&self, items: Vec<Value>, default: usize) -> (Vec<Value>, Option<String>) {
        let size = self.number("per_page").unwrap_or(default).clamp(1, 100.max(default)).min(self.longest);
        let page = self.number("page").unwrap_or(1).max(1);
        let total = items.len();
        let shown: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
        let link = (page * size < total).then(|| {
            let mut query: Vec<String> = self
                .query
                .iter()
                .filter(|(k, _)| k != "page")
                .map(|(k, v)| {
                    format!(
                        "{k}={}",
                        percent_encoding::utf8_percent_encode(v, percent_encoding::NON_ALPHANUMERIC)
                    )
                })
                .collect();
            query.push(format!("page={}", page + 1));
            format!("<{}{}?{}>; rel=\"next\"", self.base_url, self.path, query.join("&"))
        });
        (shown, link)
    }

    /// A plain list.
    pub(super) fn list(&self, items: Vec<Value>) -> Answer {
        let (shown, link) = self.cut(items, 30);
        let mut answer = Answer::ok(&Value::Array(shown));
        answer.headers.extend(link.map(|l| ("link", l)));
        answer
    }

    /// A list inside an object, with its total.
    pub(super) fn wrapped(&self, key: &str, items: Vec<Value>) -> Answer {
        let total = items.len();
        let (shown, link) = self.cut(items, 30);
        let mut body = json!({"total_count": total});
        body[key] = Value::Array(shown);
        let mut answer = Answer::ok(&body);
        answer.headers.extend(link.map(|l| ("link", l)));
        answer
    }
}
