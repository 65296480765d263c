//! Tests on rows with infinite sides, whose verdicts were worked out by hand.

use note::line::LineId;
use note::proposition::{Proposition, proposition};
use reference::vocab::Reading;

use super::{Class, Error, Nats, Observation, Side, UNDEFINED, judge_row, same_class, worse};

const UP: Nats = Nats::INFINITY;
const DOWN: Nats = Nats::NEG_INFINITY;

fn none() -> Result<Nats, Error> {
    Err(Error::Indeterminate { line: "a line" })
}

/// `(broken, ours_broken, class)` of a row with an infinite or undefined side.
fn row(claim: &Proposition, from: Nats, to: Nats, slack: Result<Nats, Error>) -> (bool, bool, Class) {
    let seen = judge_row(claim, Ok(from), Ok(to), slack, claim.sign);
    (seen.broken, seen.ours_broken, seen.class)
}

#[test]
fn rows_with_infinite_sides_follow_the_law_in_the_extended_reals() {
    let jensen = proposition("5-6", Reading::Pointwise).expect("a claim"); // Its relation is "at least".
    let equal = proposition("4-5", Reading::Pointwise).expect("a claim");
    let one = Nats::of(1.0);
    let class = |from, to| Class::Infinite(from, to);
    use Side::{Finite, MinusInfinity, PlusInfinity};
    assert_eq!(
        row(&jensen, one, DOWN, Ok(UP)),
        (false, false, class(Finite, MinusInfinity))
    );
    assert_eq!(
        row(&jensen, DOWN, one, Ok(one)),
        (true, true, class(MinusInfinity, Finite))
    );
    assert_eq!(
        row(&jensen, UP, one, Ok(UP)),
        (false, false, class(PlusInfinity, Finite))
    );
    assert_eq!(
        row(&jensen, DOWN, DOWN, Ok(one)),
        (false, false, class(MinusInfinity, MinusInfinity))
    );
    assert_eq!(
        row(&equal, UP, DOWN, Ok(one)),
        (true, true, class(PlusInfinity, MinusInfinity))
    );
    assert_eq!(
        row(&equal, UP, UP, Ok(one)),
        (false, false, class(PlusInfinity, PlusInfinity))
    );
    // A step down by a finite slack does not reach -inf, and one by +inf does not stop before it.
    assert!(row(&jensen, one, DOWN, Ok(one)).1 && row(&jensen, one, one, Ok(UP)).1);
    // Without a slack, two numbers are equal within their own bound.
    assert!(!row(&equal, one, one, none()).0);
    assert!(!row(&equal, one, Nats::of(1.0 + f64::EPSILON), none()).0);
    assert!(row(&equal, one, Nats::of(1.5), none()).0);
    assert!(!row(&jensen, one, Nats::of(0.5), none()).0);
    assert!(row(&jensen, one, Nats::of(1.5), none()).0);
    assert_eq!(
        judge_row(&jensen, none(), Ok(one), Ok(one), jensen.sign).class,
        Class::Undefined
    );
    let below = judge_row(&jensen, Ok(one), none(), Ok(one), jensen.sign);
    assert_eq!(
        (below.class, below.ours_broken),
        (class(Finite, Side::Undefined), false)
    );
    assert_eq!(
        [Finite, MinusInfinity, PlusInfinity, Side::Undefined].map(Side::words),
        ["finite", "-inf", "+inf", "undefined"]
    );
}

#[test]
fn the_same_class_is_the_same_infinity_or_the_same_bits() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert!(same_class(inf, inf) && same_class(-inf, -inf) && same_class(0.5, 0.5));
    for (a, b) in [
        (inf, -inf),
        (-inf, inf),
        (inf, 1.0),
        (1.0, -inf),
        (nan, nan),
        (nan, inf),
        (0.0, -0.0),
        (1.0, 2.0),
    ] {
        assert!(!same_class(a, b), "{a} {b}");
    }
}

#[test]
fn the_worst_cell_speaks_ours_first_then_the_notes_then_by_residue() {
    let cell = |ours_broken, broken, residue| Observation {
        class: Class::Closed,
        residue,
        broken,
        ours_broken,
        ..UNDEFINED
    };
    let ranked = [
        cell(false, false, 0.1),
        cell(false, false, 0.9),
        cell(false, true, 0.2),
        cell(true, false, 0.0),
    ];
    for (i, low) in ranked.into_iter().enumerate() {
        for high in &ranked[i..] {
            assert_eq!(worse(low, *high).residue.to_bits(), high.residue.to_bits());
            assert_eq!(worse(*high, low).residue.to_bits(), high.residue.to_bits());
        }
    }
    assert!(
        worse(cell(false, false, f64::NAN), cell(false, false, 0.5))
            .residue
            .is_nan()
            || worse(cell(false, false, 0.5), cell(false, false, f64::NAN))
                .residue
                .is_nan()
    );
}

#[test]
fn in_a_table_of_cells_the_worst_one_is_judged() {
    use super::{UnderReading, Values, judge};
    let world = worlds::generate::random::world(1, 0);
    let scene = UnderReading::new(&world, Reading::Pointwise).expect("a scene");
    let factorised = proposition("2", Reading::Pointwise).expect("a claim");
    let cells = |values: [f64; 3]| Ok(values.map(Nats::of).to_vec());
    let judged = |a, b| {
        judge(
            &factorised,
            &scene,
            &mut Values(vec![(LineId::Eq2a, cells(a)), (LineId::Eq2b, cells(b))]),
        )
    };
    assert!(!judged([-1.0, -2.0, -3.0], [-1.0, -2.0, -3.0]).ours_broken);
    assert!(judged([-1.0, -2.0, -3.0], [-1.0, -2.0, -3.5]).ours_broken);
    assert!(judged([-1.0, -2.0, -3.0], [-1.0, -2.5, -3.0]).ours_broken);
}

#[test]
fn a_row_is_ours_to_answer_for_by_its_sign_its_residue_or_a_bound_that_overflowed() {
    use super::closed;
    let jensen = proposition("5-6", Reading::Pointwise).expect("a claim"); // Its slack is at least 0.
    let ours = |from: Nats, to: Nats, slack: Nats| closed(&jensen, from, to, slack, jensen.sign).ours_broken;
    let n = Nats::of;
    assert!(!ours(n(-1.0), n(-3.0), n(2.0)));
    assert!(ours(n(-3.0), n(-1.0), n(-2.0)), "the row closes, with the wrong sign");
    assert!(
        ours(n(-1.0), n(-3.0), n(2.5)),
        "the sign is right, the row does not close"
    );
    let wide = |value| Nats::with_mass(value, f64::MAX);
    assert!(
        ours(wide(-1.0), wide(-3.0), wide(2.0)),
        "a bound of infinity decides nothing"
    );
}

#[test]
fn two_equal_cells_rank_by_class_then_by_residue() {
    let closed = |residue| Observation {
        class: Class::Closed,
        residue,
        ..UNDEFINED
    };
    let undefined = Observation {
        residue: 3.0,
        ..UNDEFINED
    };
    assert_eq!(worse(undefined, closed(0.5)).class, Class::Closed);
    assert_eq!(worse(closed(0.5), undefined).class, Class::Closed);
}
