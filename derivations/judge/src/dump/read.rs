//! Reads the claims of a dump from its tensors and its statement.

use worlds::case::FileError;

use super::axis::Axis;
use super::claim::{Claim, Kept};
use super::quantity::Quantity;
use super::requirements;
use super::shape::{expect_float, misshapen};
use super::sizes::Sizes;
use super::statement::{ClaimSpec, Statement, refuse};
use super::tensors::TensorFile;
use super::words::{Form, Unit};

/// Reads all claims of a file, in the order of the derivation.
pub(super) fn all(source: &TensorFile, statement: &Statement, sizes: &Sizes) -> Result<Vec<Claim>, FileError> {
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

fn of(quantity: Quantity, source: &TensorFile, statement: &Statement, sizes: &Sizes) -> Result<Claim, FileError> {
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
    requirements::check(&claim, statement, source)?;
    claim.axes = reductions(&claim, axes, stated, &key, statement.inputs, sizes)?;
    Ok(claim)
}

/// The claim of which a gradient is taken: the one that the statement names, or else the loss.
fn objective(
    stated: &ClaimSpec,
    key: &str,
    source: &TensorFile,
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

/// What a claim does with each axis. The statement says it, and the shape of the tensor must agree. Where nothing is
/// stated, the shape decides which axes are kept, and the others are taken to be summed.
fn reductions(
    claim: &Claim,
    axes: &[Axis],
    stated: &ClaimSpec,
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
    kept_by_shape(claim, axes, key, form, sizes)
}

/// The axes that a claim keeps, where only its shape says it. The others are taken to be summed.
fn kept_by_shape(
    claim: &Claim,
    axes: &[Axis],
    key: &str,
    form: Form,
    sizes: &Sizes,
) -> Result<Vec<(Axis, Kept)>, FileError> {
    // These are all choices of axes to keep, those with more axes first.
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

/// The shapes that a claim may have. Positions may be in raster order, or in the grid of the logits.
fn shapes(kept: &[(Axis, Kept)], form: Form, sizes: &Sizes) -> Vec<Vec<usize>> {
    let keeps = |axis: Axis| kept.contains(&(axis, Kept::Each));
    let mut flat = Vec::new();
    let mut grid = Vec::new();
    let planes = form == Form::Tokens && sizes.grid.is_some();
    for (axis, kept) in kept {
        if *kept != Kept::Each {
            continue;
        }
        match axis {
            Axis::Pixel => {
                flat.extend(&sizes.image);
                grid.extend(&sizes.image);
            }
            // In planes, the codes come before the positions.
            Axis::Position if planes => {
                if keeps(Axis::Code) {
                    flat.push(sizes.codes);
                    grid.push(sizes.codes);
                }
                flat.push(sizes.positions);
                grid.extend(sizes.grid.iter().flatten());
            }
            Axis::Code if planes && keeps(Axis::Position) => {}
            other => {
                flat.push(sizes.of_axis(*other));
                grid.push(sizes.of_axis(*other));
            }
        }
    }
    if flat == grid { vec![flat] } else { vec![grid, flat] }
}
