//! What is posted, kept, edited and marked fixed over the life of a pull request.

use proptest::prelude::*;
use red_panda::model::finding::{Place, Severity};
use red_panda::model::judgement::Reported;
use red_panda::model::plan::{Plan, PostingKind};

use super::fixtures::*;

#[test]
fn a_first_review_comments_inline_and_lists_the_rest() {
    let mut world = World::default();
    let plan = world.publish(&judgement(all_faults()), &[]);
    let review = plan.review.unwrap();
    let inline: Vec<(&str, u32)> =
        review.comments.iter().map(|c| (c.anchor.path.as_str(), c.anchor.line)).collect();
    assert_eq!(
        inline,
        [
            ("trees/migrations/0001_initial.py", 12),
            (MIGRATION, 15),
            ("config/settings.py", 5),
            ("trees/views.py", 12)
        ]
    );
    assert!(review.body.contains("3 things to change before merging, 3 to look at"), "{}", review.body);
    assert!(world.plan(&judgement(all_faults())) == Plan::default());
}

#[test]
fn p5_a_rebase_posts_nothing_again() {
    let mut world = World::default();
    world.publish(&judgement(all_faults()), &[]);
    let mut rebased = judgement(all_faults());
    rebased.head = sha('4');
    rebased.merge_base = sha('7');
    assert!(world.plan(&rebased) == Plan::default());
}

#[test]
fn p7_beyond_the_limit_findings_stay_in_the_summary_for_good() {
    let mut world = World { max_comments: 1, ..World::default() };
    let review = world.publish(&judgement(all_faults()), &[]).review.unwrap();
    assert_eq!(review.comments.len(), 1);
    assert_eq!(review.comments[0].anchor.path, "trees/migrations/0001_initial.py");
    let without_it = all_faults().into_iter().filter(|r| r.fingerprint != fp(2)).collect();
    let later = world.publish(&judgement(without_it), &[]);
    assert_eq!(later.review, None);
}

#[test]
fn p1_a_finding_outside_the_hunks_is_listed_with_a_link() {
    let mut world = World::default();
    let mut far = irreversible();
    far.place = Place::Head { path: MIGRATION.into(), span: span(99, 9, 35) };
    let review = world.publish(&judgement(vec![reported(1, far)]), &[]).review.unwrap();
    assert!(review.comments.is_empty());
    assert!(review.body.contains("https://forge.test/blob/3333333/trees/migrations/0003_fill_names.py#L99"));
}

#[test]
fn p2_several_lines_only_where_there_are_several_in_one_hunk() {
    let mut long = irreversible();
    let mut until = span(15, 9, 35);
    until.end.line = 17;
    long.place = Place::Head { path: MIGRATION.into(), span: until };
    long.fix = None;
    let judged = judgement(vec![reported(1, long)]);
    let anchor = |world: World| world.plan(&judged).review.unwrap().comments[0].anchor.clone();
    assert_eq!((anchor(World::default()).start_line, anchor(World::default()).line), (Some(15), 17));
    let single = anchor(World { capabilities: FORGEJO, ..World::default() });
    assert_eq!((single.start_line, single.line), (None, 15));
}

#[test]
fn what_is_gone_is_struck_through_and_what_returns_is_not() {
    let mut world = World::default();
    world.publish(&judgement(vec![reported(1, irreversible())]), &[]);
    let mut clean = judgement(vec![]);
    clean.head = sha('5');
    let plan = world.publish(&clean, &[]);
    assert_eq!(plan.review, None);
    assert!(world.inline()[0].body.starts_with(
        "~~**`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed.**~~ Fixed in `5555555`."
    ));
    assert!(world.summaries()[0].body.contains("Nothing left to change here"));
    clean.head = sha('6');
    assert!(world.plan(&clean) == Plan::default(), "the fix stays where it was made");

    let back = world.publish(&judgement(vec![reported(1, irreversible())]), &[]);
    assert_eq!(back.review, None);
    assert!(world.inline()[0].body.starts_with("**`RunPython(fill)`"));
    assert!(world.plan(&judgement(vec![reported(1, irreversible())])) == Plan::default());
}

#[test]
fn a_group_names_the_lines_that_are_left() {
    let mut world = World::default();
    world.publish(&judgement(vec![reported(5, print_call(12)), reported(6, print_call(18))]), &[]);
    assert!(world.inline()[0].body.contains("On lines 12 and 18."));
    world.publish(&judgement(vec![reported(6, print_call(18))]), &[]);
    assert_eq!(world.inline().len(), 1);
    assert!(world.inline()[0].body.contains("On line 18."));
}

