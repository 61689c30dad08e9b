//! Edges that no file of the change writes.

use red_panda::model::finding::{Confidence, Severity};
use red_panda::standin::sample::Sample;

use super::{change, found, headlines};

fn with_settings(mut sample: Sample, base: &str, head: &str) -> Sample {
    for (side, text) in [(&mut sample.base, base), (&mut sample.head, head)] {
        side.insert("config/settings.py".to_owned(), text.as_bytes().to_vec());
    }
    sample
}

const BLOG: &str = "blog.0001_b: @AUTH_USER_MODEL";
const ACCOUNTS: &str = "accounts.0001_u: auth.0012_alter_user_first_name_max_length";

#[test]
fn a_user_model_cannot_be_switched_once_migrations_have_asked_for_it() {
    let plain = "INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.auth', 'blog']\n";
    let switched = format!("{plain}AUTH_USER_MODEL = 'accounts.User'\n");
    let sample = with_settings(change(&[BLOG], &[BLOG, ACCOUNTS]), plain, &switched);
    let findings = found(&sample);
    assert_eq!(
        findings.iter().map(|f| f.headline.as_str()).collect::<Vec<_>>(),
        [
            "`accounts.0001_u` would have to run before `admin.0001_initial` and 1 more, which are applied already (it is Django's)"
        ]
    );
    assert_eq!(findings[0].place.path(), Some("config/settings.py"));
    // From the start it may be any.
    let from_the_start = with_settings(change(&[], &[BLOG, ACCOUNTS]), plain, &switched);
    assert_eq!(headlines(&from_the_start), Vec::<String>::new());
}

#[test]
fn who_does_not_know_the_settings_says_nothing_of_the_user_model() {
    let computed = "import os\nAUTH_USER_MODEL = os.environ['MODEL']\n";
    let sample = with_settings(change(&[BLOG], &[BLOG, ACCOUNTS]), "INSTALLED_APPS = []\n", computed);
    assert_eq!(headlines(&sample), Vec::<String>::new());
}

#[test]
fn a_new_migration_does_not_run_before_those_of_an_installed_package() {
    let before = |name: &str| {
        let sample = change(
            &["shop.0001_s:"],
            &["shop.0001_s:", &format!("shop.0002_t: shop.0001_s; run_before {name}")],
        );
        with_settings(
            sample,
            "INSTALLED_APPS = ['taggit', 'shop']\n",
            "INSTALLED_APPS = ['taggit', 'shop']\n",
        )
    };
    let findings = found(&before("taggit.0001_initial"));
    assert_eq!(findings[0].severity, Severity::Error);
    assert!(findings[0].fix.as_ref().unwrap().text.starts_with("Take `taggit.0001_initial` out"));
    assert_eq!(found(&before("taggit.0004_x"))[0].confidence, Confidence::Likely);
    // Of what is not installed nobody has run anything.
    assert_eq!(headlines(&before("oauth2_provider.0001_initial")), Vec::<String>::new());
}

#[test]
fn a_new_first_or_last_migration_is_not_put_before_what_asks_for_it() {
    let base = ["orders.0001_a:", "shop.0001_s: orders.__first__", "till.0001_t: orders.__latest__"];
    let head = ["orders.0000_z:", "orders.0001_a: orders.0000_z", base[1], base[2]];
    assert_eq!(
        headlines(&change(&base, &head)),
        [
            "MIG003 `orders.0000_z` would have to run before `orders.0001_a`, which is applied already (it is on `main`)"
        ]
    );
    let beside = ["orders.0000_z:", base[0], base[1], base[2]];
    assert_eq!(headlines(&change(&base, &beside)).len(), 2, "a second leaf, and another first");
    let head = [&base[..], &["orders.0002_b: orders.0001_a"]].concat();
    let findings = found(&change(&base, &head));
    assert_eq!(
        findings[0].headline,
        "`orders.0002_b` would have to run before `till.0001_t`, which is applied already (it is on `main`)"
    );
    assert_eq!(
        findings[0].fix.as_ref().unwrap().text,
        "Let `till.0001_t` depend on `(\"orders\", \"0001_a\")` instead of `__latest__`: databases have both."
    );
}

#[test]
fn a_squash_that_loses_its_names_is_a_second_leaf() {
    let base = [
        "orders.0001_a:",
        "orders.0002_b: orders.0001_a",
        "orders.0001_squashed: ; replaces orders.0001_a orders.0002_b",
    ];
    let head = [base[0], base[1], "orders.0001_squashed:"];
    let findings = found(&change(&base, &head));
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code, findings[0].fix.as_ref().unwrap().edits.len()), ("MIG007", 0));
    assert_eq!(headlines(&change(&base, &["orders.0001_squashed:"])), Vec::<String>::new());
}

