//! Judges one claim on one world under a reading: whether the row closes, whether its sign holds, and whether the claim
//! is broken.

use note::checkable::Checkable;
use note::line::{LineId, line};
use note::proposition::Proposition;
use note::rule::{Relation, Rule, Sign};
use note::under_reading::UnderReading;
use reference::model::Model;
use reference::vocab::{Error, Nats, closure_bound};

/// A cache of the values of lines on a world under a reading. Each is computed at most once.
#[derive(Debug)]
pub struct Values(Vec<(LineId, Result<Vec<Nats>, Error>)>);

impl Values {
    /// An empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Forgets the values that depend on beta. Afterwards the cache can be used for the same world at another beta.
    pub fn forget_beta(&mut self) {
        self.0.retain(|(id, _)| !id.depends_on_beta());
    }

    fn get<W: Model>(&mut self, id: LineId, scene: &UnderReading<W>) -> Result<Vec<Nats>, Error> {
        if let Some((_, value)) = self.0.iter().find(|(known, _)| *known == id) {
            return value.clone();
        }
        let value = line(id).value(scene);
        self.0.push((id, value.clone()));
        value
    }
}

impl Default for Values {
    fn default() -> Self {
        Self::new()
    }
}

/// The observation of a claim on a world under a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Whether the two sides and the slack are finite, or which of the sides are not.
    pub class: Class,
    /// `|from - slack - to|` in units of its bound. It is 0 when not all three are finite.
    pub residue: f64,
    /// The slack in nats. It is NaN when not all three numbers are finite.
    pub slack: f64,
    /// Whether the slack is 0 within its bound.
    pub zero: bool,
    /// Whether the claimed relation does not hold.
    pub broken: bool,
    /// Whether rounding hides if the claimed relation holds.
    pub undecided: bool,
    /// Whether this program is wrong: the sign that we claim, or the law `to = from - slack` in the extended reals,
    /// does not hold.
    pub ours_broken: bool,
}

impl Observation {
    /// Whether the relation holds. It is `None` where rounding hides that.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        (!self.undecided).then_some(!self.broken)
    }
}

/// The words of a report where rounding hides whether a claim holds.
pub const UNDECIDED: &str = "not decided at this precision";

/// The classes of the two sides of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Both sides and the slack are finite.
    Closed,
    /// A side or the slack is infinite or undefined. The pair holds the classes of the sides, the upper one first.
    Infinite(Side, Side),
    /// The upper side has no value, so nothing is claimed.
    Undefined,
}

/// The class of the value of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It is a finite number.
    Finite,
    /// It is `-inf`.
    MinusInfinity,
    /// It is `+inf`.
    PlusInfinity,
    /// It has no value, because `+inf` met `-inf`.
    Undefined,
}

impl Side {
    fn of(side: &Result<Nats, Error>) -> Self {
        match side {
            Err(_) => Self::Undefined,
            Ok(nats) if nats.is_finite() => Self::Finite,
            Ok(nats) if nats.value() > 0.0 => Self::PlusInfinity,
            Ok(_) => Self::MinusInfinity,
        }
    }

    /// The class in words, for a report.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Finite => "finite",
            Self::MinusInfinity => "-inf",
            Self::PlusInfinity => "+inf",
            Self::Undefined => "undefined",
        }
    }
}

/// Judges a claim on a world under a reading. Where the sides are tables, the observation is that of the worst cell.
#[must_use]
pub fn judge<W: Checkable>(claim: &Proposition, scene: &UnderReading<W>, values: &mut Values) -> Observation {
    let (slack, sign) = match claim.signed_slack(scene) {
        Ok((slack, sign)) => (Ok(slack), sign),
        Err(error) => (Err(error), claim.sign),
    };
    match (values.get(claim.from, scene), values.get(claim.to, scene)) {
        (Ok(from), Ok(to)) if from.len() == to.len() => from
            .into_iter()
            .zip(to)
            .map(|(from, to)| judge_row(claim, Ok(from), Ok(to), slack.clone(), sign))
            .reduce(worse)
            .unwrap_or(UNDEFINED),
        (from, to) => {
            let first = |side: Result<Vec<Nats>, Error>| side.map(|cells| cells.first().copied().unwrap_or(Nats::ZERO));
            judge_row(claim, first(from), first(to), slack, sign)
        }
    }
}

const UNDEFINED: Observation = Observation {
    class: Class::Undefined,
    residue: 0.0,
    slack: f64::NAN,
    zero: false,
    broken: false,
    undecided: false,
    ours_broken: false,
};

