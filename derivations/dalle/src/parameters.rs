//! The parameters of the networks: their initial values, and variables that can be learned.

use std::collections::BTreeMap;

use files::numbers::unravel;
use files::words::one_line;
use gpu::device::Device;
use gpu::network::Parameters;
use gpu::{DType, Tensor, Var};
use rand_distr::{Distribution as _, StandardNormal};

use crate::ModelError;
use crate::finite::expect_finite;
use crate::noise::{Purpose, stream};

/// The names and shapes of parameters.
pub type Shapes = Vec<(String, Vec<usize>)>;

/// Parameters that can be learned, by name.
#[derive(Debug, Clone)]
pub struct Variables(BTreeMap<String, Var>);

/// The distribution of a network's initial parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// As in the released code of DALL-E: weights `N(0, 1 / (inputs kernel^2))`, and biases 0.
    Released,
    /// Tables and weights `N(0, 0.02^2)`, scales of norms 1 and offsets 0, biases and the start token 0 (Radford et al.
    /// 2019).
    Transformer,
}

/// The tensor with this name in a file, in `f32`. Its shape is checked, and all its numbers must be finite.
///
/// # Errors
/// [`ModelError::File`] for a tensor that is missing, of another shape or not finite.
pub(crate) fn fetch(
    tensors: &BTreeMap<String, Tensor>,
    name: &str,
    shape: &[usize],
    source: &str,
) -> Result<Tensor, ModelError> {
    let expected = format!("a tensor of shape {shape:?} and finite numbers");
    let refuse = |what: String| ModelError::File {
        source_name: source.to_owned(),
        what,
        expected: expected.clone(),
    };
    let tensor = tensors.get(name).ok_or_else(|| refuse(format!("{name} is missing")))?;
    if tensor.dims() != shape {
        let found = one_line(&format!("{:?}", tensor.dims()));
        return Err(refuse(format!("{name} has shape {found}")));
    }
    let tensor = tensor.to_dtype(DType::F32)?;
    refuse_first(&tensor, (name, source), &expected, f32::is_finite)?;
    Ok(tensor)
}

/// Refuses a tensor of a file, in `f32`, if any of its numbers is not as expected.
///
/// # Errors
/// [`ModelError::File`] with the name of the tensor, and the index and value of the first such number.
pub(crate) fn refuse_first(
    tensor: &Tensor,
    (name, source): (&str, &str),
    expected: &str,
    is_good: impl Fn(f32) -> bool,
) -> Result<(), ModelError> {
    let numbers: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
    match numbers.iter().position(|x| !is_good(*x)) {
        Some(place) => Err(ModelError::File {
            source_name: source.to_owned(),
            what: format!("{name}{:?} is {}", unravel(tensor.dims(), place), numbers[place]),
            expected: expected.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Refuses parameters one of which is not finite, because a file of them could not be read again.
///
/// # Errors
/// [`ModelError::Overflow`].
pub(crate) fn expect_finite_parameters(parameters: &Parameters) -> Result<(), ModelError> {
    for (name, tensor) in parameters.iter() {
        let numbers: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
        expect_finite(&numbers, |place| format!("{name}{:?}", unravel(tensor.dims(), place)))?;
    }
    Ok(())
}

impl FromIterator<(String, Var)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, Var)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}

impl Variables {
    /// New variables with random initial values.
    ///
    /// # Errors
    /// [`ModelError::Twin`] when the device refuses.
    pub fn fresh(shapes: &Shapes, beginning: Beginning, seed: u64, device: &Device) -> Result<Self, ModelError> {
        let mut rng = stream(seed, Purpose::Parameters, beginning as u64);
        let mut variables = BTreeMap::new();
        for (name, shape) in shapes {
            let count: usize = shape.iter().product();
            let inputs: usize = shape.iter().skip(1).product();
            #[expect(clippy::cast_precision_loss, reason = "a layer's width")]
            let spread = match beginning {
                Beginning::Released => (inputs as f32).sqrt().recip(),
                Beginning::Transformer => 0.02,
            };
            let flat = shape.len() == 1;
            let is_gain = name.ends_with("norm.weight");
            let numbers: Vec<f32> = if flat {
                vec![if is_gain { 1.0 } else { 0.0 }; count]
            } else {
                let normal = |_| -> f32 { StandardNormal.sample(&mut rng) };
                (0..count).map(normal).map(|normal| spread * normal).collect()
            };
            let tensor = Tensor::from_vec(numbers, shape.as_slice(), device.candle())?;
            variables.insert(name.clone(), Var::from_tensor(&tensor)?);
        }
        Ok(Self(variables))
    }

    /// The tensors as variables. Each of the shapes must be among them, in `f32`.
    ///
    /// # Errors
    /// [`ModelError::File`] for a tensor that is missing or of another shape.
    pub fn of(
        tensors: &BTreeMap<String, Tensor>,
        shapes: &Shapes,
        source: &str,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut variables = BTreeMap::new();
        for (name, shape) in shapes {
            let tensor = fetch(tensors, name, shape, source)?;
            variables.insert(name.clone(), Var::from_tensor(&tensor.to_device(device.candle())?)?);
        }
        Ok(Self(variables))
    }

    /// The parameters for a forward pass whose gradients lead back to these variables.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        let named = self.0.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        Parameters::new(named.collect())
    }

    /// The parameters as plain numbers, to which no gradients lead back.
    #[must_use]
    pub fn detached(&self) -> Parameters {
        let named = self
            .0
            .iter()
            .map(|(name, var)| (name.clone(), var.as_detached_tensor()));
        Parameters::new(named.collect())
    }

    /// The names and variables, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.0.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// The number of all their numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().map(|var| var.elem_count()).sum()
    }
}
