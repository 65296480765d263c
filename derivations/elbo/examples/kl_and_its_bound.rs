//! A divergence with how far a correct program may be off: `cargo run --example kl_and_its_bound`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use elbo::bounds::{Float, kl};

fn main() -> Result<(), elbo::FileError> {
    let (q, p) = ([2.0, 0.0, -1.0], [0.5, 0.5, 0.0]);
    for float in Float::ALL {
        let kl = kl(float, &q, Some(&p))?;
        println!(
            "{:>5}: {:.6} nats, a correct program may be off by {:.1e}",
            float.name(),
            kl.value,
            kl.bound
        );
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), elbo::FileError> {
    main()
}
