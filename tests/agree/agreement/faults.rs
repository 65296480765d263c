//! A comparison that could not fail would prove nothing: no worlds, moved values, wrong twins.

use agree::equations::{FLOATS, agree, agree_on};
use agree::families::dense::SEED;
use agree::pairs::{PAIRS, Pair, Start, Twin, tables};
use agree::report as agreement;
use bounds::{Float, compare};
use gpu::Tensor;
use gpu::transfer::download;
use gpu::world::Batch;
use reference::vocab::Reading;
use reference::world::World;

use super::{drawn, emoji, on_cpu};

#[test]
fn comparing_nothing_is_a_failure() {
    let nothing = agree(&[], &on_cpu(Float::F64)).unwrap();
    assert!(!nothing.agrees);
    assert!(
        agreement::text(&nothing).contains("compared nothing"),
        "{}",
        agreement::text(&nothing)
    );
    let no_pairs = agree_on::<_, Twin>(&[], &drawn(SEED), &on_cpu(Float::F64)).unwrap();
    assert!(!no_pairs.agrees);
}

#[test]
fn a_value_moved_by_four_bounds_is_noticed() {
    let worlds: Vec<World> = emoji()
        .into_iter()
        .take(20)
        .map(|world| world.rounded(|v| Float::F32.nearest(v)))
        .collect();
    let batch = Batch::new(&tables(&worlds), &on_cpu(Float::F32).device, Float::F32).unwrap();
    let mut moved = 0;
    for pair in PAIRS.iter().filter(|pair| pair.start == Start::Rounded) {
        let reading = Reading::Pointwise;
        let twins = download(&(pair.twin)(&batch, reading).unwrap()).unwrap();
        let per_world = twins.len() / worlds.len();
        for (world, twins) in worlds.iter().zip(twins.chunks(per_world)) {
            let tolerance = pair.tolerance(world, reading, Float::F32);
            for (nats, &twin) in (pair.reference)(world, reading).unwrap().into_iter().zip(twins) {
                let bound = tolerance.bound(nats.mass());
                assert!(compare(nats.value(), twin, bound).agrees());
                for step in [4.0, -4.0] {
                    assert!(
                        !compare(nats.value(), twin + step * bound, bound).agrees(),
                        "{}",
                        pair.name
                    );
                    moved += 1;
                }
            }
        }
    }
    assert!(moved > 10_000);
}

/// Twins with one fault each, beside the functions that they pretend to be.
#[test]
fn planted_faults_are_noticed_and_named() {
    type Twin = fn(&Batch, Reading) -> Result<Tensor, gpu::Error>;
    let zero_times_infinity: Twin = |batch, _| {
        let f = (batch.at_observed(batch.ln_p_yz())? - batch.ln_q_z())?;
        Ok((batch.ln_q_z().exp()? * f)?.sum(1)?)
    };
    let half_an_entropy: Twin = |batch, _| Ok((gpu::categorical::entropy(batch.ln_q_yz())? * 0.5)?);
    let first_caption: Twin = |batch, _| {
        let f = (batch.ln_p_x_given_yz() + batch.ln_p_yz())?
            .narrow(1, 0, 1)?
            .squeeze(1)?;
        gpu::categorical::expect(batch.ln_q_z(), &(f - batch.ln_q_z())?)
    };
    let beta_of_the_first: Twin = |batch, reading| {
        let beta = batch.beta().narrow(0, 0, 1)?.broadcast_as(batch.worlds())?;
        let weighted = (beta * gpu::equations::divergence(batch, reading)?)?;
        Ok((gpu::equations::expected_log_likelihood(batch, reading)? - weighted)?)
    };
    let half_precision: Twin = |batch, _| {
        let value = gpu::equations::eq03_log_evidence(batch)?;
        Ok((&value * (1.0 + 2.0_f64.powi(-12)))?)
    };
    let faults = [
        ("divergence", zero_times_infinity),
        ("entropy", half_an_entropy),
        ("eq09_log_product", first_caption),
        ("eq01_objective", beta_of_the_first),
        ("eq03_log_evidence", half_precision),
    ];
    let worlds = drawn(SEED);
    for (name, twin) in faults {
        let honest = PAIRS.iter().find(|pair| pair.name == name).unwrap();
        let readings: &[Reading] = &[Reading::Observed];
        let planted = Pair {
            twin,
            readings,
            ..*honest
        };
        for float in FLOATS {
            assert!(
                agree_on(&[Pair { readings, ..*honest }], &worlds, &on_cpu(float))
                    .unwrap()
                    .agrees
            );
            let report = agree_on(&[planted], &worlds, &on_cpu(float)).unwrap();
            assert!(
                !report.agrees && report.rows[0].agreement.failed > 0,
                "{name} in {}",
                float.name()
            );
            assert!(
                agreement::text(&report).contains(" differ; the worst, "),
                "{}",
                agreement::text(&report)
            );
        }
    }
}
