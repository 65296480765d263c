//! The report on the experiment over beta, as text and as charts.

use std::error::Error;
use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use typeset::fonts;

use super::model::{estimate, number};
use crate::evaluate::Estimate;
use crate::sweep::{Point, Row, decimal};

/// The note's claim about beta = 6.6.
const CLAIM: &str =
    "the note: beta = 6.6 'promotes better codebook usage and ultimately leads to a smaller reconstruction error'";

/// The table of results, and whether they confirm the note's claim.
#[must_use]
pub fn text(rows: &[Row], points: &[Point], codes: usize) -> String {
    let mut text = format!(
        "{:>6} {:>5}  {:>14} {:>14} {:>17} {:>20} {:>16}\n",
        "beta", "seeds", "codes used", "perplexity", "pixel error", "ln p(x|z), nats", "KL, nats"
    );
    for row in rows {
        // The number of seeds stands beside it.
        let of = |found: Estimate, places: u8| match found.standard_error {
            Some(_) => estimate(&found, places),
            None => number(found.mean, places),
        };
        let _ = writeln!(
            text,
            "{:>6} {:>5}  {:>14} {:>14} {:>17} {:>20} {:>16}",
            decimal(row.beta),
            row.seeds,
            of(row.codes_used, 1),
            of(row.perplexity, 1),
            of(row.pixel_error, 4),
            of(row.reconstruction, 0),
            of(row.divergence, 1)
        );
    }
    let timed = points.iter().filter_map(|point| point.seconds);
    let longest = timed.fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "\n{} runs of at most {longest:.0} s (what was interrupted is not timed), validation part, {codes} codes; ± is a standard error over seeds; a code is used where it is the most probable one somewhere; perplexity: e^H of how often each is; pixel error: root mean square, pixels in [0, 1]",
        points.len()
    );
    for sentence in findings(rows, points) {
        let _ = writeln!(text, "{sentence}");
    }
    text
}