fn worse(a: Observation, b: Observation) -> Observation {
    let rank = |o: &Observation| (o.ours_broken, o.broken, o.undecided, o.class == Class::Closed);
    if rank(&b) > rank(&a) || (rank(&a) == rank(&b) && !(b.residue <= a.residue)) {
        b
    } else {
        a
    }
}

fn judge_row(
    claim: &Proposition,
    from: Result<Nats, Error>,
    to: Result<Nats, Error>,
    slack: Result<Nats, Error>,
    sign: Sign,
) -> Observation {
    if let (Ok(from), Ok(to), Ok(slack)) = (&from, &to, &slack)
        && from.is_finite()
        && to.is_finite()
        && slack.is_finite()
    {
        return closed(claim, *from, *to, *slack, sign);
    }
    if from.is_err() {
        return UNDEFINED;
    }
    let class = Class::Infinite(Side::of(&from), Side::of(&to));
    let (above, below) = (value(&from), value(&to));
    let fuzz = match (&from, &to) {
        (Ok(from), Ok(to)) => closure_bound(&[*from, *to]),
        _ => 0.0,
    };
    // Without a finite slack, two numbers count as equal within their own bound, and an infinity equals only itself.
    // Rounding may have given two different numbers the same bits, so only numbers without a rounding error are surely
    // equal.
    let equal = same_class(above, below) || (above - below).abs() <= fuzz;
    let surely = same_class(above, below) && (above.is_infinite() || fuzz == 0.0);
    let (broken, undecided) = match claim.relation {
        Relation::Equal => (!equal, false),
        Relation::AtLeast => (!(equal || above > below), equal && !surely && sign != Sign::Zero),
        Relation::Nothing => (false, false),
    };
    // The law `to = from - slack` is checked in the extended reals, where `from - slack` has a value at all.
    let law = value(&from) - value(&slack);
    // Between two finite numbers, a slack without a value is a mistake of this program. But where several slacks are
    // added up, opposite infinities may meet.
    let numbers = above.is_finite() && below.is_finite();
    let none = match &slack {
        Ok(slack) => slack.value().is_nan(),
        Err(_) => claim.rule != Rule::Compose,
    };
    let ours_broken = to.is_ok() && ((numbers && none) || (!law.is_nan() && !same_class(law, below)));
    Observation {
        class,
        zero: equal,
        broken,
        undecided,
        ours_broken,
        ..UNDEFINED
    }
}

/// Judges a row of finite numbers. The error of the slack is bounded by its own mass, and that of `from - to` by the
/// masses of the two. A sign that is clear of either bound is decided. Where neither is, the sign that the slack has in
/// every world decides, if it has one.
fn closed(claim: &Proposition, from: Nats, to: Nats, slack: Nats, sign: Sign) -> Observation {
    let bound = closure_bound(&[from, to, slack]);
    let error = (from.value() - slack.value() - to.value()).abs();
    let residue = if error == 0.0 { 0.0 } else { error / bound };
    let by_slack = Sign::seen(slack).filter(|_| bound.is_finite());
    let seen = by_slack.or_else(|| Sign::seen(from - to).filter(|_| bound.is_finite()));
    let zero = by_slack.is_none_or(|sign| sign == Sign::Zero);
    let (broken, undecided) = match claim.relation {
        Relation::Equal => (!zero, false),
        Relation::AtLeast => (
            seen == Some(Sign::NonPositive),
            seen.is_none() && !matches!(sign, Sign::Zero | Sign::NonNegative),
        ),
        Relation::Nothing => (false, false),
    };
    let sign_holds = zero || claim.sign == Sign::Unsigned || by_slack == Some(claim.sign);
    Observation {
        class: Class::Closed,
        residue,
        slack: slack.value(),
        zero: zero && seen.is_none_or(|sign| sign == Sign::Zero),
        broken,
        undecided,
        // A bound that has overflowed would accept anything.
        ours_broken: !sign_holds || !(residue <= 1.0) || !bound.is_finite(),
    }
}

/// Whether two values are the same infinity, or the same number to the bit.
fn same_class(a: f64, b: f64) -> bool {
    (a.is_finite() && b.is_finite() && a.to_bits() == b.to_bits())
        || (a.is_infinite() && b.is_infinite() && (a > 0.0) == (b > 0.0))
}

fn value(side: &Result<Nats, Error>) -> f64 {
    side.as_ref().map_or(f64::NAN, |nats| nats.value())
}

#[cfg(test)]
mod tests;
