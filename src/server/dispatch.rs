//! What an event asks for. Pure: what only the store knows is asked for by name.

use crate::model::delivery::{CommandArgument, Event, GroupArgument, JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Sha, Target};

/// For what a person waits for.
const SOON: i64 = 0;

/// For what nobody waits for.
const LATER: i64 = 10;

/// What to do about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Queue(Vec<NewJob>),
    /// The pull requests into this branch that touch migrations: the tip rules may say something else now.
    TargetMoved {
        repository: Repository,
        branch: String,
    },
    /// Whatever this commit is the head of.
    Recheck {
        repository: Repository,
        head: Sha,
    },
    /// Nothing, for this reason.
    Ignore(&'static str),
}

/// Every event has its decision; `allows` is the forge's list of repositories.
pub fn decide(forge: &ForgeName, event: Event, now: i64, allows: &dyn Fn(&Repository) -> bool) -> Decision {
    if repository_of(&event).is_some_and(|repository| !allows(repository)) {
        return Decision::Ignore("the repository is not on the list of this forge in the settings");
    }
    match event {
        Event::Pull { repository, number, head, reason } => {
            one(NewJob { head_hint: head, ..review(forge, &repository, Target::Pull(number), reason) })
        }
        Event::PullClosed { repository, number, head } => one(NewJob {
            head_hint: head,
            ..review(forge, &repository, Target::Pull(number), Reason::Closed)
        }),
        Event::Rerequested { repository, head } => Decision::Recheck { repository, head },
        Event::GroupRequested { repository, head, base, base_branch } => {
            one(group(forge, &repository, &head, Some(GroupArgument { base, base_branch }.to_string())))
        }
        Event::GroupDestroyed { repository, head } => {
            let target = Target::Group(head.clone());
            one(NewJob { head_hint: Some(head), ..review(forge, &repository, target, Reason::Closed) })
        }
        Event::Pushed { after, .. } if after.is_zero() => Decision::Ignore("the branch was deleted"),
        Event::Pushed { repository, branch, .. } => Decision::TargetMoved { repository, branch },
        Event::Command { repository, number, comment_id, author } => one(NewJob {
            kind: JobKind::Command,
            argument: Some(CommandArgument { comment_id, author }.to_string()),
            ..review(forge, &repository, Target::Pull(number), Reason::Command)
        }),
        Event::Installed { repositories } => {
            let jobs: Vec<_> =
                repositories.iter().filter(|r| allows(r)).map(|r| first_sweep(forge, r, now)).collect();
            if jobs.is_empty() {
                Decision::Ignore("none of the repositories is served")
            } else {
                Decision::Queue(jobs)
            }
        }
        Event::Ping => Decision::Ignore("a ping; webhooks arrive and their signature is right"),
        Event::Ignored(why) => Decision::Ignore(why),
    }
}

/// The jobs of a target that moved.
pub fn target_moved(forge: &ForgeName, repository: &Repository, pulls: &[u64]) -> Vec<NewJob> {
    let job = |number: &u64| NewJob {
        priority: LATER,
        ..review(forge, repository, Target::Pull(*number), Reason::TargetMoved)
    };
    pulls.iter().map(job).collect()
}

/// The jobs of a check asked for again: of the pull requests with this head, of the merge group that it is, or a look
/// through the repository for it.
pub fn recheck(
    forge: &ForgeName,
    repository: &Repository,
    head: &Sha,
    pulls: &[u64],
    group_argument: Option<String>,
) -> Vec<NewJob> {
    let of_pull = |number: &u64| NewJob {
        head_hint: Some(head.clone()),
        ..review(forge, repository, Target::Pull(*number), Reason::Rerequested)
    };
    let mut jobs: Vec<_> = pulls.iter().map(of_pull).collect();
    if group_argument.is_some() {
        jobs.push(group(forge, repository, head, group_argument));
    }
    if jobs.is_empty() {
        let target = Target::Group(head.clone());
        jobs.push(NewJob { kind: JobKind::Sweep, ..review(forge, repository, target, Reason::Rerequested) });
    }
    jobs
}

fn one(job: NewJob) -> Decision {
    Decision::Queue(vec![job])
}

fn review(forge: &ForgeName, repository: &Repository, target: Target, reason: Reason) -> NewJob {
    NewJob {
        forge: forge.clone(),
        repository: repository.clone(),
        target,
        kind: JobKind::Review,
        reason,
        head_hint: None,
        priority: SOON,
        argument: None,
    }
}

fn group(forge: &ForgeName, repository: &Repository, head: &Sha, argument: Option<String>) -> NewJob {
    let target = Target::Group(head.clone());
    NewJob {
        head_hint: Some(head.clone()),
        argument,
        ..review(forge, repository, target, Reason::MergeGroup)
    }
}

/// Pull requests that are older than our being given the repository get no review from this.
fn first_sweep(forge: &ForgeName, repository: &Repository, now: i64) -> NewJob {
    NewJob {
        kind: JobKind::Sweep,
        argument: Some(now.to_string()),
        priority: LATER,
        ..review(forge, repository, Target::Repository, Reason::Backlog)
    }
}

