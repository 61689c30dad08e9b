//! MIG001: what formatters and upgraders make of a deployed migration, and what only looks like it.

use red_panda::model::finding::Severity;

use super::{edited, migration};

/// A migration that runs a function of this body.
fn runs(body: &str) -> String {
    let lines: String = body.lines().map(|line| format!("    {line}\n")).collect();
    with(&format!("def fill(apps, schema_editor):\n{lines}"))
}

fn with(top: &str) -> String {
    migration(top, "    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]")
}

fn severities(old: &str, new: &str) -> Vec<Severity> {
    edited(old, new).into_iter().map(|(severity, _)| severity).collect()
}

/// These say the same on both sides.
fn same(pairs: &[(&str, &str)]) {
    for (old, new) in pairs {
        let (old, new) = (runs(old), runs(new));
        assert_eq!(severities(&old, &new), [Severity::Advice], "{old}{new}");
        assert_eq!(severities(&new, &old), [Severity::Advice], "{new}{old}");
    }
}

/// These may say something else.
fn other(pairs: &[(&str, &str)]) {
    for (old, new) in pairs {
        let (old, new) = (runs(old), runs(new));
        assert_eq!(severities(&old, &new), [Severity::Error], "{old}{new}");
    }
}

#[test]
fn a_text_is_the_same_however_it_is_put_together() {
    same(&[
        ("apps.x('a-{}'.format(apps.n))", "apps.x(f'a-{apps.n}')"),
        ("apps.x('a-%s' % apps.n)", "apps.x(f'a-{apps.n}')"),
        ("apps.x('a-%s-%r' % (apps.a, apps.b))", "apps.x('a-{}-{!r}'.format(apps.a, apps.b))"),
        ("apps.x('%(a)s %%' % {'a': apps.a})", "apps.x(f'{apps.a} %')"),
        ("apps.x('{0}{1}{0}'.format(apps.a, apps.b))", "apps.x(f'{apps.a}{apps.b}{apps.a}')"),
        ("apps.x('{a.b}{c[0]:>5}'.format(a=apps, c=apps.c))", "apps.x(f'{apps.b}{apps.c[0]:>5}')"),
        ("apps.x('a' + str(apps.n) + 'b')", "apps.x(f'a{apps.n}b')"),
        ("apps.x(f'{str(apps.n)}{apps.m!s}{repr(apps.o)}')", "apps.x(f'{apps.n}{apps.m}{apps.o!r}')"),
        ("for n in range(3):\n    apps.x('a-%s' % n)", "for n in range(3):\n    apps.x(f'a-{n}')"),
        (
            "for p in apps.all():\n    apps.x('%s' % p)\n    p.save()",
            "for p in apps.all():\n    apps.x(f'{p}')\n    p.save()",
        ),
    ]);
    other(&[
        ("apps.x('a-%d' % apps.n)", "apps.x(f'a-{apps.n}')"),
        ("apps.x('%r' % (apps.a,))", "apps.x(f'{apps.a}')"),
        ("apps.x('%5s' % (apps.a,))", "apps.x(f'{apps.a}')"),
        ("apps.x('{}-{}'.format(apps.a, apps.b))", "apps.x(f'{apps.b}-{apps.a}')"),
        ("apps.x('{1}{0}'.format(apps.a(), apps.b()))", "apps.x(f'{apps.b()}{apps.a()}')"),
        ("apps.x('{}'.format(*apps.a))", "apps.x(f'{apps.a}')"),
        ("apps.x('a' + str(apps.n))", "apps.x(f'a{apps.n!r}')"),
        // A row of one column is taken apart by `%` alone.
        (
            "for row in apps.rows():\n    apps.x('a-%s' % row)",
            "for row in apps.rows():\n    apps.x(f'a-{row}')",
        ),
    ]);
    let own = |text: &str| {
        with(&format!(
            "def str(a):\n    return a.b\n\n\ndef fill(apps, schema_editor):\n    apps.x({text})\n"
        ))
    };
    assert_eq!(severities(&own("'a' + str(apps.n)"), &own("f'a{apps.n}'")), [Severity::Error]);
}

