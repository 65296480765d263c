//! Known deviations: what they let stand, and what they do not.

use judge::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Prior, Quantity};
use judge::{Judgement, Verdict, known};

/// A divergence of 0 nats, claimed as this.
fn claimed(number: f64) -> Judgement {
    let dump = DumpBuilder::tokens(bounds::Float::F64, Layout::Rows, Prior::Uniform)
        .input("encoder_logits", &[1, 1, 4], &[0.0; 4])
        .claim(
            Quantity::Kl,
            &ClaimSpec::sum(&[Axis::Position, Axis::Code]),
            &[1],
            &[number],
        );
    judge::judge(&dump.open("a/vae.safetensors").unwrap(), &|_| ()).unwrap()
}

fn allowed(number: f64, file: &str, today: &str) -> (Judgement, Vec<String>) {
    let mut judgements = [claimed(number)];
    let mut deviations = known::read(file).unwrap();
    known::allow(
        &mut judgements,
        &mut deviations,
        today.parse::<toml::value::Datetime>().unwrap().date.unwrap(),
    );
    let unneeded = known::unneeded(&deviations);
    let [judgement] = judgements;
    (judgement, unneeded)
}

const FILE: &str =
    "[[known]]\nclaim = 'kl'\ndump = 'vae.safetensors'\nsize = 0.01\nreason = 'clamped'\nuntil = 2027-03-01\n";

#[test]
fn a_known_deviation_lets_a_claim_stand_up_to_its_size_and_its_day() {
    let (judgement, unneeded) = allowed(0.005, FILE, "2027-03-01");
    assert!(judgement.stands() && unneeded.is_empty());
    assert_eq!(
        judgement.claims[0].verdict,
        Verdict::Known("clamped (until 2027-03-01)".to_owned())
    );

    let (judgement, _) = allowed(0.02, FILE, "2027-01-01");
    assert!(
        !judgement.stands()
            && judgement
                .warnings
                .iter()
                .any(|text| text.contains("more than the known"))
    );
    let (judgement, _) = allowed(0.005, FILE, "2027-03-02");
    assert!(!judgement.stands() && judgement.warnings.iter().any(|text| text.contains("until 2027-03-01")));
    let (judgement, _) = allowed(f64::NAN, FILE, "2027-01-01");
    assert!(!judgement.stands());
    let (judgement, unneeded) = allowed(0.005, &FILE.replace("vae.", "other."), "2027-01-01");
    assert!(!judgement.stands() && unneeded.len() == 1);
}

#[test]
fn a_known_deviation_that_nothing_needs_is_told() {
    let (judgement, unneeded) = allowed(0.0, FILE, "2027-01-01");
    assert!(judgement.stands());
    assert_eq!(unneeded.len(), 1, "{unneeded:?}");
    assert!(unneeded[0].contains("needed no more"), "{unneeded:?}");
}

#[test]
fn a_file_that_is_none_is_refused_in_a_sentence() {
    for (text, expected) in [
        ("[[known]]\nclaim = 'kl'\n", "missing field"),
        (&FILE.replace("0.01", "-1"), "expected a positive number"),
        (&FILE.replace("0.01", "nan"), "expected a positive number"),
        (&FILE.replace("'clamped'", "' '"), "has no reason"),
        (&FILE.replace("reason", "why"), "unknown field"),
        (&FILE.replace("2027-03-01", "'soon'"), "line 6"),
        ("x", "line 1"),
    ] {
        let error = known::read(text).unwrap_err();
        assert!(error.contains(expected), "{text:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