#[test]
fn one_more_of_a_group_joins_its_comment_and_is_announced() {
    let mut world = World::default();
    world.publish(&judgement(vec![reported(5, print_call(12))]), &[]);
    let both = judgement(vec![reported(5, print_call(12)), reported(6, print_call(18))]);
    let review = world.publish(&both, &[]).review.unwrap();
    assert!(review.comments.is_empty());
    assert!(review.body.contains("1 more thing to look at"), "{}", review.body);
    assert!(world.inline()[0].body.contains("On lines 12 and 18."));
    assert!(world.plan(&both) == Plan::default());
}

#[test]
fn a_comment_that_a_person_removed_does_not_come_back() {
    let mut world = World::default();
    let judged = judgement(all_faults());
    world.publish(&judged, &[]);
    let removed = world.inline()[1].id;
    world.remove(removed);
    world.publish(&judged, &[]);
    assert!(world.plan(&judged) == Plan::default());
    assert!(world.summaries()[0].body.contains("3 things to change"), "it still counts");

    let more = judgement(all_faults().into_iter().chain([reported(8, other_fault())]).collect());
    let review = world.publish(&more, &[]).review.unwrap();
    assert_eq!(review.comments.len(), 1, "only the new one");
}

#[test]
fn a_lost_database_adopts_what_stands() {
    let mut world = World::default();
    let judged = judgement(all_faults());
    world.publish(&judged, &[]);
    world.stored.clear();
    assert!(world.publish(&judged, &[]).review.is_none());
    assert!(world.plan(&judged) == Plan::default());

    world.stored.clear();
    world.publish(&judgement(vec![]), &[]);
    assert!(
        world.inline()[0].body.starts_with("What this comment was about is no longer there at `3333333`.")
    );
}

#[test]
fn a_crash_after_the_review_ends_as_one_clean_run_would() {
    let (mut crashed, mut clean) = (World::default(), World::default());
    let both = [reported(5, print_call(12)), reported(6, print_call(18))];
    for world in [&mut crashed, &mut clean] {
        world.publish(&judgement(vec![both[0].clone()]), &[]);
    }
    let judged = judgement(both.into_iter().chain(all_faults().into_iter().take(4)).collect());
    crashed.crash_after_review(&judged);
    assert_eq!(crashed.publish(&judged, &[]).review, None);
    clean.publish(&judged, &[]);
    let bodies = |world: &World| world.comments.iter().map(|c| c.body.clone()).collect::<Vec<_>>();
    assert_eq!(bodies(&crashed), bodies(&clean));
    assert!(crashed.plan(&judged) == Plan::default());
    assert!(crashed.inline()[0].body.contains("On lines 12 and 18."));
}

#[test]
fn what_the_forge_refused_is_explained_in_the_summary() {
    let mut world = World::default();
    let judged = judgement(vec![reported(1, irreversible())]);
    world.publish(&judged, &[0]);
    let plan = world.publish(&judged, &[]);
    assert_eq!((plan.review, plan.edits.len()), (None, 1));
    assert!(world.summaries()[0].body.contains("IrreversibleError"));
    assert!(world.plan(&judged) == Plan::default());
}

#[test]
fn drafts_get_their_review_when_they_are_ready() {
    let mut world = World { review_wanted: false, ..World::default() };
    let judged = judgement(all_faults());
    assert!(world.publish(&judged, &[]) == Plan::default());
    world.review_wanted = true;
    assert!(world.publish(&judged, &[]).review.is_some());
}

#[test]
fn one_more_of_a_group_waits_for_its_review_while_it_is_a_draft() {
    let mut world = World::default();
    world.publish(&judgement(vec![reported(5, print_call(12))]), &[]);
    let both = judgement(vec![reported(5, print_call(12)), reported(6, print_call(18))]);
    world.review_wanted = false;
    assert!(world.publish(&both, &[]) == Plan::default());
    world.review_wanted = true;
    assert!(world.publish(&both, &[]).review.is_some());
}

#[test]
fn fixed_comments_make_room_for_new_ones() {
    let mut world = World { max_comments: 1, ..World::default() };
    world.publish(&judgement(vec![reported(1, irreversible())]), &[]);
    let review = world.publish(&judgement(vec![reported(2, edited_migration())]), &[]).review.unwrap();
    assert_eq!(review.comments.len(), 1);
}

#[test]
fn warnings_alone_make_a_review_and_advice_alone_makes_none() {
    let world = World::default();
    assert!(world.plan(&judgement(vec![reported(4, broker_url())])).review.is_some());
    assert!(world.plan(&judgement(vec![reported(7, advice())])) == Plan::default());
    assert!(world.plan(&judgement(vec![])) == Plan::default());
}

#[test]
fn nothing_is_called_fixed_while_not_everything_was_looked_at() {
    let mut world = World::default();
    world.publish(&judgement(all_faults()), &[]);
    let mut blind = judgement(vec![]);
    blind.not_looked_at = vec![unseen(MIGRATION, "is longer than 2 MiB")];
    assert!(world.plan(&blind) == Plan::default());
}

