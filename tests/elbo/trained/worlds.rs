//! What samples of a trained model's world may say of its bounds.

use dalle::data::{Data, Split};
use dalle::export;
use dalle::network::Model;
use dalle::noise::{Purpose, stream};
use dalle::report::model::WorldRow;
use gpu::device::{Device, Kind};
use reference::world::{Tables, World};

fn world() -> World {
    let device = Device::open(Kind::Cpu).unwrap();
    let (model, data) = (Model::tiny(&device).unwrap(), Data::embedded().unwrap());
    let image = data.of(Split::Test)[0];
    export::worlds(&model, &data, &[image], &|| ())
        .unwrap()
        .worlds
        .remove(0)
}

fn row(world: &World, seed: u64) -> WorldRow {
    WorldRow::of(world, "a caption", &mut stream(seed, Purpose::Sample, 1)).unwrap()
}

#[test]
fn a_bound_that_is_not_the_worlds_does_not_stand() {
    let row = row(&world(), 1);
    assert!(row.stands(), "{row:?}");
    let changed = |change: &dyn Fn(&mut WorldRow)| {
        let mut row = row.clone();
        change(&mut row);
        row.stands()
    };
    assert!(row.margins.iter().all(|margin| *margin < 10.0), "{row:?}");
    assert!(
        !changed(&|row| row.two_samples += 2.0 * row.margins[1]),
        "L_2 is another"
    );
    assert!(
        !changed(&|row| row.sampled[0].1.mean -= 2.0 * row.margins[0]),
        "L_1 is another"
    );
    let last = row.sampled.len() - 1;
    // 64 groups of 256: a quarter of a nat is left to chance.
    assert!(
        !changed(&|row| row.sampled[last].1.mean = row.log_evidence + 0.3),
        "above the evidence"
    );
    assert!(
        !changed(&|row| row.sampled[last].1.mean = row.sampled[last - 1].1.mean - 1e-3),
        "it falls with k"
    );
    assert!(!changed(&|row| row.sampled[3].1.mean = f64::NAN), "no number");
    assert!(!changed(&|row| row.residue = f64::NAN), "no number");
}

/// Most samples are of one code; how far the others are away is not in what the samples show of their own error.
#[test]
fn rare_codes_make_a_margin_that_their_samples_do_not_show() {
    let world = world();
    // At each of 4 positions: e^-6.4 for one of 8 codes, e^-80 for six.
    let of_digit = [0.0, -80.0, -80.0, -6.4, -80.0, -80.0, -80.0, -80.0_f64];
    let ln_s = of_digit.iter().map(|x| x.exp()).sum::<f64>().ln();
    let ln_q = (0..world.codes()).map(|code| (0..4).map(|place| of_digit[code >> (3 * place) & 7] - ln_s).sum());
    let rare = World::new(Tables {
        ln_q_z_given_x: ln_q.collect(),
        ..world.tables()
    })
    .unwrap();
    let mut beyond = 0;
    for seed in 1..=3 {
        let row = row(&rare, seed);
        assert!(row.stands(), "{row:?}");
        let (_, two) = row.sampled[1];
        beyond += usize::from((two.mean - row.two_samples).abs() > 4.0 * two.standard_error.unwrap());
    }
    assert!(beyond > 0, "four standard errors would have done");
}
