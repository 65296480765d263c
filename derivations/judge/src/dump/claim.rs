//! A claim of a dump: its quantity, the axes that it keeps, and how its numbers were made.

use bounds::Float;

use super::axis::Axis;
use super::quantity::Quantity;
use super::sizes::Sizes;
use super::words::Unit;

/// What a claim does with an axis of its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It has a number for each index of the axis.
    Each,
    /// It sums over the axis.
    Sum,
    /// It takes the mean over the axis.
    Mean,
}

/// One tensor of claimed numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The quantity of which it has numbers.
    pub quantity: Quantity,
    /// The name of its tensor.
    pub tensor: &'static str,
    /// The shape of its tensor.
    pub shape: Vec<usize>,
    /// The type in which it is stored.
    pub stored: Float,
    /// The axes of the quantity, and what the claim does with each.
    pub axes: Vec<(Axis, Kept)>,
    /// The sign of its numbers against the quantity: 1 or -1.
    pub sign: f64,
    /// The unit of its numbers: nats or bits.
    pub unit: Unit,
    /// The number by which it was divided, beside the lengths of averaged axes.
    pub normaliser: f64,
    /// For a gradient, the claim of which it is the gradient. It is the loss where nothing is stated.
    pub of: Option<Box<Self>>,
    /// Whether the statement names the reductions. Where it does not, they are taken to be sums.
    pub stated: bool,
}

impl Claim {
    /// The number by which the sum was divided: the normaliser times the length of every averaged axis.
    #[must_use]
    pub fn divisor(&self, sizes: &Sizes) -> f64 {
        let means = self.axes.iter().filter(|(_, kept)| *kept == Kept::Mean);
        #[expect(clippy::cast_precision_loss, reason = "lengths of axes")]
        let lengths = means.map(|(axis, _)| sizes.of_axis(*axis) as f64);
        lengths.product::<f64>() * self.normaliser
    }

    /// The factor of a sum in nats before it is divided: the sign and the unit.
    #[must_use]
    pub fn factor(&self) -> f64 {
        match self.unit {
            Unit::Nats => self.sign,
            Unit::Bits => self.sign / std::f64::consts::LN_2,
        }
    }

    /// A sentence about how its reductions were interpreted, where there are some and the statement does not name them.
    #[must_use]
    pub fn assumed(&self, sizes: &Sizes) -> Option<String> {
        let summed = self
            .axes
            .iter()
            .filter(|(axis, kept)| *kept == Kept::Sum && sizes.of_axis(*axis) > 1);
        let summed: Vec<&str> = summed.map(|(axis, _)| axis.name()).collect();
        let name = self.quantity.name();
        (!self.stated && !summed.is_empty()).then(|| {
            format!(
                "{name} states neither sum nor mean: taken for a sum over {}",
                summed.join(", ")
            )
        })
    }

    /// Whether the claim has a number for each index of an axis.
    #[must_use]
    pub fn keeps(&self, axis: Axis) -> bool {
        self.axes.contains(&(axis, Kept::Each))
    }
}