#[test]
fn what_python_says_in_newer_words_is_the_same() {
    same(&[
        ("apps.x(apps.a == None, apps.b != None)", "apps.x(apps.a is None, apps.b is not None)"),
        ("apps.x(not apps.a in apps.b)", "apps.x(apps.a not in apps.b)"),
        ("apps.x(apps.d.has_key(1))", "apps.x(1 in apps.d)"),
        ("apps.x(str('a'))", "apps.x('a')"),
        ("key = lambda p: p.pk\napps.x(key)", "def key(p):\n    return p.pk\napps.x(key)"),
        (
            "try:\n    apps.x()\nexcept IOError:\n    apps.y()",
            "try:\n    apps.x()\nexcept OSError:\n    apps.y()",
        ),
        ("apps.x(open(apps.path, 'r'))", "apps.x(open(apps.path))"),
    ]);
    other(&[
        ("apps.x(apps.a == True)", "apps.x(apps.a is True)"),
        ("apps.x(not apps.a == apps.b)", "apps.x(apps.a != apps.b)"),
        ("apps.x(open(apps.path, 'rb'))", "apps.x(open(apps.path))"),
    ]);
    let silent = [
        ("apps.x(dict(), list(), set([1]), dict(a=1))", "apps.x({}, [], {1}, {'a': 1})"),
        ("apps.x(set(a for a in apps.b))", "apps.x({a for a in apps.b})"),
    ];
    for (old, new) in silent {
        assert_eq!(edited(&runs(old), &runs(new)), [], "{old}");
    }
}

#[test]
fn utc_is_utc_by_whatever_name() {
    let field = |import: &str, zone: &str| {
        let field = format!("models.DateTimeField(default=datetime.datetime(2020, 1, 1, tzinfo={zone}))");
        migration(
            &format!("import datetime\n{import}"),
            &format!("    operations = [migrations.AddField('post', 'seen', {field})]"),
        )
    };
    let pytz = field("import pytz", "pytz.UTC");
    for (import, zone) in [
        ("import pytz", "pytz.utc"),
        ("from pytz import timezone", "timezone('UTC')"),
        ("from django.utils import timezone", "timezone.utc"),
        ("", "datetime.timezone.utc"),
        ("", "datetime.UTC"),
        ("from zoneinfo import ZoneInfo", "ZoneInfo('UTC')"),
    ] {
        let new = field(import, zone);
        assert_eq!(severities(&pytz, &new), [Severity::Advice], "{zone}");
        assert_eq!(severities(&new, &pytz), [Severity::Advice], "{zone}");
    }
    let moment = |import: &str, moment: &str| {
        let field = format!("models.DateTimeField(default={moment})");
        migration(
            &format!("import datetime\n{import}"),
            &format!("    operations = [migrations.AddField('post', 'seen', {field})]"),
        )
    };
    let localised = moment("import pytz", "pytz.utc.localize(datetime.datetime(2020, 1, 1))");
    let aware = moment("", "datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)");
    assert_eq!(severities(&localised, &aware), [Severity::Advice]);
    let naive = moment("", "datetime.datetime(2020, 1, 1)");
    assert_eq!(severities(&localised, &naive), [Severity::Error]);

    let berlin = field("import pytz", "pytz.timezone('Europe/Berlin')");
    let other = field("from zoneinfo import ZoneInfo", "ZoneInfo('Europe/Berlin')");
    assert_eq!(severities(&berlin, &other), [Severity::Error], "pytz means local mean time here");
    assert_eq!(severities(&pytz, &other), [Severity::Error]);
}

