//! Which repositories are ours, their refs and deployments.

use red_panda::forge::github::{GitHub, GitHubSettings};
use red_panda::forge::{Forge, ForgeError, Reader};
use red_panda::model::id::Repository;
use red_panda::standin::github::{Fault, When};

use super::Story;

#[tokio::test]
async fn deployed_is_the_newest_deployment_that_stands() {
    let story = Story::begin().await;
    let first = story.hub.git(&story.repository, |g| g.branch("main")).unwrap().unwrap();
    let deployed = |environment: &'static str| story.github.fetch_deployed(&story.repository, environment);
    assert_eq!(deployed("production").await.unwrap(), None);
    story.hub.release(&story.repository, "v1.0", &first);
    let second = story.hub.push(&story.repository, "main", &[("a.py", Some("a\n"))]).unwrap();
    assert_eq!(deployed("production").await.unwrap(), None, "a release is no deployment");
    story.hub.deploy(&story.repository, "production", &first, &["in_progress", "success"]);
    story.hub.deploy(&story.repository, "production", &second, &["in_progress", "failure"]);
    assert_eq!(deployed("production").await.unwrap(), Some(first));
    story.hub.deploy(&story.repository, "production", &second, &["success"]);
    assert_eq!(deployed("production").await.unwrap(), Some(second));
    story.end();
}

#[tokio::test]
async fn refs_and_tags_are_found_by_name_and_by_id() {
    let story = Story::begin().await;
    let head = story.hub.push(&story.repository, "feature/x y", &[("a.py", Some("a\n"))]).unwrap();
    story.hub.release(&story.repository, "v1", &head);
    story.hub.release(&story.repository, "v2", &head);
    story.hub.release(&story.repository, "v3", &head);
    story.hub.set_page_size(2);
    assert_eq!(story.github.fetch_tags(&story.repository).await.unwrap(), ["v1", "v2", "v3"]);
    for name in ["feature/x y", "v1", head.as_str()] {
        assert_eq!(
            story.github.fetch_ref(&story.repository, name).await.unwrap(),
            Some(head.clone()),
            "{name}"
        );
    }
    assert_eq!(story.github.fetch_ref(&story.repository, "nowhere").await.unwrap(), None);
    story.end();
}

#[tokio::test]
async fn p6_a_server_reached_by_another_name_than_its_own_lists_everything() {
    let story = Story::begin().await;
    let head = story.hub.git(&story.repository, |g| g.branch("main")).unwrap().unwrap();
    for tag in ["v1", "v2", "v3"] {
        story.hub.release(&story.repository, tag, &head);
    }
    story.hub.set_page_size(2);
    let settings = story.hub.settings();
    let url = settings.url.replace("127.0.0.1", "localhost");
    assert_ne!(url, settings.url);
    let github = GitHub::connect(GitHubSettings { url, ..settings }).await.unwrap();
    assert_eq!(github.fetch_tags(&story.repository).await.unwrap(), ["v1", "v2", "v3"]);
    story.end();
}

#[tokio::test]
async fn p6_a_list_that_links_its_pages_in_a_circle_is_an_error_and_not_all_there_is() {
    let story = Story::begin().await;
    let link = format!("<{}/repos/ada/trees/tags?page=2>; rel=\"next\"", story.hub.settings().url);
    story.hub.inject(Fault {
        method: "GET",
        path: "/tags".into(),
        times: usize::MAX,
        when: When::Before,
        status: 200,
        headers: vec![("link", link)],
        body: r#"[{"name":"v1"}]"#.into(),
    });
    let tags = story.github.fetch_tags(&story.repository).await;
    assert!(matches!(tags, Err(ForgeError::Invalid { .. })), "{:?}", tags.map(|t| t.len()));
}

#[tokio::test]
async fn a_renamed_repository_is_still_itself_and_a_new_one_of_its_name_is_not() {
    let story = Story::begin().await;
    story.hub.rename(&story.repository, "woods");
    let found = story.github.fetch_repository(&story.repository).await.unwrap();
    assert_eq!((found.id, found.full_name().as_str()), (story.repository.id, "ada/woods"));
    let taken_over = story.hub.create_repository("ada", "trees", &[("a.py", "a\n")]);
    assert_ne!(taken_over.id, story.repository.id);
    assert_eq!(story.github.fetch_repository(&story.repository).await.unwrap().name, "woods");
    story.hub.push(&taken_over, "topic", &[("a.py", Some("b\n"))]).unwrap();
    story.hub.open_pull(&taken_over, "topic", "main").unwrap();
    let pull = story.github.fetch_pull(&story.repository, 1).await;
    assert!(matches!(pull, Err(ForgeError::Gone { .. })), "{pull:?}");
    story.end();
}

#[tokio::test]
async fn the_allow_list_decides_where_we_work() {
    let story = Story::begin().await;
    for name in ["leaves", "trees-fork", "bark"] {
        story.hub.create_repository("ada", name, &[("a.py", "a\n")]);
    }
    story.hub.set_page_size(2);
    let settings =
        GitHubSettings { repositories: vec!["ada/trees*".into(), "bob/*".into()], ..story.hub.settings() };
    let github = GitHub::connect(settings).await.unwrap();
    let names: Vec<String> = github
        .fetch_repositories(story.repository.installation)
        .await
        .unwrap()
        .iter()
        .map(Repository::full_name)
        .collect();
    assert_eq!(names, ["ada/trees", "ada/trees-fork"]);
    let all = story.github.fetch_repositories(story.repository.installation).await.unwrap();
    assert_eq!(all.len(), 4);
    story.end();
}

#[tokio::test]
async fn an_installation_that_lets_nobody_in_does_not_hide_the_others() {
    let story = Story::begin().await;
    story.hub.install_behind_an_allow_list();
    let [Some(closed), ours] = story.github.fetch_installations().await.unwrap()[..] else { panic!() };
    assert!(story.github.fetch_repositories(Some(closed)).await.is_err());
    let open = story.github.fetch_repositories(ours).await.unwrap();
    assert_eq!(open, std::slice::from_ref(&story.repository), "each is asked by itself");

    story.hub.limit_next("GET", "/installation/repositories", &[("retry-after", "60")]);
    let limited = story.github.fetch_repositories(ours).await;
    assert!(matches!(limited, Err(ForgeError::RateLimited { .. })), "{limited:?}");
    story.end();
}
