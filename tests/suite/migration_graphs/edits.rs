use super::{change, found, headlines, mended};

/// Finds, mends, and finds nothing more; with the files that are edited.
fn mends(base: &[&str], head: &[&str]) -> Vec<String> {
    let sample = change(base, head);
    let findings = found(&sample);
    assert!(!findings.is_empty(), "{head:?}");
    assert!(
        findings.iter().all(|f| f.fix.as_ref().is_some_and(|fix| !fix.edits.is_empty())),
        "{findings:#?}"
    );
    assert_eq!(headlines(&mended(&sample, &findings)), Vec::<String>::new(), "{findings:#?}");
    findings.into_iter().map(|finding| finding.place.path().unwrap_or_default().to_owned()).collect()
}

const ORDERS: [&str; 2] = ["orders.0001_a:", "orders.0002_b: orders.0001_a"];

/// The base's migrations with more.
fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn the_first_of_a_branch_moves_and_not_its_leaf() {
    let base = ["orders.0001_a:", "orders.0002_b: orders.0001_a"];
    let branch =
        ["orders.0002_x: orders.0001_a", "orders.0003_y: orders.0002_x", "orders.0004_z: orders.0003_y"];
    assert_eq!(mends(&base, &with(&base, &branch)), ["orders/migrations/0002_x.py"]);
}

#[test]
fn several_leaves_become_a_chain() {
    let leaves =
        ["orders.0002_x: orders.0001_a", "orders.0002_y: orders.0001_a", "orders.0002_z: orders.0001_a"];
    assert_eq!(mends(&ORDERS, &with(&ORDERS, &leaves)).len(), 3);
    // Nothing of the target's: the first of them stays.
    assert_eq!(mends(&ORDERS[..1], &with(&ORDERS[..1], &leaves)).len(), 2);
}

#[test]
fn two_leaves_on_one_branch_are_put_in_a_row() {
    let branch =
        ["orders.0002_x: orders.0001_a", "orders.0003_y: orders.0002_x", "orders.0003_z: orders.0002_x"];
    let paths = mends(&ORDERS, &with(&ORDERS, &branch));
    assert_eq!(paths, ["orders/migrations/0002_x.py", "orders/migrations/0003_z.py"]);
}

#[test]
fn a_branch_without_a_dependency_gets_one() {
    assert_eq!(mends(&ORDERS, &with(&ORDERS, &["orders.0003_x:"])), ["orders/migrations/0003_x.py"]);
    let across = with(&ORDERS, &["shop.0001_s:", "orders.0003_x: shop.0001_s"]);
    assert_eq!(mends(&ORDERS, &across), ["orders/migrations/0003_x.py"]);
}

#[test]
fn no_edit_is_offered_that_closes_a_circle() {
    // What orders.0002_b needs comes behind the new one: it cannot come behind orders.0002_b.
    let base = ["orders.0001_a:", "shop.0001_s:"];
    let head = [
        "orders.0001_a:",
        "orders.0002_b: orders.0001_a shop.0002_t",
        "orders.0002_x: orders.0001_a",
        "shop.0001_s:",
        "shop.0002_t: shop.0001_s orders.0002_x",
    ];
    let findings = found(&change(&base, &head));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let sample = change(&base, &head);
    assert_eq!(headlines(&mended(&sample, &findings)).iter().filter(|h| h.contains("circle")).count(), 0);
}

#[test]
fn a_misspelt_name_is_never_taken_for_the_file_itself() {
    let misspelt = with(&ORDERS, &["orders.0003_note: orders.0003_nota"]);
    let findings = found(&change(&ORDERS, &misspelt));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].fix.as_ref().unwrap().edits, []);
    let base = ["orders.0001_initial:", "orders.0002_slug: orders.0001_initial"];
    assert_eq!(mends(&base, &with(&base, &["orders.0003_note: orders.0002_slog"])).len(), 1);
}

#[test]
fn what_depends_on_itself_comes_behind_the_last() {
    let paths = mends(&ORDERS, &with(&ORDERS, &["orders.0003_c: orders.0003_c"]));
    assert_eq!(paths, ["orders/migrations/0003_c.py"]);
}

#[test]
fn a_finished_squash_takes_over_in_every_app() {
    let base =
        ["orders.0001_a:", "orders.0001_squashed: ; replaces orders.0001_a", "shop.0001_s: orders.0001_a"];
    let head = ["orders.0001_squashed:", "shop.0001_s: orders.0001_a"];
    assert_eq!(mends(&base, &head), ["shop/migrations/0001_s.py"]);
}

#[test]
fn a_relation_gets_the_migration_that_makes_its_model() {
    let mut sample = change(&["orders.0001_a:", "bills.0001_b:"], &["bills.0001_b:"]);
    let making = super::file("orders.0001_a:");
    let making = (making.0, making.1.replace("[]\n", "[migrations.CreateModel('Order', [])]\n"));
    let field = "[migrations.AddField('bill', 'order', models.ForeignKey('orders.Order', models.CASCADE))]\n";
    let relating = super::file("bills.0002_c: bills.0001_b");
    let relating = (relating.0, relating.1.replace("[]\n", field));
    for file in [making, relating] {
        super::add(&mut sample.base, &super::file("orders.0001_a:"));
        super::add(&mut sample.head, &file);
    }
    let findings = found(&sample);
    assert_eq!(
        findings[0].headline,
        "`bills.0002_c` leads to `orders.Order`, and depends on no migration of `orders`"
    );
    assert_eq!(headlines(&mended(&sample, &findings)), Vec::<String>::new());
}
