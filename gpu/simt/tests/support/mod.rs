//! The CUDA kernels, run through the shim, as an engine for the table of terms.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use derivations::precision::Storage;
use derivations::terms::{Call, Engine, EngineError, Function, Options, Report, agree};
use gpu::fused::{Numbers, Target};
use gpu::kernels::{self, Launch, Planes, Stored, Table};
use half::bf16;
use simt::{Buffer, Count, Error, Kernels, Order};

/// Where the sources of launches are compiled.
pub(crate) type Library = dyn Fn(&str) -> Result<Arc<Kernels>, Error> + Sync;

/// A source of kernels, the order of threads, and what is varied in the launches.
pub(crate) struct Simt {
    /// Mutated sources come from elsewhere.
    pub(crate) library: Box<Library>,
    pub(crate) order: Order,
    /// Threads of a block and blocks, where the launch's own are not taken.
    pub(crate) block: Option<u32>,
    pub(crate) grid: Option<u32>,
    /// How far the tables lie behind an aligned address.
    pub(crate) shift: usize,
}

impl Simt {
    pub(crate) fn healthy(order: Order) -> Self {
        Self {
            library: Box::new(healthy),
            order,
            block: None,
            grid: None,
            shift: 0,
        }
    }

    pub(crate) fn agree(&self, options: &Options) -> Result<Report, EngineError> {
        agree(self, options)
    }

    fn launch(&self, mut launch: Launch) -> Result<(), Error> {
        launch.block = self.block.map_or(launch.block, |block| block.min(launch.largest));
        launch.grid = self.grid.unwrap_or(launch.grid);
        (self.library)(launch.source)?.launch(&launch, self.order)
    }
}

/// Every source once, compiled when it is first asked for.
fn healthy(source: &str) -> Result<Arc<Kernels>, Error> {
    static COMPILED: OnceLock<Mutex<BTreeMap<String, Arc<Kernels>>>> = OnceLock::new();
    let mut compiled = COMPILED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(kernels) = compiled.get(source) {
        return Ok(Arc::clone(kernels));
    }
    let kernels = Arc::new(Kernels::of(source)?);
    compiled.insert(source.to_owned(), Arc::clone(&kernels));
    Ok(kernels)
}

impl Engine for Simt {
    fn name(&self) -> String {
        format!("simt, order {}", self.order.0)
    }

    fn has(&self, _function: Function) -> bool {
        true
    }

    fn run<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<(), EngineError> {
        let stored = stored::<E>().ok_or("the kernels read f32 and bf16")?;
        let mut tables: Vec<Buffer<E>> = call.tables.iter().map(|t| Buffer::of(t, self.shift)).collect();
        // Gradients start as what the caller left there: what a kernel does not write is wrong.
        let mut slopes: Vec<Buffer<E>> = grads.iter().map(|g| Buffer::of(g, self.shift)).collect();
        let mut out = Buffer::of(values, 0);
        let (rows, k) = (i32::try_from(values.len())?, i32::try_from(call.k)?);
        let laid_in_planes = matches!(function, Function::KlToUniformByPlanes | Function::EntropyByPlanes);
        let (by_planes, positions) = call.in_planes(values.len());
        if laid_in_planes {
            tables[0] = Buffer::of(&by_planes, self.shift);
        }
        let planes = Planes {
            pointer: tables[0].pointer(),
            images: i32::try_from(values.len() / positions)?,
            k,
            positions: i32::try_from(positions)?,
        };
        let mut table = |t: usize| Table {
            pointer: tables[t].pointer(),
            rows,
            k,
        };
        let mut grad = |t: usize| slopes[t].pointer();
        let to = out.pointer();
        let count = |of: fn(&Target) -> usize| -> Result<Buffer<Count>, EngineError> {
            let counts: Result<Vec<Count>, _> = call.targets.iter().map(|t| i32::try_from(of(t)).map(Count)).collect();
            Ok(Buffer::of(&counts?, 0))
        };
        let (mut tokens, mut begins, mut ends) = (count(|t| t.token)?, count(|t| t.from)?, count(|t| t.to)?);
        let mut weights = Buffer::of(&call.targets.iter().map(|t| t.weight).collect::<Vec<f64>>(), 0);
        let parts = usize::try_from(kernels::parts(k))?;
        let mut scratch = Buffer::of(&vec![f64::MAX; values.len() * parts], 0);
        let launches = match function {
            Function::KlToUniform => vec![kernels::kl_to_uniform(stored, table(0), to, Some(grad(0)), weight)],
            Function::Entropy => vec![kernels::entropy(stored, table(0), to, Some(grad(0)), weight)],
            Function::LogMeanExp => vec![kernels::log_mean_exp(stored, table(0), to, Some(grad(0)), weight)],
            Function::KlDivergence => {
                let (tables, grads) = ([table(0), table(1)], [grad(0), grad(1)]);
                vec![kernels::kl_divergence(stored, tables, to, Some(grads), weight)]
            }
            Function::CrossEntropy => {
                let (tables, grads) = ([table(0), table(1)], [grad(0), grad(1)]);
                vec![kernels::cross_entropy(stored, tables, to, Some(grads), weight)]
            }
            Function::TokenLogProb => {
                let targets = [tokens.pointer(), begins.pointer(), ends.pointer(), weights.pointer()];
                vec![kernels::token_log_prob(
                    stored,
                    table(0),
                    targets,
                    to,
                    Some(grad(0)),
                    weight,
                )]
            }
            Function::LogitLaplace => {
                let (tables, grads) = ([table(0), table(1), table(2)], [grad(0), grad(1)]);
                kernels::logit_laplace(stored, tables, scratch.pointer(), to, Some(grads), weight).into()
            }
            Function::KlToUniformByPlanes => {
                vec![kernels::kl_to_uniform_by_planes(
                    stored,
                    planes,
                    to,
                    Some(grad(0)),
                    weight,
                )]
            }
            Function::EntropyByPlanes => vec![kernels::entropy_by_planes(stored, planes, to, Some(grad(0)), weight)],
            _ => return Err("no such kernel".into()),
        };
        for launch in &launches {
            self.launch(launch.clone())?;
        }
        let outside = || Error::OutOfBounds {
            kernel: launches[0].kernel.clone(),
        };
        values.copy_from_slice(&out.numbers().ok_or_else(outside)?);
        for (grad, slopes) in grads.iter_mut().zip(&slopes) {
            let slopes = slopes.numbers().ok_or_else(outside)?;
            if laid_in_planes {
                call.from_planes(values.len(), &slopes, grad);
            } else {
                *grad = slopes;
            }
        }
        Ok(())
    }
}

fn stored<E: Numbers>() -> Option<Stored> {
    let of = |id| TypeId::of::<E>() == id;
    if of(TypeId::of::<f32>()) {
        Some(Stored::F32)
    } else {
        of(TypeId::of::<bf16>()).then_some(Stored::Bf16)
    }
}

/// Everything of a type.
pub(crate) fn everything(storage: Storage) -> Options {
    Options {
        storage,
        function: None,
        shape: None,
        seed: 1,
    }
}