/// A quantity that is judged: its name, its value at a point, the sign of an improvement, and the number of decimals.
type Judged = (&'static str, fn(&Point) -> f64, f64, u8);

#[expect(clippy::cast_precision_loss, reason = "a number of codes")]
const JUDGED: [Judged; 4] = [
    ("codebook usage, codes used", |point| point.codes_used as f64, 1.0, 1),
    ("codebook usage, perplexity", |point| point.perplexity, 1.0, 1),
    ("reconstruction error, pixels", |point| point.pixel_error, -1.0, 4),
    (
        "reconstruction, ln p(x|z) in nats",
        |point| point.reconstruction,
        1.0,
        0,
    ),
];

/// Sentences about which parts of the note's claim reproduce. Weight 6.6 is compared with 1, the weight of the bound,
/// seed by seed: a seed has the same images, noise and initial parameters at every weight.
#[must_use]
pub fn findings(rows: &[Row], points: &[Point]) -> Vec<String> {
    let pairs = against_one(points, 6.6);
    if pairs.len() < 2 {
        return vec![format!("{CLAIM}: not judged, which takes 6.6 and 1 of two seeds")];
    }
    let judged = |(what, value, better, places): Judged| {
        let found = difference(&pairs, value);
        let limit = found.standard_error.map(|error| quantile(pairs.len() - 1) * error);
        let verdict = if limit.is_some_and(|limit| found.mean * better > limit) {
            "reproduces"
        } else if limit.is_some_and(|limit| found.mean * better < -limit) {
            "does NOT reproduce: it is the other way round"
        } else {
            "is not told apart"
        };
        format!("  {what}: {}: {verdict}", signed(&found, places))
    };
    let head = format!(
        "{CLAIM}; at this scale, 6.6 less 1, mean over {} seeds of the difference:",
        pairs.len()
    );
    let others = rows.iter().filter(|row| (row.beta - 1.0).abs() > 1e-9);
    let pixels = others.filter_map(|Row { beta, .. }| {
        let pairs = against_one(points, *beta);
        let found = difference(&pairs, |point| point.pixel_error);
        (pairs.len() > 1).then(|| format!("{} at {}", signed(&found, 4), decimal(*beta)))
    });
    let pixels = pixels.collect::<Vec<_>>().join(", ");
    let last = format!("  reconstruction error, pixels, less that at 1: {pixels}");
    std::iter::once(head).chain(JUDGED.map(judged)).chain([last]).collect()
}

/// The points of a weight, each with the point of the same seed at weight 1.
fn against_one(points: &[Point], beta: f64) -> Vec<(&Point, &Point)> {
    let has = |point: &Point, beta: f64| (point.beta - beta).abs() < 1e-9;
    let one = |seed: u64| points.iter().find(|point| has(point, 1.0) && point.seed == seed);
    let there = points.iter().filter(|point| has(point, beta));
    there.filter_map(|point| Some((point, one(point.seed)?))).collect()
}

fn difference(pairs: &[(&Point, &Point)], value: fn(&Point) -> f64) -> Estimate {
    Estimate::of(
        &pairs
            .iter()
            .map(|(point, one)| value(point) - value(one))
            .collect::<Vec<_>>(),
    )
}

/// As [`estimate`], with a plus or minus sign in front.
fn signed(found: &Estimate, places: u8) -> String {
    let plus = if found.mean.is_sign_negative() { "" } else { "+" };
    format!("{plus}{}", estimate(found, places))
}

/// The 97.5 % quantile of Student's t for this many degrees of freedom.
fn quantile(freedom: usize) -> f64 {
    const TABLE: [f64; 9] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
    TABLE.get(freedom - 1).copied().unwrap_or(2.23)
}

const SIZE: (u32, u32) = (1200, 480);

/// The names and bytes of files.
pub type Pictures = Vec<(&'static str, Vec<u8>)>;

/// The names of [`pictures`].
pub const PICTURES: [&str; 2] = ["sweep.svg", "sweep.png"];

/// The charts of the experiment, as SVG and as PNG.
///
/// # Errors
/// Those of the drawing library.
pub fn pictures(rows: &[Row], points: &[Point]) -> Result<Pictures, Box<dyn Error>> {
    fonts::register();
    let mut svg = String::new();
    draw(
        &SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(),
        rows,
        points,
    )?;
    let mut pixels = vec![255; SIZE.0 as usize * SIZE.1 as usize * 3];
    draw(
        &BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(),
        rows,
        points,
    )?;
    let png = crate::picture::png(&pixels, SIZE)?;
    let [vector, raster] = PICTURES;
    Ok(vec![(vector, svg.into_bytes()), (raster, png)])
}

type Get = (&'static str, fn(&Row) -> Estimate, fn(&Point) -> f64);

#[expect(clippy::cast_precision_loss, reason = "a number of codes")]
const PANELS: [Get; 2] = [
    ("codes used", |row| row.codes_used, |point| point.codes_used as f64),
    (
        "pixel error (root mean square)",
        |row| row.pixel_error,
        |point| point.pixel_error,
    ),
];

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, rows: &[Row], points: &[Point]) -> Result<(), Box<dyn Error>>
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    let widest = rows.iter().map(|row| row.beta).fold(1.0, f64::max);
    for (panel, (name, mean, one)) in area.split_evenly((1, 2)).iter().zip(PANELS) {
        let values = || points.iter().map(one);
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        let room = 0.1 * (high - low).max(1e-3 * high.abs()).max(f64::MIN_POSITIVE);
        let mut chart = ChartBuilder::on(panel)
            .caption(name, ("sans-serif", 22))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(-0.3..widest + 0.3, low - room..high + room)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("beta")
            .label_style(("sans-serif", 16))
            .draw()?;
        let blue = RGBColor(31, 90, 160);
        chart.draw_series(
            points
                .iter()
                .map(|point| Circle::new((point.beta, one(point)), 3, blue.mix(0.4).filled())),
        )?;
        chart.draw_series(LineSeries::new(
            rows.iter().map(|row| (row.beta, mean(row).mean)),
            blue.stroke_width(2),
        ))?;
        chart.draw_series(rows.iter().filter_map(|row| {
            let Estimate { mean, standard_error } = mean(row);
            let error = standard_error?;
            let ends = [(row.beta, mean - error), (row.beta, mean + error)];
            Some(PathElement::new(ends, blue.stroke_width(2)))
        }))?;
    }
    area.present()?;
    Ok(())
}
