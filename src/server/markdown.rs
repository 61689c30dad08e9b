//! Markdown of our own rule pages as HTML. Raw HTML in it is shown, not run.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::rules::example::{self, MARK};

const MARKED: &str = "<span class=\"mark\" title=\"this line is reported\">◀</span>";

/// HTML that may stand in a page as it is.
pub(super) fn to_html(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, parser.map(harmless));
    out.replace(MARK, MARKED)
}

/// Text of the first heading of the first level.
pub(super) fn title(markdown: &str) -> Option<String> {
    let mut title = None;
    for event in Parser::new(markdown) {
        match (event, &mut title) {
            (Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }), None) => title = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(so_far)) => so_far.push_str(&text),
            (Event::End(TagEnd::Heading(_)), Some(_)) => return title,
            _ => {}
        }
    }
    None
}

fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_harmless(&dest_url) { dest_url } else { "#".into() };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        // Nothing is loaded from elsewhere: an image is its description.
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => Event::Html(code_block(&info).into()),
        Event::End(TagEnd::CodeBlock) => Event::Html("</code></pre></figure>\n".into()),
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Event::Html(code_block("").into()),
        other => other,
    }
}

fn code_block(info: &str) -> String {
    let caption = example::caption(info)
        .map_or_else(String::new, |caption| format!("<figcaption>{}</figcaption>", escaped(&caption)));
    // Messages may be broken anywhere; code keeps its lines.
    let wraps =
        if matches!(info.split_whitespace().next(), None | Some("text")) { " class=\"wrap\"" } else { "" };
    format!("<figure>{caption}<pre tabindex=\"0\"{wraps}><code>")
}

fn is_harmless(url: &str) -> bool {
    let local = url.starts_with('/') || url.starts_with('#') || !url.contains(':');
    local || url.starts_with("https://") || url.starts_with("http://")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{title, to_html};

    #[test]
    fn raw_html_is_shown_and_not_run() {
        let html = to_html(
            "# A <b>title</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](http://e/x.png)\n",
        );
        for run in ["<script", "<b>", "javascript:", "<img"] {
            assert!(!html.contains(run), "{html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn an_example_shows_the_file_it_is() {
        let html = to_html("```python trees/migrations/<3>.py bad\nx < 1  ◀\n```\n");
        assert!(html.contains("<figcaption>trees/migrations/&lt;3&gt;.py · reported</figcaption>"), "{html}");
        assert!(html.contains("<code>x &lt; 1  <span class=\"mark\""), "{html}");
    }

    #[test]
    fn the_title_is_the_first_heading() {
        assert_eq!(
            title("text\n\n# Every `RunPython` has its reverse\n").as_deref(),
            Some("Every RunPython has its reverse")
        );
        assert_eq!(title("## only a section\n"), None);
    }
}
