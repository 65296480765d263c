//! The search for counterexamples among continuous worlds, and their assumptions' witnesses.

use std::fmt::Write as _;

use check::counterexample::shrinkable::Shrinkable as _;
use check::counterexample::target::Target;
use check::counterexample::{Counterexample, refute};
use check::report::broken_assumption::shown as broken;
use check::report::counterexample as refutation;
use note::assumption::{ASSUMPTIONS, Condition, Kind, violated};
use note::proposition::{bound_at_beta, proposition};
use note::under_reading::UnderReading;
use reference::gaussian::Gaussian;
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Beta, Reading};
use worlds::fractions::FractionGaussian;
use worlds::generate::gaussian;

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

fn found(target: &Target) -> Option<Counterexample<Gaussian>> {
    refute(target, 3, 600).unwrap()
}

/// Whatever the search does differently shows here.
#[test]
fn the_continuous_counterexamples_are_those_on_record() {
    use Reading::{Expected, Joint, Observed, Pointwise};
    let mut report = String::new();
    for target in [
        target("9-10", Pointwise),
        target("13-14", Pointwise),
        target("3-14", Joint),
        target("3-14", Expected),
        target("3-1", Observed),
        at(0.5, Observed),
        at(6.6, Pointwise),
    ] {
        let Some(found) = found(&target) else {
            let _ = writeln!(report, "nothing: {}\n", refutation::sentence(&target));
            continue;
        };
        let _ = writeln!(
            report,
            "{}\n{}",
            refutation::text(&found),
            FractionGaussian::to_toml(&found.world)
        );
    }
    insta::assert_snapshot!("continuous-counterexamples", report);
}

/// The world that was found first may violate more than the simplest one.
#[test]
fn the_grade_is_that_of_the_world_printed() {
    let target = target("13-14", Reading::Pointwise);
    for seed in 0..8 {
        let Some(found) = refute::<Gaussian>(&target, seed, 3).unwrap() else {
            continue;
        };
        let world = found.world.to_world().unwrap();
        assert_eq!(target.grade(&world).unwrap(), Some(found.grade), "seed {seed}");
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for target in [
        target("3-4", Reading::Pointwise),
        target("5-6", Reading::Pointwise),
        target("11-12", Reading::Pointwise),
        target("3-14", Reading::Observed),
        at(1.0, Reading::Observed),
    ] {
        assert!(found(&target).is_none(), "{}", target.claim.id);
    }
}

#[test]
fn every_continuous_witness_breaks_its_line_and_nothing_else_and_is_restored() {
    let mut shown = 0;
    for a in ASSUMPTIONS {
        let Some(witness) = a.continuous else { continue };
        shown += 1;
        let shown = broken::<Gaussian>(a, witness).unwrap();
        assert!(!shown.broken.assumption_holds && shown.broken.seen.broken, "{}", a.id);
        assert!(
            shown.restored.assumption_holds && !shown.restored.seen.broken,
            "{}",
            a.id
        );
        let others = |world: &Gaussian| {
            let mask = violated(&UnderReading::new(world, a.reading).unwrap());
            let others = ASSUMPTIONS.iter().enumerate();
            let others = others.filter(|(_, other)| other.id != a.id && other.kind != Kind::Repair);
            let others = others.filter(|(_, other)| !(other.is_about_beta() && a.is_about_beta()));
            others.filter(|(bit, _)| mask & (1 << bit) != 0).count()
        };
        assert_eq!(others(&shown.witness.to_world().unwrap()), 0, "{}", a.id);
    }
    assert_eq!(shown, 4);
}

#[test]
fn what_needs_no_witness_is_restored_too() {
    let worlds = (0..60).map(|index| gaussian::world(5, index));
    let worlds: Vec<Gaussian> = worlds.filter(|world| world.ln_p_y(world.y()).is_finite()).collect();
    for world in &worlds {
        let covered = world.restored(Condition::PosteriorCovered).unwrap();
        let gap = covered.posterior_gap().unwrap();
        assert!(gap.value().abs() <= reference::vocab::closure_bound(&[gap]), "{gap:?}");
        let blind = world.restored(Condition::DecoderIgnoresCaption).unwrap();
        assert!(blind.decoder_ignores_caption());
        assert!(blind.ln_p_x_given_yz(world.y()) == world.ln_p_x_given_yz(world.y()));
        assert!(&world.restored(Condition::JointFactorises).unwrap() == world);
    }
    assert!(worlds.iter().any(|world| !world.decoder_ignores_caption()));
}

#[test]
fn a_smaller_world_lacks_one_caption_coordinate_or_pixel() {
    let worlds = (0..).map(|index| gaussian::world(3, index));
    let mut worlds = worlds.filter(|world| world.captions() > 2 && world.dimension() > 2 && world.pixels() > 2);
    let world = worlds.next().unwrap();
    let size = |world: &Gaussian| (world.captions(), world.dimension(), world.pixels());
    let (captions, d, pixels) = size(&world);
    let smaller = world.smaller();
    let mut sizes: Vec<_> = smaller.iter().map(size).collect();
    sizes.dedup();
    let fewer = [
        (captions - 1, d, pixels),
        (captions, d - 1, pixels),
        (captions, d, pixels - 1),
    ];
    assert_eq!(sizes, fewer);
    assert_eq!(smaller.len(), captions - 1 + d + pixels);
    for other in &smaller {
        let kept = other.parts().prior_mean.row(other.y()).to_vec();
        let given = world.parts().prior_mean.row(world.y()).to_vec();
        assert!(kept.iter().all(|mean| given.contains(mean)));
    }
}
