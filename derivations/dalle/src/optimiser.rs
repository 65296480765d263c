//! The optimiser `AdamW` with an average of its iterates. Its state can be saved and restored.

use std::collections::BTreeMap;

use gpu::autograd::{AdamWState, AdamWStep, descend, squares};
use gpu::{GradStore, Tensor, Var};

use crate::ModelError;
use crate::config::Training;
use crate::parameters::{Variables, fetch, refuse_first};

/// A variable and the optimiser's state for it.
#[derive(Debug)]
struct Slot {
    variable: Var,
    state: AdamWState,
}

/// `AdamW` (Loshchilov and Hutter 2019) and an exponential average of the iterates.
///
/// ```text
/// m <- b1 m + (1 - b1) g            v <- b2 v + (1 - b2) g^2            t <- t + 1
/// x <- x - s w x - s (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
/// a <- d a + (1 - d) x              d = min(average, (1 + t) / (10 + t))
/// ```
#[derive(Debug)]
pub struct AdamW {
    slots: BTreeMap<String, Slot>,
    training: Training,
    step: u64,
}

const EPSILON: f64 = 1e-8;

/// The kinds of state in a checkpoint. Each is the first word of a tensor's name, before the name of the parameter.
pub const STATE: [&str; 4] = ["parameter", "first_moment", SECOND_MOMENT, "average"];

const SECOND_MOMENT: &str = "second_moment";

/// A report on a step that was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// The norm of all gradients before they were clipped.
    pub norm: f64,
    /// The size of the step.
    pub size: f64,
}

impl AdamW {
    /// An optimiser that has taken no step.
    ///
    /// # Errors
    /// [`ModelError::Twin`] when the device refuses.
    pub fn new(variables: &Variables, training: Training) -> Result<Self, ModelError> {
        let mut slots = BTreeMap::new();
        for (name, variable) in variables.iter() {
            let slot = Slot {
                variable: variable.clone(),
                state: AdamWState {
                    first: variable.zeros_like()?,
                    second: variable.zeros_like()?,
                    average: variable.as_detached_tensor().copy()?,
                },
            };
            slots.insert(name.to_owned(), slot);
        }
        Ok(Self {
            slots,
            training,
            step: 0,
        })
    }

    /// The number of steps that were taken.
    #[must_use]
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// Takes one step along these gradients. Where a gradient is missing or not finite, nothing changes, and the inner
    /// error is the name of its tensor.
    ///
    /// # Errors
    /// [`ModelError::Twin`] when the device refuses.
    pub fn descend(&mut self, gradients: &GradStore) -> Result<Result<Taken, String>, ModelError> {
        let Training {
            beta_1: b1, beta_2: b2, ..
        } = self.training;
        let mut total = 0.0;
        for (name, slot) in &self.slots {
            let Some(gradient) = gradients.get(&slot.variable) else {
                return Ok(Err(format!("no gradient reaches {name}")));
            };
            let square = squares(gradient)?;
            if !square.is_finite() {
                return Ok(Err(format!("the gradient of {name} is not finite")));
            }
            total += square;
        }
        let norm = total.sqrt();
        let clip = self.training.clip;
        let scale = if clip > 0.0 && norm > clip { clip / norm } else { 1.0 };
        let size = self.size();
        self.step += 1;
        #[expect(clippy::cast_precision_loss, reason = "a number of steps")]
        let t = self.step as f64;
        let [first_left, second_left] = [b1, b2].map(|b| 1.0 - b.powf(t));
        let keep = self.training.average.min((1.0 + t) / (10.0 + t));
        let step = AdamWStep {
            beta_1: b1,
            beta_2: b2,
            first_left,
            second_left,
            epsilon: EPSILON,
            clip: scale,
            size,
            decay: self.training.weight_decay,
            average: keep,
        };
        for slot in self.slots.values_mut() {
            if let Some(gradient) = gradients.get(&slot.variable) {
                descend(&slot.variable, gradient, &mut slot.state, step)?;
            }
        }
        Ok(Ok(Taken { norm, size }))
    }

    /// The size of the next step. It grows during the warm-up, and then follows its schedule.
    #[must_use]
    pub fn size(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a number of steps")]
        let share = (self.step + 1) as f64 / self.training.warm_up.max(1) as f64;
        self.training.step_size.at(self.step) * share.min(1.0)
    }

    /// The average of the iterates by name, which are the parameters of the trained model. On the CPU the next step
    /// changes these tensors in place.
    #[must_use]
    pub fn averages(&self) -> BTreeMap<String, Tensor> {
        let named = self
            .slots
            .iter()
            .map(|(name, slot)| (name.clone(), slot.state.average.clone()));
        named.collect()
    }

    /// The state on which a step depends. The name of each tensor begins with a word of [`STATE`]. On the CPU the next
    /// step changes these tensors in place.
    #[must_use]
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        let of = |(name, slot): (&String, &Slot)| {
            let AdamWState { first, second, average } = &slot.state;
            let tensors = [slot.variable.as_tensor(), first, second, average];
            let named = STATE.iter().zip(tensors);
            named
                .map(|(what, tensor)| (format!("{what}.{name}"), tensor.clone()))
                .collect::<Vec<_>>()
        };
        self.slots.iter().flat_map(of).collect()
    }

    /// Restores a state that was saved after `step` steps.
    ///
    /// # Errors
    /// [`ModelError::File`] for a tensor that is missing, of another shape or not finite, and for a negative second
    /// moment.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>, step: u64, source: &str) -> Result<(), ModelError> {
        for (name, slot) in &mut self.slots {
            let held = |what: &str| -> Result<Tensor, ModelError> {
                let full = format!("{what}.{name}");
                let tensor = fetch(state, &full, slot.variable.dims(), source)?;
                if what == SECOND_MOMENT {
                    // A step divides by the root of a second moment. A negative one would make the parameter NaN, and
                    // the state would still count as the last good one.
                    let expected = "numbers of at least 0, a mean of squares";
                    refuse_first(&tensor, (&full, source), expected, |x| x >= 0.0)?;
                }
                Ok(tensor.to_device(slot.variable.device())?)
            };
            let [parameter, first, second, average] = STATE.map(held);
            slot.variable.set(&parameter?)?;
            slot.state = AdamWState {
                first: first?.copy()?,
                second: second?.copy()?,
                average: average?.copy()?,
            };
        }
        self.step = step;
        Ok(())
    }
}