#[test]
fn what_a_function_calls_its_own_names_is_its_own_affair() {
    let fill = |parameters: &str, body: &str| {
        with(&format!("def fill({parameters}):\n    {body}\n\n\ndef more(apps, text):\n    apps.x(text)\n"))
    };
    let old = fill("apps, schema_editor", "P = apps.get_model('a', 'P')\n    P.objects.update(a=1)");
    for new in [
        fill("apps, _", "P = apps.get_model('a', 'P')\n    P.objects.update(a=1)"),
        fill("registry, editor", "Post = registry.get_model('a', 'P')\n    Post.objects.update(a=1)"),
        fill(
            "apps, schema_editor",
            "Q = apps.get_model('a', 'Q')\n    P = apps.get_model('a', 'P')\n    count = P.objects.update(a=1)",
        ),
    ] {
        assert_eq!(severities(&old, &new), [Severity::Advice], "{new}");
    }
    for new in [
        fill("schema_editor, apps", "P = apps.get_model('a', 'P')\n    P.objects.update(a=1)"),
        fill("apps, schema_editor", "P = apps.get_model('a', 'Q')\n    P.objects.update(a=1)"),
        fill("apps, schema_editor", "P = apps.get_model('a', 'P')\n    apps.objects.update(a=1)"),
        fill("apps, schema_editor", "global P\n    P = apps.get_model('a', 'P')\n    P.objects.update(a=1)"),
    ] {
        assert_eq!(severities(&old, &new), [Severity::Error], "{new}");
    }
    same(&[
        ("a = apps.a()\nb = apps.b()\napps.x(a, b)", "b = apps.a()\na = apps.b()\napps.x(b, a)"),
        (
            "p, made = apps.make()\nq, more = apps.make()\napps.x(p, q)",
            "p, _ = apps.make()\nq, _ = apps.make()\napps.x(p, q)",
        ),
        (
            "try:\n    apps.x()\nexcept ValueError as e:\n    apps.y()",
            "try:\n    apps.x()\nexcept ValueError:\n    apps.y()",
        ),
        ("apps.x([a.b for a in apps.c])", "apps.x([x.b for x in apps.c])"),
    ]);
    other(&[
        ("a = apps.a()\nb = apps.b()\napps.x(a, b)", "a = apps.a()\nb = apps.b()\napps.x(b, a)"),
        ("a = apps.a\napps.x('{a}'.format(**locals()))", "b = apps.a\napps.x('{a}'.format(**locals()))"),
        ("def f(a):\n    return a\napps.x(f(a=1))", "def f(b):\n    return b\napps.x(f(a=1))"),
    ]);
}

#[test]
fn a_parameter_that_somebody_names_keeps_its_name() {
    let with_caller = |parameter: &str, call: &str| {
        with(&format!(
            "def fill(apps, {parameter}):\n    apps.x({parameter})\n\n\ndef again(apps, editor):\n    fill(apps, {call})\n"
        ))
    };
    let named = with_caller("editor", "editor=editor");
    assert_eq!(severities(&named, &with_caller("schema", "editor=editor")), [Severity::Error]);
    let placed = with_caller("editor", "editor");
    assert_eq!(severities(&placed, &with_caller("schema", "editor")), [Severity::Advice]);
}

#[test]
fn a_function_may_be_called_otherwise() {
    let called = |name: &str, body: &str| {
        let top = format!("def {name}(apps, schema_editor):\n    {body}\n");
        migration(&top, &format!("    operations = [migrations.RunPython({name})]"))
    };
    let old = called("forwards", "apps.x()");
    assert_eq!(edited(&old, &called("fill_names", "apps.x()")), []);
    assert_eq!(severities(&old, &called("fill_names", "apps.y()"))[0], Severity::Error);
    let counted = |name: &str, value: &str| {
        with(&format!("{name} = {value}\n\n\ndef fill(apps, schema_editor):\n    apps.x({name})\n"))
    };
    assert_eq!(edited(&counted("N", "7"), &counted("BATCH", "7")), []);
    assert_eq!(severities(&counted("N", "7"), &counted("BATCH", "8"))[0], Severity::Error);
}

#[test]
fn operations_that_a_comprehension_makes_may_be_written_in_newer_words() {
    let drops = |sql: &str| {
        migration("", &format!("    operations = [*[migrations.RunSQL({sql}, '') for t in ('a', 'b')]]"))
    };
    let old = drops("'DROP TABLE {}'.format(t)");
    assert_eq!(severities(&old, &drops("f'DROP TABLE {t}'")), [Severity::Advice]);
    assert_eq!(severities(&old, &drops("f'DROP VIEW {t}'")), [Severity::Error]);
}

#[test]
fn a_log_in_newer_words_beside_code_in_newer_words_is_advice() {
    same(&[(
        "print('done %s' % apps.a)\napps.x('a-%s' % apps.n)",
        "print(f'finished {apps.a}')\napps.x(f'a-{apps.n}')",
    )]);
}
