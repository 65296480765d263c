//! From worlds to the bytes of a safetensors file. The keys are sorted, so that the same worlds give the same bytes.

use std::collections::BTreeMap;

use files::header::{self, HeaderError};
use reference::model::Model as _;
use reference::world::World;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::format::FORMAT;
use super::tensors;
use crate::error::FileError;

/// The bytes of a case file, with every table in `f64`. The prior is stored once where all worlds share it.
///
/// # Errors
/// [`FileError::NoWorlds`] for an empty list, and [`FileError::Uneven`] for worlds that differ in size, in `beta` or in
/// whether they have a free joint. Also whatever reading the bytes would refuse: a number beyond 1e150, or a world
/// whose tables were rounded.
pub fn to_bytes(worlds: &[World], title: &str) -> Result<Vec<u8>, FileError> {
    let Some(first) = worlds.first() else {
        return Err(FileError::NoWorlds);
    };
    for (world, other) in worlds.iter().enumerate() {
        let told = [first, other].map(traits);
        if let Some((expected, found)) = told[0].iter().zip(&told[1]).find(|(a, b)| a != b) {
            return Err(FileError::Uneven {
                world,
                found: found.clone(),
                expected: expected.clone(),
            });
        }
    }
    let (batch, captions, codes) = (worlds.len(), first.captions(), first.codes());
    let mut file = Writer::default();
    let observed = worlds.iter().flat_map(|world| (world.y() as u64).to_le_bytes());
    file.add("y", Dtype::U64, vec![batch], observed);
    file.floats("beta", vec![], [first.beta().get()]);
    let cube = || vec![batch, captions, codes];
    let tables = |table: fn(&World) -> Vec<f64>| worlds.iter().flat_map(table);
    file.floats("ln_p_x_given_yz", cube(), tables(|w| flat(w.likelihood())));
    if worlds.iter().all(|world| world.prior() == first.prior()) {
        file.floats("ln_p_yz", vec![captions, codes], flat(first.prior().ln()));
    } else {
        file.floats("ln_p_yz", cube(), tables(|w| flat(w.prior().ln())));
    }
    file.floats(
        "ln_q_y_given_x",
        vec![batch, captions],
        tables(|w| flat(w.caption_model().ln())),
    );
    file.floats("ln_q_z_given_x", vec![batch, codes], tables(|w| flat(w.encoder().ln())));
    if first.is_free() {
        file.floats("ln_q_yz_given_x", cube(), tables(|w| flat(w.joint_encoder().ln())));
    }
    let bytes = file.finish(&BTreeMap::from([("format", FORMAT), ("title", title)]))?;
    let (header, data) = header::read(&bytes)?;
    tensors::worlds(&header, data)?; // Whatever this program writes, it can also read.
    Ok(bytes)
}

/// Describes what all worlds of a file must have in common: the sizes, `beta`, and whether there is a free joint.
fn traits(world: &World) -> [String; 3] {
    [
        format!("{} captions and {} codes", world.captions(), world.codes()),
        format!("beta {}", world.beta().get()),
        if world.is_free() {
            "a free joint"
        } else {
            "no free joint"
        }
        .to_owned(),
    ]
}

fn flat<'a>(table: impl IntoIterator<Item = &'a f64>) -> Vec<f64> {
    table.into_iter().copied().collect()
}

/// Builds a safetensors file: the tensors' data, one after the other, and the header that says where each lies.
#[derive(Default)]
pub(super) struct Writer {
    tensors: BTreeMap<&'static str, TensorInfo>,
    data: Vec<u8>,
}

impl Writer {
    pub(super) fn add(
        &mut self,
        name: &'static str,
        dtype: Dtype,
        shape: Vec<usize>,
        bytes: impl IntoIterator<Item = u8>,
    ) {
        let begin = self.data.len();
        self.data.extend(bytes);
        let data_offsets = (begin, self.data.len());
        let info = TensorInfo {
            dtype,
            shape,
            data_offsets,
        };
        self.tensors.insert(name, info);
    }

    pub(super) fn floats(&mut self, name: &'static str, shape: Vec<usize>, values: impl IntoIterator<Item = f64>) {
        self.add(name, Dtype::F64, shape, values.into_iter().flat_map(f64::to_le_bytes));
    }

    /// The bytes of the whole file.
    pub(super) fn finish(self, metadata: &BTreeMap<&str, &str>) -> Result<Vec<u8>, FileError> {
        let refuse = |error: serde_json::Error| HeaderError {
            reason: error.to_string(),
        };
        let mut entries = BTreeMap::new();
        entries.insert("__metadata__", serde_json::to_value(metadata).map_err(refuse)?);
        for (name, info) in self.tensors {
            entries.insert(name, serde_json::to_value(info).map_err(refuse)?);
        }
        let json = serde_json::to_vec(&entries).map_err(refuse)?;
        Ok(header::framed(json, &self.data))
    }
}
