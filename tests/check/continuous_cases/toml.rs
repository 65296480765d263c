//! Continuous worlds as TOML, in fractions.

use worlds::case;
use worlds::fractions::FractionGaussian;
use worlds::generate::list::{CURVES, named_gaussian};

const CURVES_TOML: &str = include_str!("../../../derivations/data/worlds/curves.toml");

#[test]
fn a_continuous_world_is_read_from_toml_and_written_back_equal() {
    let curves = FractionGaussian::from_toml(CURVES_TOML).unwrap();
    assert_eq!(FractionGaussian::from_toml(&curves.to_toml()).unwrap(), curves);
    let case = case::from_bytes("a.toml", CURVES_TOML.as_bytes()).unwrap();
    assert_eq!((case.worlds.len(), case.gaussian.len()), (0, 1));
    assert_eq!(Some(&case.gaussian[0]), named_gaussian(CURVES).as_ref());
    assert_eq!(case.metadata["format"], "elbo-gaussian/1");
    let without = CURVES_TOML.replace("q_y_given_x = [\"2/3\", \"1/3\"]\n", "");
    let certain = FractionGaussian::from_toml(&without).unwrap().to_world().unwrap();
    assert_eq!(certain.parts().ln_q_y_given_x.to_vec(), [0.0, f64::NEG_INFINITY]);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a flat list of wrong files, each with what is said of it"
)]
fn what_is_no_continuous_world_gets_one_sentence() {
    let second = "[[\"4\"]]";
    for (from, to, expected) in [
        (
            "elbo-gaussian/1",
            "elbo-gauss/1",
            "format is \"elbo-gauss/1\", expected \"elbo-case/1\" or \"elbo-gaussian/1\"",
        ),
        (
            "format = \"elbo-gaussian/1\"\n",
            "p_yz = 1\n",
            "\"p_yz\" is not a name of this format, expected format, note, y, beta, p_y",
        ),
        (
            "encoder_offset = [\"1/10\"]",
            "encoder_offset = [\"1/10\", \"0\"]",
            "encoder_offset has shape [2], expected [1]",
        ),
        ("\nx = [", "\npixels = [", "\"pixels\" is not a name of this format"),
        (
            "prior_mean",
            "x_mean",
            "prior_mean is missing, expected a list of rows of fractions",
        ),
        (
            "prior_covariance",
            "x_mean",
            "prior_covariance is missing, expected a list of matrices",
        ),
        (
            "[[\"1\"]], [[\"4\"]]",
            "[[\"1\"]]",
            "prior_covariance has shape [1, 1, 1], expected [2, 1, 1]",
        ),
        (
            second,
            "[[\"4\", \"0\"]]",
            "prior_covariance[1][0] has shape [2], expected [1]",
        ),
        (
            second,
            "[\"4\"]",
            "prior_covariance[1, 0] is \"4\", expected a list of fractions",
        ),
        (
            second,
            "[[\"-4\"]]",
            "prior_covariance[1] is indefinite (its smallest eigenvalue is -4e0",
        ),
        (
            second,
            "[[\"0\"]]",
            "prior_covariance[1] is singular (its smallest eigenvalue is 0e0",
        ),
        (
            second,
            "[[\"1/0\"]]",
            "prior_covariance[1, 0, 0] is \"1/0\", expected a fraction",
        ),
        (
            "[\"1/2\", \"1/2\"]",
            "[\"1/2\", \"1/3\"]",
            "the sum of p_y is 5/6, expected exactly 1",
        ),
        (
            "[\"2/3\", \"1/3\"]",
            "[\"1\"]",
            "q_y_given_x has shape [1], expected [2]",
        ),
        ("y = 0", "y = 2", "y is 2, expected a caption in 0..2"),
        ("\nx = [\"3/2\"]", "\nx = []", "x has shape [0], expected [1]"),
        (
            "\nx = [\"3/2\"]",
            "\nx = [\"3e17\"]",
            "x[0] is 3e17, expected a number of size at most 1e15",
        ),
        (
            "y = 0",
            "y = 0\nbeta = \"-1\"",
            "beta is -1, expected a fraction from 0 to 1e6",
        ),
    ] {
        assert!(CURVES_TOML.contains(from), "{from}");
        let text = CURVES_TOML.replacen(from, to, 1);
        let error = case::from_bytes("a.toml", text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("a.toml: ") && error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
