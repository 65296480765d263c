//! What the checker and the ledger say of themselves: counts, places, sums that do not add up.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use check::ledger::ledger;
use check::progress::Progress;
use check::{Checked, Options, check};
use note::proposition::{Kind, proposition, propositions};
use reference::vocab::Reading;
use reference::world::{Tables, World};
use worlds::case;
use worlds::generate::{Cases, random};

/// Worlds that were announced, and worlds that were done.
static PROGRESS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

static CHECKED: LazyLock<Checked> = LazyLock::new(|| {
    let file = case::embedded().unwrap();
    let tell = |told| {
        let (place, worlds) = match told {
            Progress::Begins { total, .. } => (0, total),
            Progress::Done(worlds) => (1, worlds),
        };
        PROGRESS[place].fetch_add(worlds, Ordering::Relaxed);
    };
    check(&Cases::all(&file.worlds[..100], 77, 5), &Options::default(), &tell).unwrap()
});

#[test]
fn progress_and_counts_are_those_of_the_worlds() {
    let worlds: u64 = CHECKED.worlds.iter().map(|(_, count)| count).sum();
    assert_eq!(
        PROGRESS.each_ref().map(|count| count.load(Ordering::Relaxed)),
        [worlds; 2]
    );
    let all = CHECKED.rows.iter().chain(CHECKED.sweep.iter().map(|beta| &beta.row));
    assert_eq!(CHECKED.judged(), all.map(|row| row.all.judged).sum::<u64>());
    assert!(CHECKED.judged() > worlds);
    for row in &CHECKED.rows {
        assert!(
            row.file.judged <= 100 && row.file.judged < row.all.judged,
            "{}",
            row.claim.id
        );
    }
    let dropped = CHECKED.rows.iter().find(|row| row.claim.id == "13-14").unwrap();
    assert_eq!((dropped.claim.reading, dropped.file.judged), (Reading::Observed, 100));
}

#[test]
fn a_row_that_fails_is_named() {
    let mut checked = check(&Cases::all(&[], 1, 1), &Options::default(), &|_| ()).unwrap();
    assert_eq!(checked.failures().count(), 0);
    checked.rows[3].all.ours_broken = Some((7, 1));
    checked.sweep[2].row.all.ours_broken = Some((8, 1));
    assert_eq!(checked.failures().count(), 2);
}

#[test]
fn one_reading_alone_is_judged_where_it_makes_a_difference() {
    let options = Options {
        reading: Some(Reading::Joint),
        ..Options::default()
    };
    let checked = check(&Cases::all(&[], 50, 1), &options, &|_| ()).unwrap();
    assert!(
        checked
            .rows
            .iter()
            .all(|row| row.claim.reading == Reading::Joint || !row.claim.depends_on_reading)
    );
    assert!(checked.rows.iter().any(|row| row.claim.reading == Reading::Joint));
    assert!(checked.rows.iter().any(|row| row.claim.id == "5-6"));
    assert!(
        checked
            .sweep
            .iter()
            .all(|beta| beta.row.claim.reading == Reading::Joint)
    );
    assert!(!checked.sweep.is_empty());
}

#[test]
fn every_claim_is_there_once_under_each_reading_that_makes_a_difference() {
    let all = propositions();
    let count = |id: &str| all.iter().filter(|claim| claim.id == id).count();
    for id in ["5-6", "11-12", "3-9", "3-A1"] {
        assert_eq!(count(id), 1, "{id}");
    }
    assert_eq!((count("3-14b"), count("3-2b"), count("3-A1")), (0, 0, 1));
    for (id, readings) in [("13-14", 5), ("3-14", 5), ("3-1", 5), ("12-13", 4), ("3-13", 4)] {
        assert_eq!(count(id), readings, "{id}");
    }
    let repairs = all.iter().filter(|claim| claim.kind == Kind::Repair).count();
    assert_eq!(repairs, 8);
    for reading in Reading::ALL {
        assert_eq!(proposition("13-14", reading).unwrap().reading, reading);
        assert_eq!(proposition("5-6", reading).unwrap().id, "5-6");
    }
    assert!(proposition("12-13", Reading::Expected).is_none());
}

