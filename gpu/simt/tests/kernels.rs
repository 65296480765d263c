//! The CUDA kernels' own source agrees with the reference, in every order of threads, on blocks of every size.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use agree::bounds::Storage;
use agree::terms::{OnDevice, Options, agree_each};
use simt::{Order, Simulator};

const STORAGES: [Storage; 2] = [Storage::F32, Storage::BF16];

fn everything(storage: Storage) -> Options {
    Options {
        storage,
        function: None,
        shape: None,
        seed: 1,
    }
}

fn expect_agreement(simulators: &[OnDevice<Simulator>], options: &Options) {
    for report in agree_each(simulators, options).unwrap() {
        let bad: Vec<_> = report
            .rows
            .iter()
            .filter(|row| row.agreement.failed > 0 || row.agreement.compared == 0)
            .collect();
        assert!(report.agrees, "{} {:?}: {bad:#?}", report.engine, options.storage.name);
    }
}

#[test]
fn every_kernel_agrees_in_every_type_at_its_own_launch() {
    // All orders are gone through on the smaller shapes below, and again by the mutations.
    for (storage, order) in STORAGES.into_iter().zip([Order(0), Order(3)]) {
        expect_agreement(&[OnDevice(Simulator::healthy(order))], &everything(storage));
    }
}

/// Rows in several chunks, blocks of one warp and of all, several rows a block, tables that no vector load may touch.
#[test]
fn every_shape_of_launch_agrees() {
    let launches = [
        (32, 2, 0),
        (64, 1, 1),
        (96, 3, 3),
        (1024, 5, 0),
        (128, 2, 2),
        (192, 1, 0),
    ];
    let launched = |((block, grid, shift), order)| {
        OnDevice(Simulator {
            block: Some(block),
            grid: Some(grid),
            shift,
            ..Simulator::healthy(order)
        })
    };
    let simulators: Vec<_> = launches.into_iter().zip(Order::ALL).map(launched).collect();
    for storage in STORAGES {
        // The last two for tiles of planes, which would be many rows.
        let all = [(3, 1), (6, 17), (8, 130), (9, 1031), (5, 2052)].map(|shape| (None, shape));
        let tiles = ["planes::kl_to_uniform", "planes::kl_divergence"]
            .into_iter()
            .flat_map(|name| [(128, 33), (74, 30)].map(|shape| (Some(name.to_owned()), shape)));
        for (function, shape) in all.into_iter().chain(tiles) {
            let options = Options {
                function,
                shape: Some(shape),
                ..everything(storage)
            };
            expect_agreement(&simulators, &options);
        }
    }
}
