//! Each witness breaks its line, each predicate restores it.

use check::counterexample::refute;
use check::counterexample::target::{Grade, Target};
use check::observe::{Values, judge};
use check::report::broken_assumption::shown as broken;
use check::verdict::{Standing, Tally, verdict};
use note::assumption::{ASSUMPTIONS, Kind, assumption};
use note::proposition::propositions;
use note::under_reading::UnderReading;
use reference::vocab::Reading;
use reference::world::World;
use worlds::fractions::FractionWorld;
use worlds::generate::random;

#[test]
fn every_witness_violates_its_assumption_and_breaks_its_line() {
    for a in ASSUMPTIONS {
        let shown = broken::<World>(a, a.witness).unwrap();
        assert!(!shown.broken.assumption_holds, "{}", a.id);
        assert!(shown.broken.seen.broken, "{} does not break {}", a.id, a.breaks);
    }
}

#[test]
fn every_assumption_restores_its_line() {
    for a in ASSUMPTIONS {
        let shown = broken::<World>(a, a.witness).unwrap();
        assert!(shown.restored.assumption_holds, "{}", a.id);
        assert!(!shown.restored.seen.broken, "{} with {}", a.breaks, a.id);
    }
}

#[test]
fn every_witness_violates_nothing_else_that_could_explain_the_break() {
    for a in ASSUMPTIONS {
        let shown = broken::<World>(a, a.witness).unwrap();
        let mask = |world| note::assumption::violated(&UnderReading::new(world, a.reading).unwrap());
        let (before, after) = (mask(&shown.witness.to_world().unwrap()), mask(&shown.restored_world));
        for (bit, other) in ASSUMPTIONS.iter().enumerate() {
            let violated = |mask: u16| mask & (1 << bit) != 0;
            if other.id == a.id {
                assert!(violated(before) && !violated(after), "{}", a.id);
            } else if other.kind != Kind::Repair && !(a.is_about_beta() && other.is_about_beta()) {
                assert!(!violated(before) && !violated(after), "{}: {} too", a.id, other.id);
            }
        }
    }
}

#[test]
fn a_letter_names_an_assumption() {
    assert_eq!(assumption("A").unwrap().id, "q-covers-posterior");
    assert_eq!(assumption("d").unwrap().id, "caption-certain");
    assert!(assumption("Z").is_none() && assumption("").is_none());
}

#[test]
fn every_witness_is_small() {
    for a in ASSUMPTIONS {
        let (captions, codes, images) = FractionWorld::from_toml(a.witness).unwrap().states();
        assert!(captions <= 2 && codes <= 2 && images <= 2, "{}", a.id);
    }
}

#[test]
fn a_conditional_claim_is_never_broken_where_its_assumptions_hold() {
    // Fresh worlds, not those the verdict was formed on.
    let worlds: Vec<_> = (0..2000).map(|index| random::world(99, index)).collect();
    for claim in propositions() {
        let mut tally = Tally::default();
        let scenes: Vec<UnderReading> = worlds
            .iter()
            .map(|world| UnderReading::new(world, claim.reading).unwrap())
            .collect();
        for (index, scene) in scenes.iter().enumerate() {
            let mask = note::assumption::violated(scene);
            tally.add(index as u64, mask, &judge(&claim, scene, &mut Values::new()));
        }
        if let Standing::HoldsIf { assumptions, .. } = verdict(&claim, &tally).standing {
            let fresh = (2000..4000).map(|index| random::world(99, index));
            for scene in fresh.map(|world| UnderReading::new(&world, claim.reading).unwrap()) {
                if assumptions.iter().all(|id| assumption(id).unwrap().holds(&scene)) {
                    assert!(
                        !judge(&claim, &scene, &mut Values::new()).broken,
                        "{} {}",
                        claim.id,
                        claim.reading.name()
                    );
                }
            }
        }
    }
}

#[test]
fn every_claim_that_is_refuted_has_a_counterexample_of_at_most_two_states_each() {
    let refuted = [
        ("12-13", Reading::Joint),
        ("3-13", Reading::Joint),
        ("13-14", Reading::Pointwise),
        ("13-14", Reading::Joint),
        ("13-14", Reading::Footnote),
        ("13-14", Reading::Expected),
        ("3-14", Reading::Pointwise),
        ("3-14", Reading::Joint),
        ("3-14", Reading::Footnote),
        ("p(x)-A4", Reading::Pointwise),
    ];
    for (id, reading) in refuted {
        let claim = note::proposition::proposition(id, reading).unwrap();
        let found = refute::<World>(&Target { claim, beta: None }, 1, 4000)
            .unwrap()
            .unwrap();
        let (captions, codes, images) = found.world.states();
        assert_eq!(found.grade, Grade::Refutes, "{id} {}", reading.name());
        assert!(captions <= 2 && codes <= 2 && images <= 2, "{id} {}", reading.name());
        assert!(
            found.below.unwrap().value() > found.above.unwrap().value(),
            "{id} {}",
            reading.name()
        );
    }
}

#[test]
fn the_smallest_counterexample_to_eq_14_is_the_audits() {
    let claim = note::proposition::proposition("3-14", Reading::Joint).unwrap();
    let found = refute::<World>(&Target { claim, beta: None }, 7, 4000)
        .unwrap()
        .unwrap();
    assert_eq!(found.world.states(), (2, 1, 1));
    assert!(found.below.unwrap().value().abs() < 1e-15);
    assert!((found.above.unwrap().value() - 0.5_f64.ln()).abs() < 1e-15);
}

#[test]
fn assumptions_of_the_note_are_marked_as_such() {
    let stated: Vec<_> = ASSUMPTIONS
        .iter()
        .filter(|a| a.kind == Kind::Stated)
        .map(|a| a.id)
        .collect();
    assert_eq!(stated, ["joint-factorises", "beta-one"]);
}
