//! The number of roundings of each function of the equations, with its derivation.

// Notation: u is the unit roundoff; every operation returns its exact result times (1 + d), |d| <= u, and exp and ln
// times (1 + d), |d| <= EXP u, LN u. Counts add up along a chain of operations, and a sum of n terms in any order costs
// each term at most n - 1 roundings (Higham, Accuracy and Stability, chapter 4), so no bound depends on a summation
// order: candle's CPU kernels add one after the other, its CUDA kernel in a tree of 1,024 threads. candle accumulates
// f32 in f32. The inputs are the same numbers on both sides (the reference is given the rounded world), so an error
// starts with the first operation.
//
// Difference of two addends, relative to their mass: one rounding of a result that is at most the mass.
//
//   weights     w_k = e_k / S, e_k = exp(ln q_k): EXP; S the sum of n positive e_k: EXP + n - 1; quotient: 1
//   expectation sum_k w_k f_k: the weights, 1 for the product, n - 1 for the sum, relative to sum_k w_k |f_k|:
//               2 EXP + 2 (n - 1) + 2, plus what f_k itself has, relative to its own mass
//   lse         m + ln sum_k exp(a_k - m), relative to the reference's mass
//               M = sum_k s_k mass_k + sum_k s_k |a_k - m| + |m| + |ln S| + 1 with softmax weights s_k:
//               a_k has its own count c relative to mass_k; m is one of the a_k and cancels; a_k - m rounds once relative
//               to |a_k - m|; exp and the sum err by EXP + n - 1 relative to S, that is absolutely in ln S (the 1 in M);
//               ln errs by LN relative to |ln S|; the last addition by 1 relative to |m| + |ln S|.
//               These are separate parts of M, so the count is their maximum: max(c, EXP + n - 1, LN + 1).

use reference::vocab::CLOSURE;

use super::{Precision, Size};

/// A bound on the relative error of `exp`, in units of `u`. glibc stays below 1 ulp (2 u), and CUDA's `expf` documents
/// at most 2 ulp (4 u).
const EXP: f64 = 4.0;

/// A bound on the relative error of `ln`, in units of `u`. It is at most 1 ulp (2 u), in glibc as in CUDA.
const LN: f64 = 2.0;

/// One addition of the same two numbers on both sides.
pub const SUM_OF_TWO: Precision = Precision {
    roundings: |_| 1.0,
    exact_in_f64: true,
    reason: "one addition of two table entries",
};

/// Eq. 2 by the graphical model, entry by entry.
pub const GRAPHICAL_MODEL: Precision = Precision {
    roundings: graphical_model,
    exact_in_f64: false,
    reason: "log-sum-exp over the codes, one subtraction, two additions",
};

/// Eqs. 3 to 5: a log-sum-exp over the codes of the joint, with `q` taken out and put back in Eqs. 4 and 5.
pub const EVIDENCE: Precision = Precision {
    roundings: |size| log_sum_exp(size.codes, graphical_model(size) + 2.0),
    exact_in_f64: false,
    reason: "the joint, two operations, log-sum-exp over the codes",
};

/// Eqs. 6 and 7: an expectation over the codes of the joint less `ln q`.
pub const EXPECTED_JOINT: Precision = Precision {
    roundings: |size| expectation(size.codes, graphical_model(size) + 1.0),
    exact_in_f64: false,
    reason: "the joint, one subtraction, expectation over the codes",
};

/// Eqs. 8 to 12: an expectation over the codes of up to five table entries.
pub const EXPECTED_TERMS: Precision = Precision {
    roundings: |size| expectation(size.codes, 4.0),
    exact_in_f64: false,
    reason: "up to four additions, expectation over the codes",
};

/// One expectation over the codes of a difference of two table entries, or of one.
pub const OVER_CODES: Precision = Precision {
    roundings: |size| expectation(size.codes, 1.0),
    exact_in_f64: false,
    reason: "one subtraction, expectation over the codes",
};

/// One expectation over captions and codes of a difference of two table entries, or of one.
pub const OVER_BOTH: Precision = Precision {
    roundings: |size| expectation(both(size), 1.0),
    exact_in_f64: false,
    reason: "one subtraction, expectation over captions and codes",
};

/// The footnote's divergence from `p(z)`, which is summed over captions and renormalised.
pub const FROM_CODE_PRIOR: Precision = Precision {
    roundings: |size| expectation(size.codes, code_prior(size) + 1.0),
    exact_in_f64: false,
    reason: "ln p(z) renormalised, one subtraction, expectation over the codes",
};

/// Eqs. 13, 14 and 1 where the divergence and the outer expectation are over the codes.
pub const OBJECTIVE_OVER_CODES: Precision = Precision {
    roundings: |size| expectation(size.codes, expectation(size.codes, 1.0) + 3.0),
    exact_in_f64: false,
    reason: "the divergence, beta, two additions, expectation over the codes",
};

/// Eqs. 13, 14 and 1 where divergence or outer expectation are over captions and codes.
pub const OBJECTIVE_OVER_BOTH: Precision = Precision {
    roundings: |size| expectation(both(size), expectation(both(size), 1.0) + 3.0),
    exact_in_f64: false,
    reason: "the divergence, beta, two additions, expectation over captions and codes",
};

/// Eqs. 13, 14 and 1 with the footnote's divergence, and its `ln q(y|x)` in Eq. 13.
pub const OBJECTIVE_FOOTNOTE: Precision = Precision {
    roundings: |size| {
        let divergence = expectation(size.codes, code_prior(size) + 1.0);
        let caption = log_sum_exp(size.codes, caption_given_code(size) + 1.0);
        expectation(size.codes, divergence.max(caption) + 3.0)
    },
    exact_in_f64: false,
    reason: "the footnote's divergence and q(y|x), beta, two additions, expectation over the codes",
};