#[test]
fn a_squash_with_a_gap_goes_round_it() {
    let base = ["orders.0001_a:", "orders.0002_b: orders.0001_a", "orders.0003_c: orders.0002_b"];
    let gap = "orders.0001_squashed: ; replaces orders.0001_a orders.0003_c";
    let findings = found(&change(&base, &[&base[..], &[gap]].concat()));
    assert_eq!(findings[0].headline, "`orders.0001_squashed` and `orders.0002_b` depend on each other");
    assert_eq!(findings[0].place.path(), Some("orders/migrations/0001_squashed.py"));
    assert_eq!(findings[0].fix.as_ref().unwrap().text, "Let `0001_squashed` replace `0002_b` as well.");
}

#[test]
fn a_circle_says_which_entry_to_take_out() {
    let fix = |head: &[&str]| found(&change(&["a.0001_x:", "b.0001_x:"], head))[0].fix.clone().unwrap().text;
    let told = fix(&["a.0001_x:", "b.0001_x:", "a.0002_y: a.0001_x b.0001_x; run_before b.0001_x"]);
    assert!(told.starts_with("Take `b.0001_x` out of the dependencies of `a.0002_y`"), "{told}");
    let told = fix(&["a.0001_x:", "b.0001_x:", "a.0001_squashed: a.0001_x; replaces a.0001_x"]);
    assert_eq!(told, "Take `0001_x` out of its own dependencies.");
}

#[test]
fn three_apps_that_wait_for_each_other_are_told_once() {
    let base = ["a.0001_x:", "b.0001_x: a.0001_x", "c.0001_x: b.0001_x"];
    let head = [
        &base[..],
        &["a.0002_y: a.0001_x c.0002_y", "c.0002_y: c.0001_x b.0002_y", "b.0002_y: b.0001_x a.0002_y"],
    ]
    .concat();
    assert_eq!(
        headlines(&change(&base, &head)),
        ["MIG009 `a.0002_y`, `c.0002_y` and `b.0002_y` depend on each other in a circle"]
    );
}

#[test]
fn a_circle_through_the_user_model_is_seen() {
    let settings = "INSTALLED_APPS = []\nAUTH_USER_MODEL = 'accounts.User'\n";
    let sample = change(&[BLOG, "accounts.0001_u:"], &[BLOG, "accounts.0001_u: blog.0001_b"]);
    let headlines = headlines(&with_settings(sample, settings, settings));
    assert_eq!(headlines, ["MIG009 `accounts.0001_u` and `blog.0001_b` depend on each other"]);
}

#[test]
fn a_relation_is_fine_where_an_ancestor_leads_to_its_app() {
    let relating = |line: &str, to: &str| {
        let mut sample = change(
            &["orders.0001_a:", "shop.0001_s: orders.0001_a", "bills.0001_b:"],
            &["orders.0001_a:", "shop.0001_s: orders.0001_a", "bills.0001_b:"],
        );
        for side in [&mut sample.base, &mut sample.head] {
            let (path, text) = super::file("orders.0001_a:");
            super::add(side, &(path, text.replace("[]\n", "[migrations.CreateModel('Order', [])]\n")));
        }
        let (path, text) = super::file(line);
        let field =
            format!("[migrations.AddField('bill', 'order', models.ForeignKey({to}, models.CASCADE))]\n");
        super::add(
            &mut sample.head,
            &(path, text.replace("operations = []\n", &format!("operations = {field}"))),
        );
        let settings = "INSTALLED_APPS = ['taggit']\n";
        headlines(&with_settings(sample, settings, settings)).len()
    };
    assert_eq!(relating("bills.0002_c: bills.0001_b", "'orders.Order'"), 1);
    assert_eq!(relating("bills.0002_c: bills.0001_b", "settings.AUTH_USER_MODEL"), 1);
    assert_eq!(relating("bills.0002_c: bills.0001_b shop.0001_s", "'orders.Order'"), 0);
    assert_eq!(relating("bills.0002_c: bills.0001_b @AUTH_USER_MODEL", "settings.AUTH_USER_MODEL"), 0);
    assert_eq!(relating("bills.0002_c: bills.0001_b taggit.0001_initial", "'orders.Order'"), 0);
    assert_eq!(relating("bills.0002_c: bills.0001_b", "'orders.Nothing'"), 0);
}
