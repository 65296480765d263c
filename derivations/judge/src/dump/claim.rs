//! A claim: what it is about, which axes it keeps, how it was made. Its shape is held against its statement.

use bounds::Float;
use worlds::case::FileError;

use super::needs;
use super::quantity::Quantity;
use super::shape::{expect_float, misshapen, shapes};
use super::statement::{Stated, Statement, refuse};
use super::words::{Form, Unit};
use super::{Axis, Sizes, Source};

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

/// The claims that stand in the file, in the order of the derivation.
pub(super) fn all(source: &Source, statement: &Statement, sizes: &Sizes) -> Result<Vec<Claim>, FileError> {
    for name in statement.claims.keys() {
        let known = Quantity::ALL.iter().find(|quantity| quantity.name() == name);
        let Some(quantity) = known else {
            let names: Vec<&str> = Quantity::ALL.iter().map(|quantity| quantity.name()).collect();
            return Err(refuse(
                &format!("claims.{name}"),
                "not a quantity",
                &format!("one of {}", names.join(", ")),
            ));
        };
        if !source.has(quantity.tensor()) {
            return Err(FileError::Missing {
                tensor: quantity.tensor(),
                expected: "the tensor of a claim that the statement names",
            });
        }
    }
    let mut claims = Vec::new();
    for quantity in Quantity::ALL {
        if source.has(quantity.tensor()) {
            claims.push(of(quantity, source, statement, sizes)?);
        }
    }
    if claims.is_empty() {
        return Err(refuse(
            "claims",
            "empty",
            "at least one claim: judging nothing proves nothing",
        ));
    }
    Ok(claims)
}

fn of(quantity: Quantity, source: &Source, statement: &Statement, sizes: &Sizes) -> Result<Claim, FileError> {
    let key = format!("claims.{}", quantity.name());
    let stated = statement
        .claims
        .get(quantity.name())
        .ok_or_else(|| refuse(&key, "missing", "how the tensor beside it was made"))?;
    let axes = quantity.axes(statement.inputs).ok_or_else(|| {
        refuse(
            &key,
            "no quantity of these inputs",
            "a claim that the stated inputs have",
        )
    })?;
    let info = source.info(quantity.tensor())?;
    let stored = expect_float(quantity.tensor(), info.dtype)?;
    let mut claim = Claim {
        quantity,
        tensor: quantity.tensor(),
        shape: info.shape.clone(),
        stored,
        axes: Vec::new(),
        sign: stated.sign,
        unit: stated.unit,
        normaliser: stated.normaliser,
        of: None,
        stated: stated.sum.is_some() || stated.mean.is_some() || matches!(quantity, Quantity::Gradient(_)),
    };
    if matches!(quantity, Quantity::Gradient(_)) {
        claim.of = Some(Box::new(objective(stated, &key, source, statement, sizes)?));
    } else if stated.of.is_some() {
        return Err(refuse(&key, "the gradient of something", "`of` with gradients only"));
    }
    needs::check(&claim, statement, source)?;
    claim.axes = reductions(&claim, axes, stated, &key, statement.inputs, sizes)?;
    Ok(claim)
}

/// What a gradient is the gradient of: a claim of the dump, the loss where nothing is named.
fn objective(
    stated: &Stated,
    key: &str,
    source: &Source,
    statement: &Statement,
    sizes: &Sizes,
) -> Result<Claim, FileError> {
    let name = stated.of.as_deref().unwrap_or("loss");
    if stated.sum.is_some() || stated.mean.is_some() {
        return Err(refuse(key, "reduced", "a gradient, shaped as what it is taken by"));
    }
    if stated.unit == Unit::Bits {
        return Err(refuse(
            key,
            "in bits",
            "a gradient in the unit of what it is the gradient of",
        ));
    }
    let quantity = Quantity::ALL
        .into_iter()
        .find(|quantity| quantity.name() == name && !matches!(quantity, Quantity::Gradient(_)))
        .ok_or_else(|| refuse(key, &format!("of {name:?}"), "the gradient of a claim"))?;
    if source.has(quantity.tensor()) {
        return of(quantity, source, statement, sizes);
    }
    Err(refuse(
        key,
        &format!("the gradient of {name}, which is not claimed"),
        &format!("{} beside it: its claim says how it was reduced", quantity.tensor()),
    ))
}

/// What is kept of each axis: as stated, and the tensor's shape must agree; or, where nothing is stated, as the shape says, sums elsewhere.
fn reductions(
    claim: &Claim,
    axes: &[Axis],
    stated: &Stated,
    key: &str,
    form: Form,
    sizes: &Sizes,
) -> Result<Vec<(Axis, Kept)>, FileError> {
    let [sum, mean] = [&stated.sum, &stated.mean].map(|axes| axes.as_deref().unwrap_or_default());
    if let Some(axis) = sum.iter().chain(mean).find(|axis| !axes.contains(axis)) {
        return Err(refuse(
            key,
            &format!("reduced over {}", axis.name()),
            &format!("axes of this quantity ({})", names(axes)),
        ));
    }
    if let Some(axis) = sum.iter().find(|axis| mean.contains(axis)) {
        return Err(refuse(
            key,
            &format!("summed and averaged over {}", axis.name()),
            "one of the two",
        ));
    }
    let whole = matches!(claim.quantity, Quantity::Sample | Quantity::Gradient(_));
    if whole && !(sum.is_empty() && mean.is_empty()) {
        return Err(refuse(key, "reduced", "every entry by itself"));
    }
    let as_stated = |axis: &Axis| match (sum.contains(axis), mean.contains(axis)) {
        (true, _) => (*axis, Kept::Sum),
        (_, true) => (*axis, Kept::Mean),
        _ => (*axis, Kept::Each),
    };
    let kept: Vec<_> = axes.iter().map(as_stated).collect();
    if claim.stated || whole {
        let shapes = shapes(&kept, form, sizes);
        return if shapes.contains(&claim.shape) {
            Ok(kept)
        } else {
            let expected = shapes.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>();
            let expected = format!("{} with the stated reductions", expected.join(" or "));
            Err(misshapen(claim.tensor, &claim.shape, &expected))
        };
    }
    // Every choice of axes to keep, more of them first.
    let mut choices: Vec<Vec<_>> = (0..1_usize << axes.len())
        .map(|bits| {
            let keep = |k: usize| if bits & (1 << k) == 0 { Kept::Each } else { Kept::Sum };
            axes.iter().enumerate().map(|(k, axis)| (*axis, keep(k))).collect()
        })
        .collect();
    choices.sort_by_key(|choice: &Vec<(Axis, Kept)>| choice.iter().filter(|(_, kept)| *kept == Kept::Sum).count());
    let fitting: Vec<_> = choices
        .into_iter()
        .filter(|choice| shapes(choice, form, sizes).contains(&claim.shape))
        .collect();
    let long = |choice: &[(Axis, Kept)]| -> Vec<(Axis, Kept)> {
        let long = choice.iter().filter(|(axis, _)| sizes.of_axis(*axis) > 1);
        long.copied().collect()
    };
    match fitting.as_slice() {
        [] => Err(misshapen(
            claim.tensor,
            &claim.shape,
            &format!("the axes {} or some of them: state sum and mean", names(axes)),
        )),
        [first, rest @ ..] if rest.iter().all(|other| long(other) == long(first)) => Ok(first.clone()),
        _ => Err(refuse(
            key,
            "ambiguous",
            "sum and mean, since several axes have this length",
        )),
    }
}

fn names(axes: &[Axis]) -> String {
    axes.iter().map(|axis| axis.name()).collect::<Vec<_>>().join(", ")
}
