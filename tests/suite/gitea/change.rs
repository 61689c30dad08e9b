//! What a pull request changes, also while the forge lags behind.

use red_panda::forge::{Forge, ForgeError, Reader};
use red_panda::model::change::{FileStatus, Mode};
use red_panda::model::status::Outcome;
use red_panda::standin::repository::Content;

use crate::fixtures::list;

use super::{House, status};

#[tokio::test]
async fn a_change_has_files_hunks_and_commits() {
    let house =
        House::with(&[("a.py", "one\ntwo\nthree\n"), ("gone.py", "x\n"), ("old name.py", "1\n2\n3\n4\n")])
            .await;
    house.blog.push("topic", &[("a.py", Some("one\nTWO\nthree\n")), (".env", Some("KEY=1\n"))]).unwrap();
    let moved = [
        ("old name.py", None),
        ("pkg/größe \"q\".py", Some("1\n2\n3\n4\n5\n")),
        (".env", None),
        ("gone.py", None),
    ];
    house.blog.push("topic", &moved).unwrap();
    let pull = house.fetch(house.blog.open_pull("topic", "Change").unwrap()).await;

    let change = house.client.fetch_change(&pull).await.unwrap();

    let files: Vec<_> = change.files.iter().map(|f| (f.path.as_str(), f.status)).collect();
    let renamed = "pkg/größe \"q\".py";
    assert_eq!(
        files,
        [("a.py", FileStatus::Modified), ("gone.py", FileStatus::Deleted), (renamed, FileStatus::Renamed)]
    );
    assert_eq!(change.files[0].hunks.as_ref().unwrap()[0].added, [2]);
    assert_eq!(change.files[2].previous_path.as_deref(), Some("old name.py"));
    let commits: Vec<_> = change.commits.scanned.iter().map(|c| c.paths.join(" ")).collect();
    assert_eq!(commits, [".env a.py", renamed]);
    assert_eq!((change.commits.not_scanned, change.truncated), (0, None));
    assert_eq!((&change.head, Some(&change.merge_base)), (&pull.head, pull.merge_base.as_ref()));
}

#[tokio::test]
async fn modes_binaries_and_empty_files_have_their_names() {
    let house = House::with(&[("tool.sh", "#!/bin/sh\n"), ("x.bin", "\0a")]).await;
    let changes = [
        ("tool.sh", Some(Content::executable("#!/bin/sh\n"))),
        ("x.bin", Some(Content::file("\0b"))),
        ("pkg/__init__.py", Some(Content::file(""))),
        ("link", Some(Content::symlink("tool.sh"))),
    ];
    house.blog.push_contents("topic", &changes).unwrap();
    let pull = house.fetch(house.blog.open_pull("topic", "Change").unwrap()).await;

    let change = house.client.fetch_change(&pull).await.unwrap();
    let hunks: Vec<_> =
        change.files.iter().map(|f| (f.path.as_str(), f.hunks.as_ref().map(Vec::len))).collect();
    assert_eq!(
        hunks,
        [("link", Some(1)), ("pkg/__init__.py", Some(0)), ("tool.sh", Some(0)), ("x.bin", None)]
    );

    let tree = house.client.fetch_tree(&house.blog.model(), &pull.head).await.unwrap();
    assert_eq!((tree.entries["tool.sh"].mode, tree.entries["link"].mode), (Mode::Executable, Mode::Symlink));
}

#[tokio::test]
async fn lag_of_the_diff_after_a_push_is_waited_for() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.set_lag(2, 0);
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();

    let pull = house.fetch(pull.number).await;
    let change = house.client.fetch_change(&pull).await.unwrap();

    assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.py", "new.py"]);
    assert!(house.forge.count("GET", "git/refs/pull/1/head") >= 3);
}

#[tokio::test]
async fn lag_of_the_merge_base_after_merging_main_is_waited_for() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.blog.push("main", &[("c.py", Some("c\n"))]).unwrap();
    house.forge.set_lag(0, 3);
    house.blog.update_branch("topic").unwrap();

    let pull = house.fetch(pull.number).await;
    let change = house.client.fetch_change(&pull).await.unwrap();

    assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.py"]);
    assert_eq!(Some(change.merge_base), house.blog.resolve("main"));
}

#[tokio::test]
async fn lag_without_end_is_a_transient_error() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.set_lag(1000, 0);
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();
    let pull = house.fetch(pull.number).await;
    assert!(matches!(house.client.fetch_change(&pull).await, Err(ForgeError::Transient { .. })));
}

#[tokio::test]
async fn p18_a_head_that_moved_on_is_not_read_as_the_old_one() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();
    assert!(matches!(house.client.fetch_change(&pull).await, Err(ForgeError::Transient { .. })));
}

#[tokio::test]
async fn p6_every_list_is_read_to_its_end() {
    let house = House::new().await;
    house.forge.set_page(2);
    for n in 0..5 {
        let branch = format!("topic{n}");
        house.blog.push(&branch, &[("a.py", Some(&format!("{n}\n")))]).unwrap();
        house.blog.open_pull(&branch, "Change").unwrap();
        house.blog.set_tag(&format!("v{n}"), &house.blog.resolve(&branch).unwrap());
    }
    for n in 0..50 {
        house.blog.push("main", &[(&format!("pkg/f{n}.py"), Some("x\n"))]).unwrap();
    }
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());

    let open = list(&house.client, &blog).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!(house.client.fetch_tags(&blog).await.unwrap().len(), 5);
    let tree = house.client.fetch_tree(&blog, &main).await.unwrap();
    assert_eq!((tree.entries.len(), tree.truncated), (53, false));
}

#[tokio::test]
async fn null_entries_cost_only_themselves() {
    let house = House::new().await;
    house.pull().await;
    house.blog.push("other", &[("b b.py", Some("B\n"))]).unwrap();
    house.blog.open_pull("other", "Other").unwrap();
    house.blog.damage(1);

    let open = list(&house.client, &house.blog.model()).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [2]);
    let damaged = house.client.fetch_pull(&house.blog.model(), 1).await;
    assert!(matches!(damaged, Err(ForgeError::Invalid { .. })));
}

#[tokio::test]
async fn p15_a_deleted_fork_is_read_through_the_base() {
    let house = House::new().await;
    let number = house.blog.open_pull_from_fork("eve", &[("new.py", Some("n\n"))], "WIP: From afar").unwrap();
    house.blog.delete_fork(number);
    let pull = house.fetch(number).await;
    assert!(pull.draft && pull.author == "eve");

    let change = house.client.fetch_change(&pull).await.unwrap();
    assert_eq!(change.files[0].path, "new.py");
    house.client.ensure_status(&house.blog.model(), &status(&pull.head, Outcome::Running)).await.unwrap();
    assert_eq!(house.blog.status_of(&pull.head).unwrap().state, "pending");
}
