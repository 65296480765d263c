//! Worlds built for one edge each: far apart, underflowing, cancelling, impossible.

use agree::equations::FLOATS;
use agree::families::dense::{SEED, Worlds, certain, normalised, seed};
use bounds::Float;
use ndarray::Array2;
use reference::model::Model as _;
use reference::vocab::Beta;
use reference::world::{Tables, World};

use super::{agreeing, on_cpu};

#[test]
fn the_twin_agrees_where_likelihoods_are_far_apart() {
    let mut worlds = Vec::new();
    let mut source = Worlds::new(seed());
    for offset in [-1e-3, -88.0, -104.0, -746.0, -1e4, -1e30, 1e4] {
        for _ in 0..4 {
            let mut tables = source.dense(5, 3, 0.0);
            tables.ln_p_x_given_yz.row_mut(tables.y).mapv_inplace(|ln| ln + offset);
            tables.ln_p_x_given_yz[[tables.y, 1]] -= offset / 2.0;
            worlds.push(World::new(tables).unwrap());
        }
    }
    for float in FLOATS {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_twin_agrees_where_weights_underflow() {
    let mut worlds = Vec::new();
    let mut source = Worlds::new(seed());
    // exp(-100) is subnormal and exp(-110) is 0 in f32; exp(-740) and exp(-800) are so in f64.
    for rare in [-100.0, -110.0, -740.0, -800.0] {
        for masked in [false, true] {
            let mut tables = source.dense(2, 7, 0.0);
            tables.ln_q_z_given_x = certain(7, 0).mapv(|ln: f64| ln.max(rare));
            tables.ln_q_y_given_x = certain(2, tables.y).mapv(|ln: f64| ln.max(rare));
            // The rarest code is impossible: the expectation is -inf, whatever its weight underflows to.
            if masked {
                tables.ln_p_x_given_yz[[tables.y, 3]] = f64::NEG_INFINITY;
            }
            worlds.push(World::new(tables).unwrap());
        }
    }
    for float in FLOATS {
        let report = agreeing(&worlds, &on_cpu(float));
        let line9 = report.rows.iter().find(|row| row.name == "eq09_log_product").unwrap();
        assert_eq!((line9.agreement.compared, line9.agreement.classed), (8, 4));
    }
}

#[test]
fn the_twin_agrees_where_the_footnote_cancels() {
    // ln p(y|z) = ln p(y,z) - ln p(z) is a small difference of two large numbers where the prior all but rules z out.
    let mut source = Worlds::new(seed());
    let mut worlds = Vec::new();
    for depth in [30.0, 300.0, 1e4] {
        for _ in 0..4 {
            let mut tables = source.dense(3, 4, 0.0);
            tables.ln_p_yz.column_mut(1).mapv_inplace(|ln| ln - depth);
            let prior = normalised(tables.ln_p_yz.as_slice().unwrap());
            tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
            worlds.push(World::new(tables).unwrap());
        }
        let mut tables = source.dense(3, 4, 0.0);
        tables.ln_p_yz.row_mut(0).mapv_inplace(|ln| ln + depth);
        let prior = normalised(tables.ln_p_yz.as_slice().unwrap());
        tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
        worlds.push(World::new(tables).unwrap());
    }
    for float in FLOATS {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn an_impossible_image_is_minus_infinity_on_both_sides() {
    let mut tables = Worlds::new(SEED).dense(2, 5, 0.0);
    tables.ln_p_x_given_yz.fill(f64::NEG_INFINITY);
    let world = World::new(tables).unwrap();
    for float in FLOATS {
        let report = agreeing(std::slice::from_ref(&world), &on_cpu(float));
        let line3 = report.rows.iter().find(|row| row.name == "eq03_log_evidence").unwrap();
        assert_eq!((line3.agreement.compared, line3.agreement.classed), (1, 1));
    }
}

#[test]
fn a_caption_without_prior_or_without_encoder_has_the_class_of_the_reference() {
    let mut source = Worlds::new(SEED);
    let mut worlds = Vec::new();
    for y in 0..3 {
        let mut tables = source.dense(3, 4, 0.0);
        tables.ln_p_yz.row_mut(1).fill(f64::NEG_INFINITY);
        tables.ln_p_yz.column_mut(2).fill(f64::NEG_INFINITY);
        let prior = normalised(tables.ln_p_yz.as_slice().unwrap());
        tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
        tables.ln_q_y_given_x = certain(3, 2);
        worlds.push(World::new(Tables { y, ..tables }).unwrap());
    }
    for float in FLOATS {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn an_infinite_divergence_at_beta_zero_is_not_there() {
    let mut tables = Worlds::new(SEED).dense(2, 3, 0.0);
    tables.ln_p_yz[[tables.y, 1]] = f64::NEG_INFINITY;
    let prior = normalised(tables.ln_p_yz.as_slice().unwrap());
    tables.ln_p_yz = Array2::from_shape_vec((2, 3), prior).unwrap();
    let world = World::new(tables).unwrap();
    let worlds = [0.0, 1.0].map(|beta| world.with_beta(Beta::new(beta).unwrap()));
    let report = agreeing(&worlds, &on_cpu(Float::F32));
    let row = report
        .rows
        .iter()
        .find(|row| (row.name, row.reading) == ("eq14_objective", Some("joint")))
        .unwrap();
    assert_eq!((row.agreement.compared, row.agreement.classed), (2, 1));
}
