//! What is no world is refused, with tensor, index and value.

use approx::assert_relative_eq;
use ndarray::{Array1, Array2, array};
use reference::model::Model as _;
use reference::vocab::{Error, LogProbs, NORMALISED, UNIT_ROUNDOFF_F64, sum_tolerance};
use reference::world::{Tables, World};

const ZERO: f64 = f64::NEG_INFINITY;

#[test]
fn a_table_that_is_no_distribution_is_refused_with_its_place() {
    let refuse = |entries: &[f64]| LogProbs::new("p", Array1::from(entries.to_vec()), UNIT_ROUNDOFF_F64).unwrap_err();
    assert!(matches!(refuse(&[]), Error::Empty { tensor: "p" }));
    assert!(matches!(refuse(&[0.0, f64::NAN]), Error::Entry { index, .. } if index == [1]));
    assert!(matches!(refuse(&[f64::INFINITY, ZERO]), Error::Entry { index, .. } if index == [0]));
    assert!(matches!(refuse(&[-1.0, -1.0]), Error::Sum { .. }));
    assert!(matches!(refuse(&[800.0]), Error::Sum { .. }));
    assert!(matches!(refuse(&[ZERO, ZERO]), Error::Sum { .. }));
    let square = Array2::from_shape_fn((2, 3), |(y, z)| if (y, z) == (1, 2) { f64::NAN } else { -1.0 });
    let error = LogProbs::new("p", square, UNIT_ROUNDOFF_F64).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p[1, 2] is NaN, expected a log-probability (a number or -inf)"
    );
}

#[test]
fn a_row_may_miss_one_by_what_its_type_explains() {
    let u = 2.0_f64.powi(-24);
    assert_relative_eq!(sum_tolerance(100, 3.0, u), 10.0 * u + 228.0 * u, max_relative = 1e-15);
    assert_relative_eq!(
        sum_tolerance(100, 3.0, 2.0_f64.powi(-8)),
        10.0 / 256.0 + 228.0 * u,
        max_relative = 1e-15
    );
    assert_relative_eq!(sum_tolerance(10, 1e9, u), 0.5);
    let off = 0.75_f64.ln() + 3e-14;
    let table = LogProbs::new("p", array![off, 0.25_f64.ln()], UNIT_ROUNDOFF_F64);
    assert!(table.is_err(), "3e-14 is beyond the bound of f64");
    let table = LogProbs::new("p", array![0.75_f64.ln() + 1e-8, 0.25_f64.ln()], u).unwrap();
    assert_relative_eq!(table.correction(), 0.75e-8, max_relative = 1e-6);
    assert!((table.ln().mapv(f64::exp).sum() - 1.0).abs() <= NORMALISED);
    assert!((table.p().sum() - 1.0).abs() <= NORMALISED);
}

#[test]
fn worlds_are_refused_with_tensor_index_and_value() {
    let half = 0.5_f64.ln();
    let plain = || Tables {
        ln_p_x_given_yz: array![[half, half]],
        ln_p_yz: array![[half, half]],
        ln_q_z_given_x: array![half, half],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    };
    let refuse = |change: &dyn Fn(&mut Tables)| {
        let mut tables = plain();
        change(&mut tables);
        World::new(tables).unwrap_err()
    };
    assert!(matches!(refuse(&|t| t.y = 1), Error::Caption { y: 1, captions: 1 }));
    for beta in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(matches!(refuse(&|t| t.beta = beta), Error::Beta { .. }));
    }
    assert!(matches!(refuse(&|t| t.ln_p_x_given_yz[[0, 1]] = f64::NAN), Error::Entry { index, .. } if index == [0, 1]));
    assert!(matches!(
        refuse(&|t| t.ln_p_x_given_yz[[0, 1]] = f64::INFINITY),
        Error::Entry { .. }
    ));
    assert!(matches!(
        refuse(&|t| t.ln_q_z_given_x = array![0.0]),
        Error::Shape {
            tensor: "ln_q_z_given_x",
            ..
        }
    ));
    assert!(matches!(
        refuse(&|t| t.ln_q_y_given_x = array![ZERO, 0.0]),
        Error::Shape { .. }
    ));
    let half = 0.5_f64.ln();
    assert!(matches!(
        refuse(&|t| t.ln_q_yz_given_x = Some(array![[half], [half]])),
        Error::Shape { .. }
    ));
    let skewed = array![[0.25_f64.ln(), 0.75_f64.ln()]];
    let error = refuse(&|t| t.ln_q_yz_given_x = Some(skewed.clone()));
    assert!(matches!(error, Error::Marginal { tensor: "ln_q_z_given_x", index, .. } if index == [0]));
}

#[test]
fn the_evidence_of_all_images_sums_to_one() {
    // p(x|y,z) over three images at every caption and code; a world sees one of them.
    let images = [
        [[0.5, 0.125], [0.25, 0.5]],
        [[0.25, 0.375], [0.5, 0.0]],
        [[0.25, 0.5], [0.25, 0.5]],
    ];
    let evidence = images.map(|image| {
        let tables = Tables {
            ln_p_x_given_yz: ndarray::arr2(&image).mapv(f64::ln),
            ln_p_yz: array![[0.125_f64, 0.25], [0.5, 0.125]].mapv(f64::ln),
            ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
            ln_q_y_given_x: array![0.25_f64, 0.75].mapv(f64::ln),
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        };
        World::new(tables)
            .unwrap()
            .ln_evidence_of_image()
            .unwrap()
            .value()
            .exp()
    });
    assert_relative_eq!(evidence.iter().sum::<f64>(), 1.0, max_relative = 1e-15);
}

#[test]
fn a_marginal_may_be_off_by_what_its_own_logarithm_was_rounded_by() {
    let u = 2.0_f64.powi(-24);
    // q = e^-20: its logarithm, 20, was rounded by 20 u twice, so the bound is 2 (2 x 20 + 134) u = 348 u of it, not 268 u; and u^2,
    // 29 u of it.
    let world = |off: f64| {
        let tiny = (-20.0_f64).exp();
        let tables = Tables {
            ln_p_x_given_yz: array![[-1.0, -2.0]],
            ln_p_yz: array![[0.25_f64.ln(), 0.75_f64.ln()]],
            ln_q_z_given_x: array![(-tiny).ln_1p(), -20.0 + off * u],
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: Some(array![[(-tiny).ln_1p(), -20.0]]),
            y: 0,
            beta: 1.0,
        };
        World::from_rounded(tables, u)
    };
    assert!(world(340.0).is_ok());
    assert!(matches!(world(400.0), Err(Error::Marginal { tensor: "ln_q_z_given_x", index, .. }) if index == [1]));
}
