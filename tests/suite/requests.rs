//! How many requests a run takes of its forge, counted through the whole house.

use red_panda::standin::gitea::{BOT_TOKEN, Forgejo};
use red_panda::standin::github::GitHubStandIn;

use crate::house::{
    BASE, Panda, SECRET, deliver, faulty, gitea_settings, github_settings, quiet, settled, swept, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_findings_without_comments_are_annotations_of_two_requests() {
    let github = GitHubStandIn::start().await.unwrap();
    github.set_webhook_secret(SECRET);
    let base = [BASE, &[(".red-panda.toml", "[review]\nmax_comments = 0\n")]].concat();
    let repository = github.create_repository("grace", "grove", &base);
    let panda = Panda::start(&github_settings(&github)).await;
    quiet(|| github.requests().len()).await;
    let steps: String = (0..60).map(|n| format!("        migrations.RunPython(fill_{n}),\n")).collect();
    let text = format!(
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"trees\", \"0001_initial\")]\n    operations = [\n{steps}    ]\n"
    );
    let head = github.push(&repository, "topic", &[("trees/migrations/0002_fill.py", Some(&text))]).unwrap();
    github.open_pull(&repository, "topic", "main").unwrap();
    deliver(&github, &panda).await;
    let check =
        until("the check", async || github.check_of(&repository, &head).filter(|c| c.status == "completed"))
            .await;
    assert!((60..100).contains(&check.annotations.len()), "{} annotations", check.annotations.len());
    let sent: Vec<usize> = github
        .requests()
        .iter()
        .filter_map(|r| Some(r.body.as_ref()?["output"]["annotations"].as_array()?.len()))
        .filter(|n| *n > 0)
        .collect();
    assert_eq!(sent, [50, check.annotations.len() - 50]);
    assert_eq!(github.violations(), Vec::<String>::new());
}

/// What a pull request does: how many files it adds or edits, whether there are faults among them, and what a run takes.
struct Run {
    name: &'static str,
    files: usize,
    edits: bool,
    adopting: bool,
    review: bool,
    requests: usize,
}

impl Run {
    const fn new(name: &'static str, files: usize, review: bool, requests: usize) -> Self {
        Self { name, files, edits: false, adopting: false, review, requests }
    }

    /// The same where the policy asks what the base is used to.
    const fn adopting(name: &'static str, files: usize, requests: usize) -> Self {
        Self { adopting: true, ..Self::edited(name, files, false, requests) }
    }

    /// The same of files that the base has too.
    const fn edited(name: &'static str, files: usize, review: bool, requests: usize) -> Self {
        Self { edits: true, ..Self::new(name, files, review, requests) }
    }

    /// What the base holds of it.
    fn before(&self) -> Vec<(String, String)> {
        let views = views(if self.edits { self.files } else { 0 });
        let policy = (".red-panda.toml".to_owned(), "profile = \"adopting\"\n".to_owned());
        let views = views.map(|(path, text)| (path, format!("{text}EARLIER = True\n")));
        views.chain(self.adopting.then_some(policy)).collect()
    }

    fn changes(&self) -> Vec<(String, String)> {
        let faulty = faulty().into_iter().filter_map(|(path, text)| Some((path.to_owned(), text?)));
        let faulty: Vec<_> = faulty.filter(|_| self.review).collect();
        views(self.files - faulty.len()).chain(faulty).collect()
    }
}

fn views(number: usize) -> impl Iterator<Item = (String, String)> {
    (0..number).map(|n| (format!("trees/views_{n}.py"), format!("NAMES = [{n}]\n")))
}

/// docs/architecture.md tells these numbers.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_on_github_takes_as_few_requests_as_we_say() {
    let github = GitHubStandIn::start().await.unwrap();
    github.set_webhook_secret(SECRET);
    let panda = Panda::start(&github_settings(&github)).await;
    swept(async || github.requests().iter().any(|r| r.path.ends_with("/installation/repositories"))).await;
    for run in [
        Run::new("five", 5, true, 9),
        Run::new("fifty", 50, true, 9),
        Run::new("clean", 5, false, 6),
        Run::new("more", 50, false, 6),
        Run::edited("edited", 50, true, 9),
        Run::edited("tidied", 50, false, 6),
        Run::adopting("begun", 50, 8),
    ] {
        let before = run.before();
        let before = before.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let base: Vec<_> = BASE.iter().copied().chain(before).collect();
        let repository = github.create_repository("grace", run.name, &base);
        let changes = run.changes();
        let changes: Vec<_> = changes.iter().map(|(p, t)| (p.as_str(), Some(t.as_str()))).collect();
        let head = github.push(&repository, "topic", &changes).unwrap();
        let number = github.open_pull(&repository, "topic", "main").unwrap();
        quiet(|| github.requests().len()).await;
        github.forget_requests();
        deliver(&github, &panda).await;
        until("the check", async || github.check_of(&repository, &head).filter(|c| c.status == "completed"))
            .await;
        let asked = || {
            let all = github.requests().into_iter().filter(|r| !r.path.ends_with("/access_tokens"));
            all.map(|r| format!("{} {}", r.method, r.path)).collect::<Vec<_>>()
        };
        quiet(|| asked().len()).await;
        assert_eq!(github.comments_on(&repository, number).is_empty(), !run.review);
        assert_eq!(asked().len(), run.requests, "{}: {:#?}", run.name, asked());
    }
}

/// docs/architecture.md tells these numbers.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_on_forgejo_takes_as_few_requests_as_we_say() {
    let forge = Forgejo::start().await.unwrap();
    let panda = Panda::start(&gitea_settings(&forge.url(), BOT_TOKEN, "grace/*")).await;
    swept(async || forge.count("GET", "user/repos") > 0).await;
    for run in [
        Run::new("five", 5, true, 24),
        Run::new("fifty", 50, true, 69),
        Run::new("clean", 5, false, 19),
        Run::new("more", 50, false, 64),
        Run::edited("edited", 50, true, 69),
        Run::edited("tidied", 50, false, 64),
        Run::adopting("begun", 50, 116),
    ] {
        let before = run.before();
        let before = before.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let base: Vec<_> = BASE.iter().copied().chain(before).collect();
        let repository = forge.repository(&format!("grace/{}", run.name), &base);
        repository.add_hook(Some(&panda.hook()), SECRET);
        let changes = run.changes();
        let changes: Vec<_> = changes.iter().map(|(p, t)| (p.as_str(), Some(t.as_str()))).collect();
        let head = repository.push("topic", &changes).unwrap();
        let number = repository.open_pull("topic", "A change").unwrap();
        quiet(|| forge.requests().len()).await;
        forge.forget_requests();
        forge.deliver().await;
        settled(&repository, &head).await;
        quiet(|| forge.requests().len()).await;
        assert_eq!(repository.comments_on(number).is_empty(), !run.review);
        let asked: Vec<_> = forge.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(asked.len(), run.requests, "{}: {asked:#?}", run.name);
    }
}
