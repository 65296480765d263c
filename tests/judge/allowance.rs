//! What a correct program may be off is what the judge lets pass, and no more.

use bounds::{Arithmetic, Float, Order};
use judge::allowance::{Question, allowance};
use judge::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Prior, Quantity};
use judge::{Verdict, defined};

const BF16: Question = Question {
    quantity: Quantity::Kl,
    prior: Prior::Logits,
    arithmetic: Arithmetic {
        each: Float::Bf16,
        sums: Float::Bf16,
        order: Order::Sequential,
        usual: Float::Bf16,
    },
    shape: [2, 3, 5],
    spread: 2.0,
    seed: 1,
};

#[test]
fn a_bound_is_more_than_each_of_its_reasons_and_at_most_their_sum() {
    let found = allowance(BF16).unwrap();
    let image = found.numbers[1].defined;
    assert_eq!(found.reasons.len(), 3);
    let reasons: Vec<f64> = found.reasons.iter().map(|(_, bound)| *bound).collect();
    assert!(
        reasons.iter().all(|reason| *reason > 0.0 && *reason < image.bound),
        "{found:?}"
    );
    // The products of two small errors are what is left between the two.
    assert!(image.bound <= 1.5 * reasons.iter().sum::<f64>(), "{found:?}");
    assert!(found.instead.len() == 3 && found.instead.iter().all(|(_, bound)| *bound <= image.bound));
    let single = found.instead.last().unwrap();
    assert!(
        single.0.contains("f32 throughout") && single.1 < 1e-3 * image.bound,
        "{single:?}"
    );
}

#[test]
fn double_precision_is_off_by_next_to_nothing_and_has_nothing_better() {
    let exact = Arithmetic {
        each: Float::F64,
        sums: Float::F64,
        order: Order::Tree,
        usual: Float::F64,
    };
    let found = allowance(Question {
        arithmetic: exact,
        prior: Prior::Uniform,
        ..BF16
    });
    let found = found.unwrap();
    assert!(found.instead.is_empty() && found.numbers.iter().all(|number| number.defined.bound < 1e-12));
}

#[test]
fn the_judge_lets_pass_what_is_defined_and_nothing_beyond() {
    let logits = [0.0, 1.0, 2.0, -3.0];
    let sum = ClaimSpec::sum(&[Axis::Position, Axis::Code]);
    let claimed = |kl: f64| {
        let dump = DumpBuilder::tokens(Float::F32, Layout::Rows, Prior::Uniform);
        let dump = dump.input("encoder_logits", &[1, 1, 4], &logits);
        dump.claim(Quantity::Kl, &sum, &[1], &[kl]).open("a test").unwrap()
    };
    let found = defined(&claimed(0.0), Quantity::Kl).unwrap().unwrap();
    let [kl] = found.as_slice() else { panic!("{found:?}") };
    assert!(kl.bound > 0.0 && kl.bound < 1e-5);
    let verdict = |off: f64| {
        let mut judgement = judge::judge(&claimed(kl.value + off * kl.bound), &|_| ()).unwrap();
        judgement.claims.remove(0).verdict
    };
    for (off, expected) in [
        (0.0, Verdict::Within),
        (0.98, Verdict::Within),
        (-0.98, Verdict::Within),
    ] {
        assert_eq!(verdict(off), expected, "{off}");
    }
    assert_eq!([verdict(1.02), verdict(-1.02)], [Verdict::Beyond, Verdict::Beyond]);
    assert!(
        defined(&claimed(0.0), Quantity::Entropy).unwrap().is_none(),
        "it is not claimed"
    );
}

#[test]
fn a_judgement_is_written_as_the_program_prints_it_without_colours() {
    let dump = DumpBuilder::tokens(Float::F32, Layout::Rows, Prior::Uniform)
        .input("encoder_logits", &[1, 1, 2], &[0.0, f32::NEG_INFINITY])
        .claim(
            Quantity::Kl,
            &ClaimSpec::sum(&[Axis::Position, Axis::Code]).in_bits(),
            &[1],
            &[1.0_f32],
        );
    let judgement = judge::judge(&dump.open("a coin").unwrap(), &|_| ()).unwrap();
    let text = judgement.to_string();
    assert!(
        judgement.stands() && text.contains("kl                   ok") && !text.contains('\u{1b}'),
        "{text}"
    );
}
