//! Worlds of fractions that are refused, each with the sentence that says why.

use worlds::case;
use worlds::fractions::{Fraction, FractionWorld};

use super::fractions::{WORLD, said, world};

#[test]
fn a_number_that_is_no_fraction_is_named_with_its_index() {
    let expected = "expected a fraction such as \"1/3\", \"0.25\" or \"1\" of 64-bit integers";
    for bad in [
        "\"1/0\"",
        "\"\"",
        "\"/\"",
        "\"1/\"",
        "\"one\"",
        "\"1/2/3\"",
        "\"0x1\"",
        "\"1.5/2\"",
        "\"--1\"",
        "\"1e\"",
        "\"NaN\"",
        "\"inf\"",
        "\"99999999999999999999/1\"",
        "\"1/99999999999999999999\"",
        "\"1e-400\"",
        "\"1e99999999999\"",
        "\"340282366920938463463374607431768211457/340282366920938463463374607431768211456\"",
    ] {
        let told = format!("q_z_given_x[1] is {bad}, {expected}");
        assert_eq!(said("\"2/3\"", bad), told);
    }
    for (bad, shown) in [
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("true", "true"),
        ("1979-05-27", "a date"),
        ("[1]", "a list"),
        ("{}", "a table"),
    ] {
        assert_eq!(said("\"2/3\"", bad), format!("q_z_given_x[1] is {shown}, {expected}"));
    }
    assert_eq!(said("\"3/8\"", "\"1/0\""), format!("p_yz[1, 1] is \"1/0\", {expected}"));
    assert_eq!(
        said("beta = \"1/2\"", "beta = []"),
        format!("beta is a list, {expected}")
    );
}

#[test]
fn an_entry_out_of_range_is_named_with_its_value() {
    let probability = "expected a probability, a fraction from 0 to 1";
    assert_eq!(
        said("\"3/8\"", "\"-3/8\""),
        format!("p_yz[1, 1] is -3/8, {probability}")
    );
    assert_eq!(said("\"3/8\"", "\"9/8\""), format!("p_yz[1, 1] is 9/8, {probability}"));
    assert_eq!(said("\"2/3\"", "-1"), format!("q_z_given_x[1] is -1, {probability}"));
    assert_eq!(said("\"5/12\"", "2"), format!("q_yz_given_x[0, 1] is 2, {probability}"));
    assert_eq!(
        said("\"9/10\"", "\"-9/10\""),
        "p_x_given_yz[0, 0] is -9/10, expected a fraction that is not negative"
    );
    assert_eq!(
        said("\"1/2\"", "-1"),
        "beta is -1, expected a fraction that is not negative"
    );
    assert!(
        FractionWorld::from_toml(&WORLD.replace("\"9/10\"", "\"90/10\"")).is_ok(),
        "a density may exceed 1"
    );
}

#[test]
fn a_sum_is_exact_or_refused() {
    assert_eq!(said("\"3/8\"", "\"1/8\""), "the sum of p_yz is 3/4, expected exactly 1");
    assert_eq!(
        said("\"2/3\"", "0.6666666666666666"),
        "the sum of q_z_given_x is 14999999999999999/15000000000000000, expected exactly 1"
    );
    assert_eq!(
        said("\"0.75\"", "\"0.7\""),
        "the sum of q_y_given_x is 19/20, expected exactly 1"
    );
    assert_eq!(
        said("[\"0.75\", 2.5e-1]", "[0.5, 0.5]"),
        "the marginal of q_yz_given_x at q_y_given_x[0] is 3/4, expected exactly 1/2"
    );
    assert_eq!(
        said("\"1/3\", \"2/3\", 0", "\"2/3\", \"1/3\", 0"),
        "the marginal of q_yz_given_x at q_z_given_x[0] is 1/3, expected exactly 2/3"
    );
    // Three primes near 2^63: their common denominator has 189 bits.
    let primes = ["9223372036854775783", "9223372036854775643", "9223372036854775549"];
    let row = primes.map(|prime| format!("\"1/{prime}\"")).join(", ");
    assert_eq!(
        said("\"1/3\", \"2/3\", 0", &row),
        "the sum of q_z_given_x is a fraction of more than 127 bits, expected exactly 1"
    );
}