/// `q(y,z|x)` under the observed reading: `ln q(z|x)` moved into the observed row.
///
/// The reference starts from the world before rounding, because a rounded one is no longer normalised and would be
/// refused. So every entry has one more rounding, and the reference renormalises by a sum that is 1 up to the error of
/// a log-sum-exp. In `f64` nothing is rounded, 0 is added, and a row that is already normalised stays as it is
/// (`reference::vocab::NORMALISED`).
pub const OBSERVED_JOINT: Precision = Precision {
    roundings: |size| log_sum_exp(both(size), 2.0) + 2.0,
    exact_in_f64: true,
    reason: "entries rounded once, one addition, the reference's renormalisation",
};

/// `q(y,z|x)` and `q(y|x)` under the footnote's reading, which is `q(z|x) p(y|z)`, normalised. As above, the entries
/// have one more rounding.
///
/// The reference normalises over all `Y Z` states in one plain sum. It subtracts three times: the maximum, the sum, and
/// what is left.
pub const FOOTNOTE_JOINT: Precision = Precision {
    roundings: |size| {
        let joint = caption_given_code(size) + 2.0;
        let normalised = log_sum_exp(size.captions * size.codes, joint) + 3.0;
        log_sum_exp(size.captions + size.codes, normalised) + 3.0
    },
    exact_in_f64: false,
    reason: "p(y|z), one product, normalised; then its marginal, normalised",
};

/// A closed form of a linear-Gaussian world.
///
/// The reference carries the error of every entry through products, forward substitutions and factorisations in units
/// of roundoff (`reference::gaussian::Uncertain`). It puts this error into the mass, so that [`CLOSURE`] times the mass
/// covers it. The analysis holds for any order of summation, and also for narrower types. What is left are the twin's
/// sums of squares and of a diagonal's logarithms, which the reference compensates. They have `d + max(d, D)` terms,
/// the logarithm, and at most eight additions of the results.
pub const CLOSED_FORM: Precision = Precision {
    roundings: closed_form,
    exact_in_f64: false,
    reason: "running error of products, substitutions and factors; sums over coordinates and pixels",
};

/// An expectation or a log-sum-exp over the captions, each of which has a closed form.
pub const MIXTURE: Precision = Precision {
    roundings: |size| {
        let of = closed_form(size) + 2.0;
        expectation(size.captions, of).max(log_sum_exp(size.captions, of))
    },
    exact_in_f64: false,
    reason: "closed forms, one a caption, summed over the captions",
};

fn closed_form(size: Size) -> f64 {
    CLOSURE.max(size.codes + LN + 8.0)
}

fn expectation(terms: f64, of: f64) -> f64 {
    2.0 * EXP + 2.0 * (terms - 1.0) + 2.0 + of
}

fn log_sum_exp(terms: f64, of: f64) -> f64 {
    of.max(EXP + terms - 1.0).max(LN + 1.0)
}

/// `ln p(x|y,z) + (ln p(y,z) - ln p(y)) + ln p(y)`.
fn graphical_model(size: Size) -> f64 {
    log_sum_exp(size.codes, 0.0) + 3.0
}

/// `ln p(y,z) - ln p(z)`.
fn caption_given_code(size: Size) -> f64 {
    log_sum_exp(size.captions, 0.0) + 1.0
}

/// `ln p(z) - ln sum_z p(z)`. The reference subtracts three times: the maximum, the sum, and what is left.
fn code_prior(size: Size) -> f64 {
    log_sum_exp(size.codes, log_sum_exp(size.captions, 0.0)) + 3.0
}

/// The number of roundings that a sum over the codes and then over the captions costs a term: `Y - 1 + Z - 1`.
fn both(size: Size) -> f64 {
    size.captions + size.codes - 1.0
}

#[cfg(test)]
mod tests {
    use bounds::Float;

    use super::{EXPECTED_TERMS, OVER_BOTH, SUM_OF_TWO, Size};

    const SIZE: Size = Size {
        captions: 3.0,
        codes: 5.0,
    };

    #[test]
    fn an_expectation_of_five_codes_is_counted_by_hand() {
        // An exp costs 4, the sum of 5 exps 4 + 4, the quotient 1, the product 1 and the sum 4: 18. Four additions make
        // 22.
        assert!(((EXPECTED_TERMS.roundings)(SIZE) - 22.0).abs() < f64::EPSILON);
        // With 2 + 4 additions in either sum the same makes 22. One subtraction makes 23.
        assert!(((OVER_BOTH.roundings)(SIZE) - 23.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_count_that_eats_all_digits_leaves_no_bound() {
        let millions = Size {
            captions: 1.0,
            codes: 1e8,
        };
        assert!(
            EXPECTED_TERMS
                .tolerance(millions, Float::F32, 0.0)
                .bound(1.0)
                .is_infinite()
        );
        assert!(
            EXPECTED_TERMS
                .tolerance(millions, Float::F64, 0.0)
                .bound(1.0)
                .is_finite()
        );
    }

    #[test]
    fn the_same_addition_of_the_same_numbers_is_exact_in_f64() {
        assert!(SUM_OF_TWO.tolerance(SIZE, Float::F64, 1.0).bound(1.0) <= 0.0);
        assert!(SUM_OF_TWO.tolerance(SIZE, Float::F32, 0.0).bound(1.0) > 5.9e-8);
    }
}