fn repository_of(event: &Event) -> Option<&Repository> {
    match event {
        Event::Pull { repository, .. }
        | Event::PullClosed { repository, .. }
        | Event::Rerequested { repository, .. }
        | Event::GroupRequested { repository, .. }
        | Event::GroupDestroyed { repository, .. }
        | Event::Pushed { repository, .. }
        | Event::Command { repository, .. } => Some(repository),
        Event::Installed { .. } | Event::Ping | Event::Ignored(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, decide, recheck, target_moved};
    use crate::model::delivery::{Event, JobKind, NewJob, Reason};
    use crate::model::id::{ForgeName, Repository, Sha, Target};

    fn forge() -> ForgeName {
        ForgeName("github".into())
    }

    fn trees() -> Repository {
        Repository { id: 42, owner: "alice".into(), name: "trees".into(), installation: Some(7) }
    }

    fn sha(digit: char) -> Sha {
        Sha::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn decided(event: Event) -> Decision {
        decide(&forge(), event, 5_000, &|r| r.owner == "alice")
    }

    fn only_job(event: Event) -> NewJob {
        match decided(event) {
            Decision::Queue(mut jobs) if jobs.len() == 1 => jobs.remove(0),
            other => panic!("one job was wanted: {other:?}"),
        }
    }

    #[test]
    fn p11_every_event_about_a_pull_request_becomes_a_job_for_it() {
        for reason in [Reason::Opened, Reason::Pushed, Reason::Ready, Reason::Edited, Reason::Retargeted] {
            let job = only_job(Event::Pull { repository: trees(), number: 7, head: Some(sha('1')), reason });
            assert_eq!((job.target, job.kind, job.reason), (Target::Pull(7), JobKind::Review, reason));
            assert_eq!((job.head_hint, job.priority), (Some(sha('1')), 0));
        }
        let closed = only_job(Event::PullClosed { repository: trees(), number: 7, head: None });
        assert_eq!((closed.target, closed.reason), (Target::Pull(7), Reason::Closed));
        let command = Event::Command { repository: trees(), number: 7, comment_id: 9, author: "bob".into() };
        let command = only_job(command);
        assert_eq!((command.kind, command.argument.as_deref()), (JobKind::Command, Some("9 bob")));
    }

    #[test]
    fn p10_a_merge_group_is_judged_on_its_own_head_and_cancelled_when_it_goes() {
        let job = only_job(Event::GroupRequested {
            repository: trees(),
            head: sha('1'),
            base: sha('2'),
            base_branch: "main".into(),
        });
        assert_eq!((job.target, job.reason), (Target::Group(sha('1')), Reason::MergeGroup));
        assert_eq!(job.argument, Some(format!("{} main", sha('2'))));
        let gone = only_job(Event::GroupDestroyed { repository: trees(), head: sha('1') });
        assert_eq!((gone.target, gone.reason), (Target::Group(sha('1')), Reason::Closed));
    }

    #[test]
    fn p14_a_check_asked_for_again_is_matched_by_its_head() {
        let jobs = recheck(&forge(), &trees(), &sha('1'), &[7, 8], None);
        assert_eq!(jobs.iter().map(|j| &j.target).collect::<Vec<_>>(), [&Target::Pull(7), &Target::Pull(8)]);
        let group = recheck(&forge(), &trees(), &sha('1'), &[], Some("base main".into()));
        assert_eq!((group.len(), group[0].reason, group[0].kind), (1, Reason::MergeGroup, JobKind::Review));
        let unknown = recheck(&forge(), &trees(), &sha('1'), &[], None);
        assert_eq!((unknown.len(), unknown[0].kind), (1, JobKind::Sweep));
    }

    #[test]
    fn a_moved_target_matters_less_than_what_people_wait_for() {
        let push = Event::Pushed { repository: trees(), branch: "main".into(), after: sha('1') };
        assert_eq!(decided(push), Decision::TargetMoved { repository: trees(), branch: "main".into() });
        let deleted = Event::Pushed { repository: trees(), branch: "main".into(), after: sha('0') };
        assert!(matches!(decided(deleted), Decision::Ignore(_)));
        let priorities: Vec<_> = target_moved(&forge(), &trees(), &[7]).iter().map(|j| j.priority).collect();
        assert_eq!(priorities, [10]);
    }

    #[test]
    fn a_repository_that_is_not_on_the_list_is_never_looked_at() {
        let bob = Repository { owner: "bob".into(), ..trees() };
        let pull = Event::Pull { repository: bob.clone(), number: 7, head: None, reason: Reason::Opened };
        assert!(matches!(decided(pull), Decision::Ignore(_)));
        let Decision::Queue(jobs) = decided(Event::Installed { repositories: vec![bob, trees()] }) else {
            panic!("a sweep was wanted")
        };
        assert_eq!(
            (jobs.len(), jobs[0].kind, &jobs[0].target, jobs[0].argument.as_deref()),
            (1, JobKind::Sweep, &Target::Repository, Some("5000"))
        );
    }
}
