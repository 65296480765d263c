//! The kernel of exact tables agrees with the reference: on the real file, on worlds of every kind, on families, however it is launched.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    reason = "tests"
)]

use agree::equations::{Options, agree_on};
use agree::pairs;
use bounds::Float;
use gpu::device::{Device, Kind};
use gpu::kernels::exact::InMemory;
use reference::world::World;
use simt::{Order, Simulator};
use worlds::case;
use worlds::generate::random;

#[test]
fn the_kernel_agrees_on_the_real_file_and_on_worlds_of_every_kind() {
    let drawn = (0..100).map(|index| random::world(agree::families::dense::seed(), index));
    let worlds: Vec<World> = case::embedded()
        .unwrap()
        .worlds
        .into_iter()
        .take(32)
        .chain(drawn)
        .collect();
    for (float, order) in [(Float::F64, Order(0)), (Float::F32, Order(3))] {
        let device = Device::open(Kind::Cpu).unwrap();
        let pairs = pairs::exact(InMemory(Simulator::healthy(order)));
        let report = agree_on(&pairs, &worlds, &Options { device, float }).unwrap();
        let bad: Vec<_> = report
            .rows
            .iter()
            .filter(|row| row.agreement.failed > 0 || row.agreement.compared == 0)
            .collect();
        assert!(report.agrees, "{bad:#?}");
    }
}

#[test]
fn every_shape_of_launch_agrees_on_families() {
    let launches = [
        (32, 2, 0),
        (64, 1, 1),
        (96, 3, 3),
        (512, 5, 0),
        (128, 2, 2),
        (256, 1, 0),
    ];
    for ((block, grid, shift), order) in launches.into_iter().zip(Order::ALL) {
        let by = InMemory(Simulator {
            block: Some(block),
            grid: Some(grid),
            shift,
            ..Simulator::healthy(order)
        });
        for family in agree::families::families() {
            let differences = agree::families::differences(&by, &family);
            assert!(
                differences.is_empty(),
                "{block} threads, order {}: {differences:#?}",
                order.0
            );
        }
    }
}
