//! STY001 to STY009: what the fixes make of a file, and what counts as new.

use red_panda::model::finding::{Finding, Fix, FixSafety, Position};
use red_panda::source::Text;
use red_panda::standin::sample::Sample;

const UTILS: &str =
    "def slug_for(title: str) -> str:\n    return title\n\n\ndef unused() -> None:\n    return None\n";

fn found(code: &str, base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<Finding> {
    let findings = Sample::new(base, head).judge().findings.into_iter().map(|reported| reported.finding);
    findings.filter(|finding| finding.code == code).collect()
}

fn new_file(code: &str, text: &str) -> Vec<Finding> {
    found(
        code,
        &[],
        &[("manage.py", ""), ("blog/__init__.py", ""), ("blog/utils.py", UTILS), ("blog/views.py", text)],
    )
}

/// The file after the fix of its only finding of a rule.
fn mended(code: &str, text: &str) -> (FixSafety, String) {
    let findings = new_file(code, text);
    let [Finding { fix: Some(Fix { safety, edits, .. }), .. }] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    let source = Text::new(text);
    // All in ASCII.
    let at = |p: Position| source.line_bytes(p.line).start + p.column as usize - 1;
    let mut edits: Vec<_> =
        edits.iter().map(|e| (at(e.span.start), at(e.span.end), &e.replacement)).collect();
    edits.sort();
    let mut out = text.to_owned();
    for (start, end, replacement) in edits.into_iter().rev() {
        out.replace_range(start..end, replacement);
    }
    assert_eq!(new_file(code, &out), [], "{out}");
    (*safety, out)
}

#[test]
fn imports_are_put_in_order_and_only_those_of_python_itself_without_a_question() {
    let (safety, text) =
        mended("STY001", "from django.db import models\nimport os\n\nfrom .utils import slug_for\nA = 1\n");
    assert_eq!(text, "import os\n\nfrom django.db import models\n\nfrom .utils import slug_for\nA = 1\n");
    assert_eq!(safety, FixSafety::Safe);
    let (safety, text) = mended("STY001", "from .utils import slug_for\nfrom django.db import models\n");
    assert_eq!(text, "from django.db import models\n\nfrom .utils import slug_for\n");
    assert_eq!(safety, FixSafety::Ask);
    for alone in [
        "from .utils import slug_for\nimport os  # first\n",
        "from .utils import *\nimport os\n",
        "from .utils import os\nimport os\n",
        "from .utils import slug_for; import os\n",
    ] {
        let fix = new_file("STY001", alone).remove(0).fix.unwrap();
        assert_eq!(fix.edits, [], "{alone}");
    }
    assert_eq!(mended("STY001", "import os, re\n"), (FixSafety::Safe, "import os\nimport re\n".to_owned()));
}

#[test]
fn a_new_import_in_an_old_disorder_is_told_alone() {
    let base = "import os\nfrom .utils import slug_for\nimport re\nfrom django.db import models\n";
    let head =
        "import os\nfrom .utils import slug_for\nimport re\nfrom django.db import models\nimport json\n";
    let files = |text| [("manage.py", ""), ("blog/views.py", text)];
    let findings = found("STY001", &files(base), &files(head));
    let lines: Vec<u32> = findings.iter().map(|f| f.place.span().unwrap().start.line).collect();
    assert_eq!(lines, [5]);
}

#[test]
fn a_star_becomes_the_names_that_are_used() {
    let (safety, text) = mended("STY005", "from .utils import *\n\n\nslug = slug_for('a')\n");
    assert_eq!(text, "from .utils import slug_for\n\n\nslug = slug_for('a')\n");
    assert_eq!(safety, FixSafety::Ask);
    let unknown = new_file("STY005", "from django.db.models import *\n\nx = Q()\n").remove(0).fix.unwrap();
    assert_eq!(unknown, Fix::text("Name what this file uses, behind `from django.db.models import`."));
}

#[test]
fn a_default_is_made_in_the_body_behind_the_docstring() {
    let (safety, text) =
        mended("STY006", "def add(x, items=[]):\n    \"\"\"Add.\"\"\"\n    items.append(x)\n");
    assert_eq!(
        text,
        "def add(x, items=None):\n    \"\"\"Add.\"\"\"\n    if items is None:\n        items = []\n    items.append(x)\n"
    );
    assert_eq!(safety, FixSafety::Ask);
}

#[test]
fn a_request_gets_its_class_and_its_import() {
    let text = "from django.shortcuts import render\n\n\ndef index(request):\n    return render(request, 'a.html')\n";
    let (_, mended) = mended("STY002", text);
    assert_eq!(
        mended,
        "from django.shortcuts import render\nfrom django.http import HttpRequest\n\n\ndef index(request: HttpRequest):\n    return render(request, 'a.html')\n"
    );
}

#[test]
fn a_logged_exception_keeps_its_traceback() {
    let text = "import logging\n\nlog = logging.getLogger(__name__)\n\ntry:\n    go()\nexcept Exception as e:\n    log.error('no: %s', e)\n";
    assert_eq!(mended("STY009", text).1, text.replace("log.error", "log.exception"));
}
