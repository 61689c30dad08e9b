//! Whatever a pull request is called and contains: nothing of it becomes markup, a mention, an escape or a leak.

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};
use red_panda::model::finding::*;
use red_panda::model::judgement::Reported;
use red_panda::model::marker;
use red_panda::model::plan::Side;
use red_panda::model::pull::Capabilities;
use red_panda::report::status::Stage;
use red_panda::report::terminal::Terminal;
use red_panda::report::{annotations, json, sarif};
use red_panda::source::Text;

use super::fixtures::*;

const SECRET: &str = "hunter2-never-shown";
const FILE: &str = "trees/views.py";

const NASTY: [&str; 34] = [
    "@octocat",
    "#1",
    "GH-1",
    "a/b#2",
    "!7",
    "`",
    "```",
    "<!--",
    "-->",
    "<b>",
    "<img src=x>",
    "![x](https://evil.test/i)",
    "[a](https://evil.test)",
    "|",
    "\n",
    "\r\n",
    "\u{202e}",
    "\u{1b}[31m",
    "https://evil.test",
    "www.evil.test",
    "~~",
    "**",
    "__a__",
    "\\",
    "</details>",
    "</sub>",
    "::error::x",
    "%0A",
    "1. ",
    "- ",
    "> ",
    "&lt;",
    "me@evil.test",
    "模型",
];

fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(NASTY.as_slice()).prop_map(str::to_owned),
        2 => "[a-z]{1,8}",
        2 => Just(" ".to_owned()),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

#[derive(Clone, Debug)]
struct Seed {
    text: [String; 5],
    line: u32,
    secret: bool,
    severity: u8,
    whole_file: bool,
}

fn seed() -> impl Strategy<Value = Seed> {
    let text = proptest::array::uniform5(nasty());
    (text, 1u32..30, any::<bool>(), 0u8..3, proptest::bool::weighted(0.2)).prop_map(
        |(text, line, secret, severity, whole_file)| Seed { text, line, secret, severity, whole_file },
    )
}

fn finding(seed: &Seed) -> Finding {
    let [headline, consequence, fix, name, replacement] = &seed.text;
    let planted = if seed.secret { SECRET } else { "" };
    let node = |text: String| if seed.secret { NodeText::Secret(text) } else { NodeText::Open(text) };
    let place = match seed.whole_file {
        true => Place::Path(format!("{name}/{FILE}")),
        false => Place::Head { path: FILE.into(), span: span(seed.line, 1, 9) },
    };
    Finding {
        code: "SEC005",
        severity: [Severity::Advice, Severity::Warning, Severity::Error][seed.severity as usize],
        confidence: Confidence::Certain,
        place,
        cause: None,
        subject: name.clone(),
        node: node(format!("{planted}{replacement}")),
        headline: format!("{} holds {headline}", code(name)),
        consequence: consequence.clone(),
        fix: Some(Fix {
            safety: FixSafety::Ask,
            text: fix.clone(),
            edits: vec![Edit { span: span(seed.line, 3, 5), replacement: format!("{replacement}{planted}") }],
        }),
    }
}

/// The lines of secrets hold them, all others are nasty.
fn source(seeds: &[Seed], line: u32) -> String {
    let here = seeds.iter().filter(|s| s.line == line);
    let secret = here.clone().any(|s| s.secret && !s.whole_file);
    let nasty = here.map(|s| s.text[4].replace(['\n', '\r'], "")).next().unwrap_or_default();
    if secret { format!("key = {SECRET} {nasty}") } else { format!("    {nasty} = 1") }
}

/// Everything that is rendered: Markdown with its budget, and other texts.
fn render(seeds: &[Seed], capabilities: Capabilities) -> (Vec<(String, usize)>, Vec<String>) {
    let findings: Vec<Reported> =
        seeds.iter().enumerate().map(|(i, s)| reported(i as u32 + 1, finding(s))).collect();
    let mut judged = judgement(findings);
    judged.notes = seeds.iter().map(|s| s.text[1].clone()).collect();
    let lines: Vec<String> = (1..40).map(|line| source(seeds, line)).collect();
    let mut world = World { capabilities, lines: lines.clone(), ..World::default() };
    let mut markdown = Vec::new();
    let pressing = judged.findings.iter().any(|r| r.finding.severity > Severity::Advice);
    let review = world.publish(&judged, &[]).review;
    assert_eq!(review.is_some(), pressing);
    if let Some(review) = review {
        assert!(marker::parse(&review.body).is_some());
        markdown.push((review.body, capabilities.body));
        for comment in review.comments {
            assert_eq!(marker::parse(&comment.body).unwrap().1, comment.fingerprints);
            markdown.push((comment.body, capabilities.body));
        }
    }
    judged.not_looked_at = seeds.iter().map(|s| unseen(&s.text[0], &s.text[2])).collect();
    let stage = Stage::Judged { judgement: &judged, inline: &HashSet::new() };
    let check = status_of(capabilities, "feature/@octocat#1`|", &stage);
    markdown.push((check.summary, capabilities.body));
    let after = world.publish(&judgement(vec![]), &[]);
    assert_eq!(after.edits.is_empty(), !pressing, "what was posted is marked as fixed");
    markdown.extend(after.edits.into_iter().map(|e| (e.body, capabilities.body)));

    let text = |_: Side, _: &str| Some(Text::new(&lines.join("\n")));
    let terminal = Terminal { colour: false, source: &text, elapsed_ms: None }.render(&judged);
    assert!(terminal.chars().all(|c| c == '\n' || !c.is_control() && !is_invisible(c)), "{terminal:?}");
    let actions = annotations::render(&judged);
    assert_eq!(
        actions.lines().count(),
        judged.findings.len() + judged.not_looked_at.len() + judged.notes.len() + 1
    );
    let annotated = check.annotations.iter().map(|a| format!("{a:?}"));
    let others =
        [terminal, actions, json::render(&judged).unwrap(), sarif::render(&judged, &Pages).to_string()];
    (markdown, others.into_iter().chain(annotated).chain([check.description]).collect())
}