#[test]
fn a_claim_is_a_sentence() {
    let sentence = |id, reading| proposition(id, reading).unwrap().sentence();
    assert_eq!(sentence("3-14", Reading::Joint), "ln p(x,y) >= line 14");
    assert_eq!(sentence("3-1", Reading::Expected), "ln p(x) >= line 1");
    assert_eq!(sentence("2", Reading::Pointwise), "form a of Eq. 2 = form b of Eq. 2");
    assert_eq!(
        Reading::ALL.map(Reading::name),
        ["observed", "pointwise", "joint", "footnote", "expected"]
    );
}

#[test]
fn a_ledger_adds_up_in_every_reading_and_one_that_does_not_is_noticed() {
    let mut summed = 0;
    for index in 0..300 {
        let world = random::world(11, index);
        for reading in Reading::ALL {
            let mut ledger = ledger(&world, reading).unwrap();
            assert!(
                ledger.adds_up(),
                "world {index} {}: {:?}",
                reading.name(),
                ledger.residue
            );
            let Some((residue, bound)) = ledger.residue else {
                continue;
            };
            assert!(residue.abs() < 1e-9 && bound > 0.0 && bound < 1e-6, "{residue} {bound}");
            summed += 1;
            ledger.residue = Some((2.0 * bound, bound));
            assert!(!ledger.adds_up());
            ledger.residue = Some((0.0, f64::INFINITY));
            assert!(!ledger.adds_up(), "a bound that has overflowed decides nothing");
            ledger.residue = Some((f64::NAN, bound));
            assert!(!ledger.adds_up());
        }
    }
    assert!(summed > 500, "{summed} ledgers with a sum");
}

/// `q(z|y,x)` misses a code that `q(z|x)` needs, so the joint encoder's entry is -inf; the divergence's is a number or `+inf`.
#[test]
fn infinite_entries_of_the_joint_reading_are_drawn_up_as_one() {
    let world = |prior: ndarray::Array2<f64>, joint: ndarray::Array2<f64>| {
        let ln = |table: &ndarray::Array2<f64>| table.mapv(f64::ln);
        World::new(Tables {
            ln_p_x_given_yz: ndarray::array![[0.5_f64, 0.25], [0.75, 0.125]].mapv(f64::ln),
            ln_p_yz: ln(&prior),
            ln_q_z_given_x: joint.sum_axis(ndarray::Axis(0)).mapv(f64::ln),
            ln_q_y_given_x: joint.sum_axis(ndarray::Axis(1)).mapv(f64::ln),
            ln_q_yz_given_x: Some(ln(&joint)),
            y: 0,
            beta: 1.0,
        })
        .unwrap()
    };
    let names = |world: &World, reading: Reading| {
        let entries = ledger(world, reading).unwrap().entries;
        entries
            .iter()
            .map(|entry| entry.name)
            .filter(|name| name.starts_with("reading"))
            .collect::<Vec<_>>()
    };
    let apart = ["reading: joint encoder", "reading: divergence"];
    let even = ndarray::array![[0.25, 0.25], [0.125, 0.375]];
    let free = ndarray::array![[0.25, 0.125], [0.125, 0.5]];
    let missing = ndarray::array![[0.25, 0.0], [0.25, 0.5]];
    assert_eq!(names(&world(even.clone(), free.clone()), Reading::Joint), apart);
    assert_eq!(
        names(&world(even.clone(), missing.clone()), Reading::Joint),
        ["reading"]
    );
    assert_eq!(names(&world(even, missing), Reading::Pointwise), apart);
    // The other way about: a number for the encoder, +inf for the divergence.
    let hole = ndarray::array![[0.5, 0.25], [0.25, 0.0]];
    assert_eq!(names(&world(hole, free), Reading::Joint), ["reading"]);
}

#[test]
fn no_verdict_on_beta_depends_on_the_random_worlds() {
    for reading in [Reading::Observed, Reading::Expected] {
        let options = Options {
            reading: Some(reading),
            ..Options::default()
        };
        let checked = check(&Cases::all(&[], 0, 1), &options, &|_| ()).unwrap();
        let row = |id: &str| checked.rows.iter().find(|row| row.claim.id == id).unwrap();
        assert_eq!(row("3-1").verdict().words(), "holds if beta-one", "{}", reading.name());
    }
}
