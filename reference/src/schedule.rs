//! Schedules of the numbers that move while a network learns: the divergence's weight, the relaxation's temperature and
//! the step size.

/// The curve on which a number goes from its first value to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Half a period of a cosine: slow at both ends.
    Cosine,
    /// A straight line: the same step at every update.
    Linear,
    /// An exponential: the same factor at every update.
    Exponential,
}

/// A number that moves for `T` updates and is constant from then on. With `r = t / T`, until `r = 1`:
///
/// ```text
/// cosine         s(t) = b + (a - b) (1 + cos(pi r)) / 2
/// linear         s(t) = a + (b - a) r
/// exponential    s(t) = a (b / a)^r
/// ```
///
/// Range: between `a` and `b`. Limits: an exponential schedule has ends of one sign, neither of them 0.
/// Source: Ramesh et al. 2021, main text and appendix A.2, for the cosine; Jang et al. 2017, section 4, for the
/// exponential.
///
/// ```
/// use reference::schedule::{Schedule, Shape};
///
/// // From 1 to 16: linear is halfway in the middle, exponential a factor of 4 from either end.
/// let schedule = |shape| Schedule { from: 1.0, to: 16.0, updates: 100, shape };
/// assert_eq!(schedule(Shape::Linear).at(50), 8.5);
/// assert_eq!(schedule(Shape::Exponential).at(50), 4.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The value `a` at the first update.
    pub from: f64,
    /// The value `b` from update `T` on.
    pub to: f64,
    /// The number of updates `T` in which the number moves.
    pub updates: u64,
    /// The curve between the two values.
    pub shape: Shape,
}

impl Schedule {
    /// The weight on the divergence as published: 0 to 6.6 over the first 5,000 updates.
    pub const BETA: Self = Self::cosine(0.0, 6.6, 5_000);
    /// The relaxation's temperature as published: 1 to 1/16 over the first 150,000 updates.
    pub const TEMPERATURE: Self = Self::cosine(1.0, 1.0 / 16.0, 150_000);
    /// The step size as published: 1e-4 to 1.25e-6 over 1,200,000 updates.
    pub const STEP: Self = Self::cosine(1e-4, 1.25 / 1_000_000.0, 1_200_000);

    /// A schedule on half a cosine, as all published ones are.
    #[must_use]
    pub const fn cosine(from: f64, to: f64, updates: u64) -> Self {
        Self {
            from,
            to,
            updates,
            shape: Shape::Cosine,
        }
    }

    /// The value at an update. The first update has the number 0.
    #[must_use]
    pub fn at(self, update: u64) -> f64 {
        if update >= self.updates {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of updates below 2^53")]
        let share = update as f64 / self.updates as f64;
        match self.shape {
            Shape::Cosine => {
                let left = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
                self.to + (self.from - self.to) * left
            }
            Shape::Linear => self.from + (self.to - self.from) * share,
            Shape::Exponential => self.from * (self.to / self.from).powf(share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Shape};
    use approx::assert_relative_eq;

    #[test]
    fn a_schedule_begins_ends_and_is_halfway_in_the_middle() {
        for (schedule, middle) in [
            (Schedule::BETA, 3.3),
            (Schedule::TEMPERATURE, 17.0 / 32.0),
            (Schedule::STEP, 0.5 * (1e-4 + 1.25e-6)),
        ] {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * (schedule.from + schedule.to);
            assert!(close(schedule.at(0), schedule.from));
            assert!(close(schedule.at(schedule.updates / 2), middle));
            for end in [schedule.updates, schedule.updates + 1, u64::MAX] {
                assert_eq!(schedule.at(end).to_bits(), schedule.to.to_bits());
            }
            // A quarter of the way it has gone 1 - cos(pi/4) of half of its way.
            let gone = (schedule.at(schedule.updates / 4) - schedule.from) / (schedule.to - schedule.from);
            assert!((gone - 0.5 * (1.0 - std::f64::consts::FRAC_1_SQRT_2)).abs() < 1e-14);
        }
    }

    #[test]
    fn every_update_moves_a_line_by_the_same_and_an_exponential_by_the_same_factor() {
        let at = |shape, update| {
            let (from, to, updates) = (1.0, 1.0 / 16.0, 40);
            Schedule {
                from,
                to,
                updates,
                shape,
            }
            .at(update)
        };
        for update in 0..40 {
            let [now, next] = [update, update + 1].map(|update| at(Shape::Linear, update));
            assert_relative_eq!(next - now, -15.0 / 16.0 / 40.0, max_relative = 1e-12);
            let [now, next] = [update, update + 1].map(|update| at(Shape::Exponential, update));
            assert_relative_eq!(next / now, 0.1_f64.exp2().recip(), max_relative = 1e-13);
        }
    }

    #[test]
    fn a_schedule_of_no_length_is_its_end() {
        for shape in [Shape::Cosine, Shape::Linear, Shape::Exponential] {
            let (from, to, updates) = (1.0, 2.0, 0);
            assert_eq!(
                Schedule {
                    from,
                    to,
                    updates,
                    shape
                }
                .at(0)
                .to_bits(),
                2.0_f64.to_bits()
            );
        }
    }
}
