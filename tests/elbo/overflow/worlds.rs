//! Worlds at the ends of what a case file may hold.

use std::path::Path;

use ndarray::{Array1, Array2};
use reference::world::{Tables, World};
use worlds::case;

use super::honest;

const OFF: f64 = f64::NEG_INFINITY;

/// A world of two captions and three codes with these likelihoods, its other tables even or of one state.
fn world(likelihood: [f64; 6], certain: bool, beta: f64) -> World {
    let row = |states: usize| {
        let even = -(states as f64).ln();
        Array1::from_shape_fn(states, |state| match (certain, state) {
            (false, _) => even,
            (true, 0) => 0.0,
            (true, _) => OFF,
        })
    };
    World::new(Tables {
        ln_p_x_given_yz: Array2::from_shape_vec((2, 3), likelihood.to_vec()).unwrap(),
        ln_p_yz: row(6).into_shape_with_order((2, 3)).unwrap(),
        ln_q_z_given_x: row(3),
        ln_q_y_given_x: row(2),
        ln_q_yz_given_x: None,
        y: 1,
        beta,
    })
    .unwrap()
}

#[test]
fn no_command_on_a_world_ends_well_with_a_nan() {
    let folder = tempfile::tempdir().unwrap();
    let (large, small) = (1e150, -1e150);
    let likelihoods = [
        [large; 6],
        [small; 6],
        [large, small, large, small, large, small],
        [OFF; 6],
        [OFF, OFF, OFF, large, OFF, small],
        [0.0, -1e-300, 1e-300, 1e15, -1e15, 700.0],
    ];
    let mut ended = [0; 3];
    for (place, likelihood) in likelihoods.into_iter().enumerate() {
        for (certain, beta) in [(false, 0.0), (false, 1e6), (true, 1.0)] {
            let path = folder.path().join(format!("{place}-{certain}-{beta}.safetensors"));
            case::write(&path, &[world(likelihood, certain, beta)], "at the ends").unwrap();
            for code in commands(&path) {
                ended[usize::try_from(code).unwrap()] += 1;
            }
            // Seconds each, for the other worlds that it judges.
            if place % 3 == 2 && certain {
                let file = path.display().to_string();
                honest(&["check", &file, "--worlds", "1", "--format", "json"]);
            }
        }
    }
    assert!(ended[0] > 100, "{ended:?}");
}

fn commands(path: &Path) -> Vec<i32> {
    let file = path.display().to_string();
    let readings = ["pointwise", "observed", "expected", "joint"];
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for format in ["text", "json"] {
        for reading in readings {
            commands.push(vec!["ledger", &file, "--reading", reading, "--format", format]);
        }
        commands.push(vec!["ledger", &file, "--beta", "1e6", "--format", format]);
    }
    commands.push(vec!["step", "--world", &file, "--all"]);
    commands.push(vec!["step", "--world", &file, "--format", "html"]);
    commands.push(vec!["show", "13", "--world", &file]);
    #[cfg(feature = "twin")]
    for dtype in ["f32", "f64"] {
        commands.push(vec!["agree", &file, "--dtype", dtype, "--format", "json"]);
    }
    commands.iter().map(|command| honest(command).0).collect()
}

#[cfg(feature = "lapack")]
#[test]
fn no_command_on_a_continuous_world_ends_well_with_a_nan() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ends.toml").display().to_string();
    let [large, small] = ["\"1000000000000000\"", "\"1/1000000000000000\""];
    let changes = [
        vec![("x = [\"3/2\"]", format!("x = [{large}]"))],
        vec![("[[\"4\"]]", format!("[[{large}]]"))],
        vec![("[[\"3/5\"]]", format!("[[{small}]]"))],
        vec![(
            "decoder_covariance = [[\"1/2\"]]",
            format!("decoder_covariance = [[{small}]]"),
        )],
        vec![
            ("decoder_weight = [[\"1\"]]", format!("decoder_weight = [[{large}]]")),
            ("encoder_weight = [[\"1/2\"]]", format!("encoder_weight = [[{large}]]")),
            ("x = [\"3/2\"]", format!("x = [{large}]")),
        ],
    ];
    for changes in changes {
        let mut text = include_str!("../../../derivations/data/worlds/curves.toml").to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, &to, 1);
        }
        std::fs::write(&file, text).unwrap();
        for reading in ["pointwise", "joint"] {
            for format in ["text", "json"] {
                honest(&["ledger", &file, "--reading", reading, "--format", format]);
            }
        }
        honest(&["step", "--world", &file, "--all"]);
        honest(&["show", "13", "--world", &file]);
        #[cfg(feature = "twin")]
        honest(&["agree", &file, "--dtype", "f64", "--format", "json"]);
    }
}
