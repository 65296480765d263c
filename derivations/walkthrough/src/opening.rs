//! The first section of the walk: the tables of the world, and the question.

use note::under_reading::UnderReading;
use reference::equations::joint::ln_p_xyz;
use reference::model::Model as _;
use reference::repairs::posterior;
use typeset::number::cells;
use typeset::plural::count;

/// The largest number of captions, and of codes, that a table shows.
const SHOWN: usize = 8;

/// The world that is walked through, and the question that the walk answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The world's name.
    pub name: String,
    /// Sentences about the numbers of captions and codes, about the observed caption and the reading of `q(y,z|x)`, and
    /// the question.
    pub sentences: Vec<String>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Its pictures. Only the page shows them.
    pub pictures: Vec<Picture>,
}

/// One SVG figure of the page, with the sentence that a screen reader speaks instead of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The figure as SVG.
    pub svg: String,
    /// The sentence about what it shows.
    pub about: &'static str,
}

/// A table of probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The symbol of what it holds, in LaTeX.
    pub latex: &'static str,
    /// What it holds, in words.
    pub about: &'static str,
    /// The names of the columns that are shown.
    pub columns: Vec<String>,
    /// The rows that are shown.
    pub rows: Vec<Row>,
    /// Whether rows or columns were left out.
    pub cut: bool,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The caption to which it belongs. It is empty for a table of one row.
    pub name: String,
    /// Whether it belongs to the observed caption.
    pub observed: bool,
    /// The entries that are shown.
    pub cells: Vec<Cell>,
}

/// An entry of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The number as text, as a fraction where it is a simple one.
    pub text: String,
    /// Its size divided by that of the largest entry of the table, from 0 to 1. It decides how strongly the cell is
    /// coloured.
    pub heat: f64,
}

pub(super) fn opening(scene: &UnderReading, name: &str) -> Opening {
    let world = &scene.world;
    let (captions, codes, y) = (world.captions(), world.codes(), world.y());
    let tables = tables(scene);
    let reading = scene.reading.name();
    let replaced = scene
        .in_place_of_tables()
        .map_or_else(String::new, |replaced| format!(": whatever its tables say, {replaced}"));
    Opening {
        name: name.to_owned(),
        sentences: vec![
            format!(
                "A world of {} and {}. One image x and its caption y = {y} are observed; the code z is not.",
                count(captions, "caption"),
                count(codes, "code")
            ),
            format!("q(y,z|x) is read as '{reading}'{replaced}; beta is {}.", world.beta().get()),
            "Asked: how probable is the observed pair, ln p(x,y), and how far from it does each line of the note stand?"
                .to_owned(),
        ],
        tables,
        pictures: Vec::new(),
    }
}

/// The tables of the world, and those that follow from them.
fn tables(scene: &UnderReading) -> Vec<Table> {
    let (world, seen) = (&scene.world, &scene.seen);
    let (captions, codes) = (world.captions(), world.codes());
    let joint = ln_p_xyz(world);
    let mut tables = vec![
        matrix(
            r"p_\theta(x|y,z)",
            "decoder: how probable the observed image is",
            scene,
            |y, z| world.likelihood()[[y, z]],
        ),
        matrix(
            r"p_\psi(y,z)",
            "transformer: the prior of caption and codes",
            scene,
            |y, z| world.prior().ln()[[y, z]],
        ),
        by_code(r"q_\phi(z|x)", "encoder: the codes, given the image", codes, |z| {
            world.encoder().ln()[z]
        }),
        by_caption(scene),
        by_code(
            r"p_{\theta,\psi}(x,y,z)",
            "decoder times prior, at the observed caption",
            codes,
            |z| joint[z].value(),
        ),
    ];
    if let Ok(posterior) = posterior(world) {
        tables.push(by_code(
            r"p(z|x,y)",
            "posterior: what q(z|x) would have to be for nothing to be lost",
            codes,
            |z| posterior.ln()[z],
        ));
    }
    if world.is_free() {
        tables.push(matrix(
            r"q_\phi(y,z|x)",
            "given as a table of its own",
            scene,
            |y, z| world.joint_encoder().ln()[[y, z]],
        ));
    } else if codes * captions <= 12 {
        tables.push(matrix(r"q_\phi(y,z|x)", "as the reading has it", scene, |y, z| {
            seen.joint_encoder().ln()[[y, z]]
        }));
    }
    tables
}

/// The indices of the states that are shown: the first ones, and the observed one among them.
fn shown(states: usize, observed: Option<usize>) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..states.min(SHOWN)).collect();
    if let (Some(must), Some(last)) = (observed.filter(|y| *y >= SHOWN), shown.last_mut()) {
        *last = must;
    }
    shown
}

fn matrix(latex: &'static str, about: &'static str, scene: &UnderReading, at: impl Fn(usize, usize) -> f64) -> Table {
    let world = &scene.world;
    let (captions, codes) = (shown(world.captions(), Some(world.y())), shown(world.codes(), None));
    let rows = captions
        .iter()
        .map(|&y| {
            let numbers: Vec<f64> = codes.iter().map(|&z| at(y, z)).collect();
            (format!("y = {y}"), y == world.y(), numbers)
        })
        .collect();
    let cut = captions.len() < world.captions() || codes.len() < world.codes();
    table(latex, about, columns("z", &codes), rows, cut)
}

fn by_code(latex: &'static str, about: &'static str, codes: usize, at: impl Fn(usize) -> f64) -> Table {
    let kept = shown(codes, None);
    let numbers = kept.iter().map(|&z| at(z)).collect();
    let rows = vec![(String::new(), false, numbers)];
    table(latex, about, columns("z", &kept), rows, kept.len() < codes)
}

fn by_caption(scene: &UnderReading) -> Table {
    let world = &scene.world;
    let kept = shown(world.captions(), Some(world.y()));
    let numbers = kept.iter().map(|&y| world.ln_q_y(y).value()).collect();
    let rows = vec![(String::new(), false, numbers)];
    let cut = kept.len() < world.captions();
    table(
        r"q_\phi(y|x)",
        "the caption's probability mass",
        columns("y", &kept),
        rows,
        cut,
    )
}

fn columns(letter: &str, kept: &[usize]) -> Vec<String> {
    kept.iter().map(|k| format!("{letter} = {k}")).collect()
}

fn table(
    latex: &'static str,
    about: &'static str,
    columns: Vec<String>,
    rows: Vec<(String, bool, Vec<f64>)>,
    cut: bool,
) -> Table {
    let top = rows
        .iter()
        .flat_map(|(_, _, numbers)| numbers)
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let heat = |ln_p: f64| {
        if top > f64::NEG_INFINITY {
            (ln_p - top).exp()
        } else {
            0.0
        }
    };
    let numbers: Vec<f64> = rows.iter().flat_map(|(_, _, numbers)| numbers).copied().collect();
    let mut texts = cells(&numbers).into_iter();
    let mut row = |(name, observed, numbers): (String, bool, Vec<f64>)| Row {
        name,
        observed,
        cells: numbers
            .into_iter()
            .zip(texts.by_ref())
            .map(|(ln_p, text)| Cell { text, heat: heat(ln_p) })
            .collect(),
    };
    Table {
        latex,
        about,
        columns,
        rows: rows.into_iter().map(&mut row).collect(),
        cut,
    }
}
