//! Numbers that move while a network learns.

/// From one number to another along half a cosine, then constant.
///
/// ```text
/// s(t) = b + (a - b) (1 + cos(pi min(t / T, 1))) / 2
/// ```
///
/// Source: Ramesh et al. 2021, main text and appendix A.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine {
    /// `a`, at the first update.
    pub from: f64,
    /// `b`, from update `T` on.
    pub to: f64,
    /// `T`.
    pub updates: u64,
}

impl Cosine {
    /// The weight on the divergence as published: 0 to 6.6 over the first 5,000 updates.
    pub const BETA: Self = Self {
        from: 0.0,
        to: 6.6,
        updates: 5_000,
    };
    /// The relaxation's temperature as published: 1 to 1/16 over the first 150,000 updates.
    pub const TEMPERATURE: Self = Self {
        from: 1.0,
        to: 1.0 / 16.0,
        updates: 150_000,
    };
    /// The step size as published: 1e-4 to 1.25e-6 over 1,200,000 updates.
    pub const STEP: Self = Self {
        from: 1e-4,
        to: 1.25 / 1_000_000.0,
        updates: 1_200_000,
    };

    /// The number at an update; the first is 0.
    #[must_use]
    pub fn at(self, update: u64) -> f64 {
        if update >= self.updates {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of updates")]
        let share = update as f64 / self.updates as f64;
        let left = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
        self.to + (self.from - self.to) * left
    }
}

#[cfg(test)]
mod tests {
    use super::Cosine;

    #[test]
    fn a_schedule_begins_ends_and_is_halfway_in_the_middle() {
        for (schedule, middle) in [
            (Cosine::BETA, 3.3),
            (Cosine::TEMPERATURE, 17.0 / 32.0),
            (Cosine::STEP, 0.5 * (1e-4 + 1.25e-6)),
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
    fn a_schedule_of_no_length_is_its_end() {
        let still = Cosine {
            from: 1.0,
            to: 2.0,
            updates: 0,
        };
        assert_eq!(still.at(0).to_bits(), 2.0_f64.to_bits());
    }
}
