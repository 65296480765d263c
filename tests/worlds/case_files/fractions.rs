//! Worlds of fractions as TOML: what is accepted, and that nothing is lost on the way.

use worlds::case;
use worlds::fractions::{Fraction, FractionWorld};

pub(crate) const WORLD: &str = r#"
format = "elbo-case/1"
note = "two captions, three codes"
y = 1
beta = "1/2"
p_x_given_yz = [["9/10", 0.1, "0.5"], ["1/5", 1, "0"]]
p_yz = [["1/8", "1/4", "1/8"], ["0", "3/8", 0.125]]
q_z_given_x = ["1/3", "2/3", 0]
q_y_given_x = ["0.75", 2.5e-1]
q_yz_given_x = [["1/3", "5/12", "0"], ["0", "1/4", "0"]]
"#;

pub(crate) fn world() -> FractionWorld {
    FractionWorld::from_toml(WORLD).unwrap()
}

/// The sentence for the world with one piece of its text replaced.
pub(crate) fn said(from: &str, to: &str) -> String {
    assert!(WORLD.contains(from), "{from}");
    let error = FractionWorld::from_toml(&WORLD.replacen(from, to, 1))
        .unwrap_err()
        .to_string();
    assert!(!error.contains('\n') && error.len() < 400, "{error}");
    error
}

#[test]
fn a_world_of_fractions_survives_toml() {
    let world = world();
    assert_eq!(FractionWorld::from_toml(&world.to_toml()).unwrap(), world);
    assert_eq!(world.p_x_given_yz[0][1], Fraction::new(1, 10));
    assert_eq!(
        (world.beta, world.y, world.states()),
        (Fraction::new(1, 2), 1, (2, 3, 2))
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.toml");
    let named = FractionWorld {
        note: Some("\"quotes\", \n lines and \u{1F600}".to_owned()),
        ..world
    };
    case::write_toml(&path, &named).unwrap();
    let case = case::read(&path).unwrap();
    assert_eq!((case.title, case.dtype.as_str()), (named.note.clone(), "fractions"));
    assert_eq!(case.worlds, [named.to_world().unwrap()]);
    let unnamed = path.with_extension("");
    std::fs::rename(&path, &unnamed).unwrap();
    assert_eq!(case::read(&unnamed).unwrap().worlds, case.worlds);
}

#[test]
fn a_world_in_logarithms_has_the_fractions_as_probabilities() {
    let tables = world().to_world().unwrap().tables();
    assert!((tables.ln_p_yz[[1, 1]] - 0.375_f64.ln()).abs() < 1e-15);
    assert_eq!(tables.ln_p_yz[[1, 0]], f64::NEG_INFINITY);
    assert_eq!(tables.ln_p_x_given_yz[[1, 1]], 0.0);
    assert!((tables.ln_q_yz_given_x.unwrap()[[0, 1]] - (5.0_f64 / 12.0).ln()).abs() < 1e-15);
    assert_eq!((tables.y, tables.beta), (1, 0.5));
}

#[test]
fn defaults_are_beta_one_and_the_observed_caption_alone() {
    let world = FractionWorld::from_toml(
        "y = 1\np_x_given_yz = [[1], [1.0]]\np_yz = [[0.5], [\"+1/2\"]]\nq_z_given_x = [1]\nx_mine = {}",
    );
    let world = world.unwrap();
    assert_eq!(world.q_y_given_x, [Fraction::from(0), Fraction::from(1)]);
    assert_eq!((world.beta, world.states()), (Fraction::from(1), (2, 1, 1)));
}

#[test]
fn a_world_prints_as_aligned_tables_within_100_columns() {
    let world = world();
    let expected = "\
p(x|y,z)    z0    z1   z2   p(y,z)   z0   z1   z2   q(y,z|x)   z0    z1  z2   q(z|x)   z0   z1  z2
      y0  9/10  1/10  1/2       y0  1/8  1/4  1/8         y0  1/3  5/12   0           1/3  2/3   0
      y1   1/5     1    0       y1    0  3/8  1/8         y1    0   1/4   0
q(y|x)   y0   y1
        3/4  1/4
observed y1, beta = 1/2
two captions, three codes";
    assert_eq!(world.to_string(), expected);
    assert!(world.to_string().lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn the_format_document_shows_a_world_that_is_read_and_sentences_that_are_said() {
    let document = include_str!("../../../derivations/case-format.md");
    let (_, example) = document.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let world = FractionWorld::from_toml(example).unwrap();
    assert_eq!((world.beta, world.states()), (Fraction::new(1, 2), (2, 2, 2)));
    let free = FractionWorld::from_toml(&example.replace("# q_yz", "q_yz")).unwrap();
    assert!(free.to_world().unwrap().is_free());
    assert!(document.contains(&format!("case.toml: {}", said("\"3/8\"", "\"1/0\""))));
    assert!(document.contains(&format!("case.toml: {}", said("\"3/8\"", "\"1/8\""))));
}