#[test]
fn tables_whose_sizes_disagree_are_named() {
    assert_eq!(
        said("[\"0\", \"3/8\", 0.125]", "[1]"),
        "p_yz[1] has shape [1], expected [3]"
    );
    assert_eq!(
        said("[\"1/5\", 1, \"0\"]", "[]"),
        "p_x_given_yz[1] has shape [0], expected [3]"
    );
    assert_eq!(
        said("[\"1/3\", \"2/3\", 0]", "[1, 0]"),
        "q_z_given_x has shape [2], expected [3]"
    );
    assert_eq!(
        said("[\"0.75\", 2.5e-1]", "[1]"),
        "q_y_given_x has shape [1], expected [2]"
    );
    assert_eq!(
        said("[[\"1/3\", \"5/12\", \"0\"], [\"0\", \"1/4\", \"0\"]]", "[[1]]"),
        "q_yz_given_x has shape [1, 1], expected [2, 3]"
    );
    assert_eq!(
        said("[[\"9/10\", 0.1, \"0.5\"], [\"1/5\", 1, \"0\"]]", "[[], []]"),
        "p_x_given_yz has shape [2, 0], expected at least one caption and one code"
    );
    assert_eq!(
        said("[\"1/5\", 1, \"0\"]", "7"),
        "p_x_given_yz[1] is 7, expected a list of fractions"
    );
    assert_eq!(
        said("[\"1/3\", \"2/3\", 0]", "1"),
        "q_z_given_x is 1, expected a list of fractions"
    );
    assert_eq!(
        said("[[\"1/3\", \"5/12\", \"0\"], [\"0\", \"1/4\", \"0\"]]", "{}"),
        "q_yz_given_x is a table, expected a list of rows of fractions"
    );
}

#[test]
fn an_observed_caption_that_does_not_exist_is_named() {
    assert_eq!(said("y = 1", "y = 2"), "y is 2, expected a caption in 0..2");
    assert_eq!(said("y = 1", "y = -1"), "y is -1, expected a caption in 0..2");
    assert_eq!(
        said("y = 1", "y = 9223372036854775808"),
        "y is 9223372036854775808, expected a caption in 0..2"
    );
    assert_eq!(
        said("y = 1", "y = 1.0"),
        "y is 1.0, expected the observed caption, an integer"
    );
    assert_eq!(
        said("y = 1", "y = \"1\""),
        "y is \"1\", expected the observed caption, an integer"
    );
    assert_eq!(
        said("y = 1", ""),
        "y is missing, expected the observed caption, an integer"
    );
}

#[test]
fn a_key_that_is_missing_unknown_or_twice_there_is_named() {
    assert_eq!(
        said("q_y_given_x", "q_y_givn_x"),
        "\"q_y_givn_x\" is not a name of this format, expected format, note, y, beta, p_x_given_yz, p_yz, q_z_given_x, \
         q_y_given_x, q_yz_given_x, or a name that begins with x_"
    );
    assert_eq!(
        said("q_y_given_x", "x_"),
        "q_y_given_x is missing, expected a list of fractions beside the free joint q_yz_given_x"
    );
    for name in ["p_x_given_yz", "p_yz"] {
        assert_eq!(
            said(name, "x_"),
            format!("{name} is missing, expected a list of rows of fractions")
        );
    }
    assert_eq!(
        said("q_z_given_x", "x_"),
        "q_z_given_x is missing, expected a list of fractions"
    );
    assert_eq!(
        said("elbo-case/1", "elbo-case/2"),
        "metadata key format is \"elbo-case/2\", expected \"elbo-case/1\""
    );
    assert_eq!(
        said("note = \"two captions, three codes\"", "note = 2"),
        "note is 2, expected a string"
    );
    assert!(
        said("beta = ", "y = ").starts_with("not TOML, line 5: duplicate key"),
        "{}",
        said("beta = ", "y = ")
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    assert!(
        said("y = 1", "y = ").starts_with("not TOML, line 4: "),
        "{}",
        said("y = 1", "y = ")
    );
    for deep in ["[".repeat(100_000), "{a=".repeat(100_000), "a.".repeat(100_000)] {
        let error = said("[\"1/3\", \"2/3\", 0]", &deep);
        assert!(error.starts_with("not TOML, line "), "{error}");
    }
    let error = case::from_bytes("a.toml", b"y = 0\n\xff").unwrap_err().to_string();
    assert_eq!(error, "a.toml: not TOML, byte 6 is not UTF-8");
    assert_eq!(
        case::from_bytes("a.toml", b"").unwrap_err().to_string(),
        "a.toml: p_x_given_yz is missing, expected a list of rows of fractions"
    );
}

#[test]
fn a_fraction_built_by_hand_with_a_denominator_of_zero_is_refused() {
    let mut world = world();
    world.p_yz[0][0] = Fraction::new_raw(1, 0);
    assert_eq!(
        world.to_world().unwrap_err().to_string(),
        "p_yz[0, 0] is 1/0, expected a probability, a fraction from 0 to 1"
    );
    let mut world = super::fractions::world();
    world.beta = Fraction::new_raw(i64::MIN, i64::MIN);
    assert!(world.to_world().is_err());
}
