//! The experiment over beta as text and as charts.

use std::error::Error;
use std::fmt::Write as _;

use model::evaluate::Estimate;
use model::sweep::{Point, Row};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::render::fonts;

/// What the note says of its 6.6.
const CLAIM: &str =
    "the note: beta = 6.6 'promotes better codebook usage and ultimately leads to a smaller reconstruction error'";

/// The table, and what of the claim it bears out.
#[must_use]
pub fn text(rows: &[Row], points: &[Point], codes: usize) -> String {
    let mut text = format!(
        "{:>6} {:>5}  {:>14} {:>14} {:>17} {:>20} {:>16}\n",
        "beta", "seeds", "codes used", "perplexity", "pixel error", "ln p(x|z), nats", "KL, nats"
    );
    for row in rows {
        let of = |estimate: Estimate, places: usize| {
            let Estimate { mean, standard_error } = estimate;
            if standard_error.is_nan() {
                return format!("{mean:.places$}");
            }
            format!("{mean:.places$} ± {standard_error:.places$}")
        };
        let _ = writeln!(
            text,
            "{:>6} {:>5}  {:>14} {:>14} {:>17} {:>20} {:>16}",
            row.beta,
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
        "\n{} runs of at most {longest:.0} s (what was interrupted is not timed), validation part, {codes} codes; ± is a standard error over seeds; pixel error: root mean square, pixels in [0, 1]",
        points.len()
    );
    for sentence in findings(rows) {
        let _ = writeln!(text, "{sentence}");
    }
    text
}

/// What of the note's claim reproduces, sentence by sentence: 6.6 against 1, the weight of the bound.
#[must_use]
pub fn findings(rows: &[Row]) -> Vec<String> {
    let at = |beta: f64| rows.iter().find(|row| (row.beta - beta).abs() < 1e-9);
    let (Some(high), Some(one)) = (at(6.6), at(1.0)) else {
        return vec![format!("{CLAIM}: not judged, as 6.6 or 1 is not among the weights")];
    };
    let seeds = high.seeds.min(one.seeds);
    if seeds < 2 {
        return vec![format!("{CLAIM}: not judged, as one seed tells no error")];
    }
    let judged = |what: &str, a: Estimate, b: Estimate, better: f64, places: usize| {
        let difference = (a.mean - b.mean) * better;
        let error = a.standard_error.hypot(b.standard_error);
        let limit = quantile(seeds - 1) * error;
        let verdict = if difference > limit {
            "reproduces"
        } else if difference < -limit {
            "does NOT reproduce: it is the other way round"
        } else {
            "is not told apart"
        };
        format!(
            "  {what}: {:.places$} at 6.6, {:.places$} at 1, difference {:.places$} ± {error:.places$}: {verdict}",
            a.mean,
            b.mean,
            a.mean - b.mean
        )
    };
    vec![
        format!("{CLAIM}; at this scale, against beta = 1:"),
        judged("codebook usage (perplexity)", high.perplexity, one.perplexity, 1.0, 2),
        judged("codebook usage (codes used)", high.codes_used, one.codes_used, 1.0, 1),
        judged(
            "reconstruction error (pixels)",
            high.pixel_error,
            one.pixel_error,
            -1.0,
            4,
        ),
        judged(
            "reconstruction (ln p(x|z), nats)",
            high.reconstruction,
            one.reconstruction,
            1.0,
            0,
        ),
    ]
}

/// The 97.5 % point of Student's t, for the smaller of two samples' degrees of freedom: never too eager.
fn quantile(freedom: usize) -> f64 {
    const TABLE: [f64; 9] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
    TABLE.get(freedom - 1).copied().unwrap_or(2.23)
}

const SIZE: (u32, u32) = (1200, 480);

/// Files' names and bytes.
pub type Pictures = Vec<(&'static str, Vec<u8>)>;

/// `sweep.svg` and `sweep.png`.
///
/// # Errors
/// What the drawing library refuses.
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
    let png = model::picture::png(&pixels, SIZE)?;
    Ok(vec![("sweep.svg", svg.into_bytes()), ("sweep.png", png)])
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
        chart.draw_series(rows.iter().map(|row| {
            let Estimate { mean, standard_error } = mean(row);
            PathElement::new(
                [(row.beta, mean - standard_error), (row.beta, mean + standard_error)],
                blue.stroke_width(2),
            )
        }))?;
    }
    area.present()?;
    Ok(())
}