static REFERENCE: LazyLock<regex::Regex> = LazyLock::new(|| {
    regex::Regex::new(r"(?i)@[a-z0-9]|#\d|\bgh-\d|![0-9]|https?:|www\.|\b[0-9a-f]{7,40}\b").unwrap()
});

const OUR_HTML: [&str; 6] = ["<sub>", "</sub>", "<details>", "</details>", "<summary>", "</summary>"];

/// What a reader's browser would get.
fn assert_tame(markdown: &str) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let (mut in_code, mut html) = (false, String::new());
    for event in TextMergeStream::new(Parser::new_ext(markdown, options)) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => {
                assert!(!REFERENCE.is_match(&text), "{text:?} in {markdown}");
            }
            Event::Html(text) | Event::InlineHtml(text) => html.push_str(&text),
            Event::Start(Tag::Image { .. } | Tag::List(Some(_)) | Tag::BlockQuote(_)) => panic!("{markdown}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let ours = ["https://panda.test/", "https://forge.test/"];
                assert!(ours.iter().any(|o| dest_url.starts_with(o)), "{dest_url} in {markdown}");
            }
            _ => {}
        }
    }
    let end = html.rfind("<!-- red-panda:v1").unwrap_or(html.len());
    let mut rest = html[..end].to_owned();
    for tag in OUR_HTML {
        rest = rest.replace(tag, "");
    }
    assert!(!rest.contains('<'), "{rest:?} in {markdown}");
    for tag in ["sub", "details", "summary"] {
        let count = |t: String| html.matches(&t).count();
        assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")), "{markdown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn nothing_of_a_pull_request_becomes_more_than_text(
        seeds in proptest::collection::vec(seed(), 1..6),
        buttons in any::<bool>(),
    ) {
        let (markdown, others) = render(&seeds, if buttons { GITHUB } else { FORGEJO });
        for (text, _) in &markdown {
            assert_tame(text);
        }
        for text in markdown.iter().map(|(text, _)| text).chain(&others) {
            prop_assert!(!text.contains(SECRET), "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn p24_no_body_is_longer_than_the_forge_takes(
        seeds in proptest::collection::vec(seed(), 1..120),
        body in 8_192usize..30_000,
    ) {
        let (markdown, _) = render(&seeds, Capabilities { body, ..GITHUB });
        for (text, budget) in &markdown {
            prop_assert!(text.len() <= *budget, "{} > {budget}", text.len());
            assert_tame(text);
        }
        let findings = seeds.iter().enumerate().map(|(i, s)| reported(i as u32 + 1, finding(s))).collect();
        let judged = judgement(findings);
        let pressing = judged.count(Severity::Error) + judged.count(Severity::Warning);
        let heading = markdown.first().map(|(text, _)| text.lines().next().unwrap_or_default().to_owned());
        if pressing > 0 {
            let heading = heading.unwrap();
            let counted: usize = heading.split_whitespace().filter_map(|w| w.parse::<usize>().ok()).sum();
            prop_assert_eq!(counted, pressing, "{}", heading);
        }
    }
}

#[test]
fn a_finding_on_the_line_of_a_secret_does_not_show_it() {
    let mut key = broker_url();
    key.place = Place::Head { path: FILE.into(), span: span(12, 1, 9) };
    let mut beside = print_call(12);
    beside.fix = Some(Fix {
        safety: FixSafety::Safe,
        text: "Use `logger`.".into(),
        edits: vec![Edit { span: span(12, 1, 2), replacement: "x".into() }],
    });
    let mut judged = judgement(vec![reported(1, beside)]);
    judged.suppressed = vec![(reported(2, key), "known".into())];
    let source = |_: Side, _: &str| Some(Text::new(&format!("{}key = '{SECRET}'\n", "\n".repeat(11))));
    let text = Terminal { colour: false, source: &source, elapsed_ms: None }.render(&judged);
    assert!(text.contains("trees/views.py:12:5") && !text.contains(SECRET), "{text}");
    let plan = World::default().plan(&judged);
    assert!(!plan.review.unwrap().comments[0].body.contains("```"));
}
