//! A claim: what it is about, which axes it keeps, how it was made. Its shape is held against its statement.

use bounds::Float;

use super::axis::Axis;
use super::quantity::Quantity;
use super::sizes::Sizes;
use super::words::Unit;

/// What a claim keeps of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// An entry for each.
    Each,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
}

/// One tensor of claimed numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What it is about.
    pub quantity: Quantity,
    /// Its tensor.
    pub tensor: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The type that it is stored in.
    pub stored: Float,
    /// The quantity's axes and what is kept of each.
    pub axes: Vec<(Axis, Kept)>,
    /// 1 or -1.
    pub sign: f64,
    /// Nats or bits.
    pub unit: Unit,
    /// What it was divided by, besides the means.
    pub normaliser: f64,
    /// Of a gradient: of which claim; the loss where nothing is stated.
    pub of: Option<Box<Self>>,
    /// Whether the statement names the reductions; they are sums where it does not.
    pub stated: bool,
}

impl Claim {
    /// What was divided by: the normaliser, and the length of every axis whose mean was taken.
    #[must_use]
    pub fn divisor(&self, sizes: &Sizes) -> f64 {
        let means = self.axes.iter().filter(|(_, kept)| *kept == Kept::Mean);
        #[expect(clippy::cast_precision_loss, reason = "lengths of axes")]
        let lengths = means.map(|(axis, _)| sizes.of_axis(*axis) as f64);
        lengths.product::<f64>() * self.normaliser
    }

    /// What a sum in nats is multiplied by, before it is divided.
    #[must_use]
    pub fn factor(&self) -> f64 {
        match self.unit {
            Unit::Nats => self.sign,
            Unit::Bits => self.sign / std::f64::consts::LN_2,
        }
    }

    /// What its reductions were taken for, where the statement names none and there are any.
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

    /// Whether an axis is kept.
    #[must_use]
    pub fn keeps(&self, axis: Axis) -> bool {
        self.axes.contains(&(axis, Kept::Each))
    }
}
