//! An adversary who moves every number as far as its bound allows: what he hides is no more than the power of the dump
//! says, and a common error beyond what it says is noticed.

use half::bf16;
use judge::dump::Quantity;
use judge::{ClaimPower, Defined, Verdict};

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;
use super::tokens::{Inputs, Sizes, Style};
use super::{gaussian, objective, sequence, tokens, worlds};

fn drafts<T: Number>(seed: u64) -> Vec<Draft> {
    let mut random = Random::new(seed);
    let sizes = Sizes {
        batch: 2,
        height: 2,
        width: 3,
        codes: 17,
        pixels: 7,
    };
    let style = Style {
        order: Order::ALL[0],
        planes: seed.is_multiple_of(2),
        grid: false,
        way: 0,
        with_prior: true,
    };
    let inputs = Inputs::<T>::drawn(&mut random, sizes, true);
    vec![
        tokens::dump(&inputs, &objective::compute(&inputs, style, Fault::None), style),
        gaussian::dump::<T>(&mut random, Order::ALL[0], Fault::None),
        sequence::dump::<T>(&mut random, Order::ALL[0], Fault::None),
        worlds::dump::<T>(&mut random, Order::ALL[0], Fault::None),
    ]
}

/// The same draft with other numbers for a claim, stored in double precision so that they are what they are.
fn claiming(draft: &Draft, quantity: Quantity, numbers: &[f64]) -> Draft {
    let mut draft = draft.clone();
    let tensor = quantity.tensor();
    let (shape, _) = draft.get(tensor).unwrap();
    let shape = shape.to_vec();
    draft.floats(tensor, &shape, numbers, bounds::Float::F64);
    draft
}

fn verdict(draft: &Draft, quantity: Quantity) -> Verdict {
    let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
    let claim = judgement
        .claims
        .into_iter()
        .find(|judged| judged.claim.quantity == quantity);
    claim.unwrap().verdict
}

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}

/// Attacks a claim; whether it could be attacked.
fn attack(draft: &Draft, power: &ClaimPower) -> bool {
    let quantity = power.quantity;
    let stored = claiming(draft, quantity, &draft_numbers(draft, quantity));
    let right: Vec<Defined> = judge::defined(&stored.opened(), quantity).unwrap().unwrap();
    let power = judge::power(&stored.opened(), &|_| ()).unwrap();
    let power = power.claims.iter().find(|power| power.quantity == quantity).unwrap();
    if !right
        .iter()
        .all(|number| number.value.is_finite() && number.bound.is_finite())
    {
        return false;
    }
    // All the way, away from 0 and in turn: what is hidden is within what was said.
    let moved = |k: usize, number: &Defined| {
        let sign = if k.is_multiple_of(2) {
            number.value.signum()
        } else {
            -1.0
        };
        number.value + 0.999 * sign * number.bound
    };
    let pushed: Vec<f64> = right.iter().enumerate().map(|(k, number)| moved(k, number)).collect();
    let hidden = norm(right.iter().zip(&pushed).map(|(number, pushed)| pushed - number.value));
    let size = norm(right.iter().map(|number| number.value));
    assert!(
        hidden <= (power.hides + f64::EPSILON) * size,
        "{quantity:?}: {hidden} is hidden, {} of {size} was said",
        power.hides
    );
    // A common share beyond what is said to be noticed is noticed.
    if power.notices.is_finite() {
        let wrong: Vec<f64> = right
            .iter()
            .map(|number| number.value * (1.0 + 1.01 * power.notices))
            .collect();
        let found = verdict(&claiming(draft, quantity, &wrong), quantity);
        assert!(
            matches!(found, Verdict::Beyond | Verdict::Follows(_)),
            "{quantity:?}: a share of {} more is {found:?}",
            power.notices
        );
    }
    // And a number pushed past its bound is out of it.
    let mut past = right.iter().map(|number| number.value).collect::<Vec<f64>>();
    past[0] += 2.0 * right[0].bound;
    let found = verdict(&claiming(draft, quantity, &past), quantity);
    assert!(
        !matches!(found, Verdict::Within),
        "{quantity:?}: twice the bound is {found:?}"
    );
    true
}

fn draft_numbers(draft: &Draft, quantity: Quantity) -> Vec<f64> {
    let (shape, _) = draft.get(quantity.tensor()).unwrap();
    vec![0.0; shape.iter().product()]
}

fn attacked<T: Number>() -> usize {
    let mut count = 0;
    for seed in 0..2 {
        for draft in drafts::<T>(seed) {
            let power = judge::power(&draft.opened(), &|_| ()).unwrap();
            assert_eq!(power.claims.len(), draft.opened().claims.len());
            count += power.claims.iter().filter(|power| attack(&draft, power)).count();
        }
    }
    count
}

#[test]
fn an_adversary_hides_no_more_than_the_power_of_a_dump_says() {
    let counts = [attacked::<f64>(), attacked::<f32>(), attacked::<bf16>()];
    println!("{counts:?} claims were attacked");
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?}");
}

#[test]
fn a_dump_whose_input_hides_a_mistake_says_which() {
    let mut random = Random::new(5);
    let sizes = Sizes {
        batch: 3,
        height: 2,
        width: 2,
        codes: 5,
        pixels: 3,
    };
    let style = Style {
        order: Order::ALL[0],
        planes: false,
        grid: false,
        way: 0,
        with_prior: true,
    };
    let mut inputs = Inputs::<f64>::drawn(&mut random, sizes, true);
    let silent = |inputs: &Inputs<f64>| {
        let draft = tokens::dump(inputs, &objective::compute(inputs, style, Fault::None), style);
        judge::power(&draft.opened(), &|_| ()).unwrap().silent
    };
    (inputs.beta, inputs.tau) = (6.5, 0.75);
    let telling = silent(&inputs);
    assert!(
        !telling.contains(&"beta-missing") && !telling.contains(&"temperature-missing"),
        "{telling:?}"
    );
    (inputs.beta, inputs.tau) = (1.0, 1.0);
    let hiding = silent(&inputs);
    for name in [
        "beta-missing",
        "temperature-missing",
        "beta-squared",
        "temperature-inverted",
    ] {
        assert!(hiding.contains(&name), "{name}: {hiding:?}");
    }
}
