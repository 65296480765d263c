//! The smallest world in which a line of the note fails: `cargo run --example counterexample`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use elbo::{LineId, Reading, RefuteError};

fn main() -> Result<(), RefuteError> {
    for reading in Reading::ALL {
        match elbo::refute(LineId::Eq14, reading) {
            Ok(Some(found)) => println!(
                "{}: Eq. 14 is above ln p(x,y) in this world\n{}\n",
                reading.name(),
                found.world
            ),
            Ok(None) => println!("{}: no world of 20,000 breaks Eq. 14\n", reading.name()),
            Err(error @ RefuteError::NoClaim { .. }) => println!("{error}\n"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), RefuteError> {
    main()
}
