//! Every line of the note on a world of one's own: `cargo run --example note_on_my_world`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use elbo::prelude::*;
use ndarray::array;

fn main() -> Result<(), elbo::Error> {
    // Two captions and three codes, as logarithms of probabilities; caption 0 is the observed one.
    let world = World::new(Tables {
        ln_p_x_given_yz: array![[0.5, 0.25, 0.1], [0.2, 0.2, 0.6]].ln(),
        ln_p_yz: array![[0.2, 0.2, 0.1], [0.1, 0.1, 0.3]].ln(),
        ln_q_z_given_x: array![0.5, 0.3, 0.2].ln(),
        ln_q_y_given_x: array![0.75, 0.25].ln(),
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })?;
    let checked = elbo::check(&[world], 0, 1)?;
    for row in &checked.rows {
        let Some(reading) = Some(row.claim.reading).filter(|_| row.claim.depends_on_reading) else {
            continue;
        };
        let verdict = if row.file.broken > 0 { "broken" } else { "holds" };
        println!("{:>12} {:<10} {verdict} in this world", row.claim.id, reading.name());
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), elbo::Error> {
    main()
}
