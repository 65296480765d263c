//! The check of the same claims on linear-Gaussian worlds, whose codes are integrated over as the note prints Eq. 3.

use crate::Checked;
use crate::integrals::Integrals;

/// The verdicts on continuous worlds, and how far closed forms, quadrature and draws lie apart.
#[derive(Debug, Clone)]
pub struct Continuous {
    /// The claims, judged on the worlds.
    pub checked: Checked,
    /// The comparison of closed forms with quadrature and sampling, on the first worlds.
    pub integrals: Integrals,
}

impl Continuous {
    /// Whether every row closes, every sign that the table claims holds, and the three ways to integrate agree.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.checked.failures().next().is_none() && self.integrals.agree()
    }
}

/// The error for a user who asks for a continuous world in a program that was built without LAPACK.
#[cfg(not(feature = "lapack"))]
pub const WITHOUT_LAPACK: &str = "this program was built without lapack; `cargo install --path derivations/elbo --features lapack` builds one with it, \
                                  where OpenBLAS is installed (`make lapack` does that)";

/// The line of the report where the program was built without continuous worlds.
pub const SKIPPED: &str = "continuous worlds: skipped, built without lapack (`make check` installs it and has them)";

#[cfg(feature = "lapack")]
mod judged {
    use reference::gaussian::Gaussian;
    use reference::vocab::Error;

    use super::Continuous;
    use crate::integrals::compare;
    use crate::progress::Progress;
    use crate::{Options, check};
    use worlds::generate::{Cases, Origin, gaussian, list};

    /// The number of worlds whose lines are integrated in three ways, and below it how many of them come from a file.
    const THRICE: usize = 40;
    const OF_A_FILE: usize = 8;

    /// Checks the worlds of a file, the listed ones, and `random` ones that are drawn.
    ///
    /// # Errors
    /// None on validated worlds.
    pub fn judge(
        file: &[Gaussian],
        random: u64,
        seed: u64,
        options: &Options,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Continuous, Error> {
        let listed = list::gaussian_worlds().into_iter().map(|world| (Origin::List, world));
        let fixed = file
            .iter()
            .map(|world| (Origin::File, world.clone()))
            .chain(listed)
            .collect();
        let cases = Cases::of(fixed, random, seed, gaussian::world);
        let checked = check(&cases, options, progress)?;
        let drawn = (0..random).map(|index| gaussian::world(seed, index));
        let thrice: Vec<Gaussian> = file.iter().take(OF_A_FILE).cloned().chain(drawn).take(THRICE).collect();
        Ok(Continuous {
            checked,
            integrals: compare(&thrice, seed, progress)?,
        })
    }
}

#[cfg(feature = "lapack")]
pub use judged::judge;