#[test]
fn a_button_hangs_on_exactly_the_lines_it_replaces() {
    let review = World::default().plan(&judgement(vec![reported(1, irreversible())])).review.unwrap();
    let comment = &review.comments[0];
    assert_eq!((comment.anchor.start_line, comment.anchor.line), (None, 15));
    assert!(
        comment
            .body
            .contains("```suggestion\n        migrations.RunPython(fill, migrations.RunPython.noop),\n```")
    );
}

fn other_fault() -> red_panda::model::finding::Finding {
    let mut other = irreversible();
    other.headline = "`RunPython(empty)` in `trees.0003_fill_names` cannot be reversed".into();
    other.place = Place::Head { path: MIGRATION.into(), span: span(17, 9, 35) };
    other
}

/// Ten findings of four groups, some of which have no place in the diff.
fn pool() -> Vec<Reported> {
    let mut far = edited_migration();
    far.place = Place::Head { path: "trees/migrations/0001_initial.py".into(), span: span(90, 1, 5) };
    let mut renamed = print_call(14);
    renamed.headline = "`trees/views.py` prints".into();
    all_faults()
        .into_iter()
        .chain([reported(8, other_fault()), reported(9, far), reported(10, renamed)])
        .collect()
}

#[derive(Clone, Debug)]
enum Step {
    Push { present: Vec<bool>, shift: u32, demoted: bool, draft: bool },
    Remove(usize),
    LoseStore,
    Crash { present: Vec<bool> },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let present = || proptest::collection::vec(any::<bool>(), 10);
    let step = prop_oneof![
        6 => (present(), 0u32..3, proptest::bool::weighted(0.2), proptest::bool::weighted(0.2))
            .prop_map(|(present, shift, demoted, draft)| Step::Push { present, shift, demoted, draft }),
        2 => (0usize..8).prop_map(Step::Remove),
        1 => Just(Step::LoseStore),
        1 => present().prop_map(|present| Step::Crash { present }),
    ];
    proptest::collection::vec(step, 1..10)
}

fn chosen(present: &[bool], shift: u32) -> Vec<Reported> {
    let mut findings: Vec<Reported> =
        pool().into_iter().zip(present).filter(|(_, yes)| **yes).map(|(r, _)| r).collect();
    for reported in &mut findings {
        if let Place::Head { span, .. } = &mut reported.finding.place {
            span.start.line += shift;
            span.end.line += shift;
        }
    }
    findings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn after_a_plan_is_carried_out_the_next_is_empty(steps in steps(), max_comments in 0usize..6) {
        let mut world = World { max_comments, ..World::default() };
        for step in steps {
            match step {
                Step::Push { present, shift, demoted, draft } => {
                    let judged = judgement(chosen(&present, shift));
                    world.review_wanted = !draft;
                    let refused: &[usize] = if demoted { &[0] } else { &[] };
                    let posted = world.publish(&judged, refused).review;
                    if demoted {
                        // The next run takes what was refused into the summary's own words.
                        let settled = world.publish(&judged, &[]);
                        prop_assert_eq!(settled.review, None);
                    }
                    prop_assert!(world.plan(&judged) == Plan::default(), "{:?}", world.plan(&judged));
                    prop_assert!(posted.is_none_or(|r| r.comments.len() <= max_comments));
                    check(&world, &judged.findings, draft)?;
                }
                Step::Remove(index) => {
                    if let Some(id) = world.comments.get(index).map(|c| c.id) {
                        world.remove(id);
                    }
                }
                Step::LoseStore => world.stored.clear(),
                Step::Crash { present } => world.crash_after_review(&judgement(chosen(&present, 0))),
            }
        }
    }
}

/// Every fault that is not advice is named by the store, and by nothing that says it is fixed.
fn check(world: &World, findings: &[Reported], draft: bool) -> Result<(), TestCaseError> {
    for reported in findings.iter().filter(|r| r.finding.severity > Severity::Advice) {
        let naming: Vec<_> =
            world.stored.iter().filter(|p| p.fingerprints.contains(&reported.fingerprint)).collect();
        prop_assert!(draft || !naming.is_empty());
        let standing_inline = naming.iter().filter(|p| p.kind == PostingKind::Inline && !p.removed);
        for posting in standing_inline {
            prop_assert!(!posting.fixed);
            let body = &world.comments.iter().find(|c| c.id == posting.forge_id).unwrap().body;
            prop_assert!(!body.contains("Fixed in") && !body.contains("no longer there"));
        }
    }
    let mut named = std::collections::HashSet::new();
    for posting in world.stored.iter().filter(|p| p.kind == PostingKind::Inline) {
        for fingerprint in &posting.fingerprints {
            prop_assert!(named.insert(fingerprint), "{fingerprint:?} stands inline twice");
        }
    }
    Ok(())
}
