//! The search for counterexamples: what it finds, how it grades a world, and when it finds nothing.

use std::fmt::Write as _;

use check::counterexample::refute;
use check::counterexample::target::{Grade, Target};
use check::report::counterexample as refutation;
use note::assumption::assumption;
use note::proposition::{bound_at_beta, proposition};
use reference::vocab::{Beta, Reading};
use reference::world::World;
use worlds::fractions::{Fraction, FractionWorld};

fn target(id: &str, reading: Reading) -> Target {
    let claim = proposition(id, reading).unwrap();
    Target { claim, beta: None }
}

fn at(beta: f64, reading: Reading) -> Target {
    Target {
        claim: bound_at_beta(reading).unwrap(),
        beta: Some(Beta::new(beta).unwrap()),
    }
}

/// Whatever the search does differently shows here: another world, another order, another number of candidates.
#[test]
fn the_counterexamples_are_those_on_record() {
    use Reading::{Expected, Footnote, Joint, Observed, Pointwise};
    let targets = [
        target("3-4", Pointwise),
        target("9-10", Pointwise),
        target("11-12", Pointwise),
        target("12-13", Joint),
        target("13-14", Footnote),
        target("13-14", Expected),
        target("3-14", Pointwise),
        target("3-1", Observed),
        target("3-1", Footnote),
        target("p(x)-A4", Pointwise),
        at(0.0, Observed),
        at(0.99, Observed),
        at(6.6, Pointwise),
    ];
    let mut report = String::new();
    for target in targets {
        let found = refute::<World>(&target, 3, 2000).unwrap().unwrap();
        let _ = writeln!(report, "{}\n{}", refutation::text(&found), found.world.to_toml());
    }
    insta::assert_snapshot!("counterexamples", report);
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for target in [
        target("5-6", Reading::Pointwise),
        target("3-14", Reading::Observed),
        at(1.0, Reading::Observed),
        at(2.0, Reading::Expected),
    ] {
        assert!(
            refute::<World>(&target, 1, 1100).unwrap().is_none(),
            "{}",
            target.claim.id
        );
    }
    // The first world that breaks it is beyond the first one drawn.
    assert!(
        refute::<World>(&target("3-4", Reading::Pointwise), 1, 1)
            .unwrap()
            .is_none()
    );
}

fn witness(id: &str) -> World {
    changed(id, |_| ())
}

fn changed(id: &str, change: impl FnOnce(&mut FractionWorld)) -> World {
    let mut world = FractionWorld::from_toml(assumption(id).unwrap().witness).unwrap();
    change(&mut world);
    world.to_world().unwrap()
}

#[test]
fn a_world_is_graded_by_what_it_violates_and_by_its_zeros() {
    let grade = |target: &Target, world: &World| target.grade(world).unwrap();
    let [third, zero, one] = [(1, 3), (0, 1), (1, 1)].map(|(n, d)| Fraction::new(n, d));
    let eq14 = target("3-14", Reading::Pointwise);
    assert_eq!(grade(&eq14, &witness("caption-certain")), Some(Grade::Refutes));
    let factorised = target("11-12", Reading::Pointwise);
    assert_eq!(
        grade(&factorised, &witness("joint-factorises")),
        Some(Grade::ConditionalPositive)
    );
    let covered = target("3-4", Reading::Pointwise);
    assert_eq!(
        grade(&covered, &witness("q-covers-posterior")),
        Some(Grade::Conditional)
    );
    // The claim stands.
    assert_eq!(grade(&covered, &witness("caption-certain")), None);
    // Two assumptions at once: q misses the posterior, and the observed caption has no mass.
    let two = changed("q-covers-posterior", |world| {
        world.p_x_given_yz = vec![vec![third, third], vec![third, third]];
        world.p_yz = vec![vec![third, third], vec![third, zero]];
        world.q_y_given_x = vec![zero, one];
    });
    assert_eq!(grade(&covered, &two), Some(Grade::Degenerate));
    // An observed pair that is impossible.
    let possible = target("9-10", Reading::Pointwise);
    assert_eq!(grade(&possible, &witness("caption-possible")), Some(Grade::Conditional));
    let impossible = changed("caption-possible", |world| {
        world.p_x_given_yz = vec![vec![zero], vec![third]]
    });
    assert_eq!(grade(&possible, &impossible), Some(Grade::Degenerate));
}

#[test]
fn a_beta_that_was_asked_for_is_no_assumption() {
    let half = changed("beta-one", |world| world.q_y_given_x = vec![Fraction::new(1, 2); 2]);
    let own = target("3-1", Reading::Observed);
    assert_eq!(own.grade(&half).unwrap(), Some(Grade::ConditionalPositive));
    assert_eq!(at(0.5, Reading::Observed).grade(&half).unwrap(), Some(Grade::Refutes));
    assert_eq!(at(1.0, Reading::Observed).grade(&half).unwrap(), None);
}
