//! The walk through a linear-Gaussian world. Where the code has one dimension, its densities are drawn as curves, and
//! the Jensen gap as an area.

use note::line::LineId;
use note::step::StepId;
use note::under_reading::UnderReading;
use plotters::coord::Shift;
use plotters::prelude::*;
use reference::gaussian::{Gaussian, posterior_encoder};
use reference::model::Model as _;
use reference::vocab::Error;
use typeset::amount::Amount;
use typeset::fonts;
use typeset::plural::count;

use crate::narrated::Narrated;
use crate::numbers::Written;
use crate::opening::{Opening, Picture};

/// The number of points at which a curve is evaluated around each density.
const POINTS: u32 = 200;
/// The number of units per pixel. The library rounds coordinates to whole units, so a pixel is divided into three.
const UNITS: u32 = 3;
const SIZE: (u32, u32) = (860 * UNITS, 300 * UNITS);

/// Placeholder colours. The page replaces them by its own, which follow the reader's choice of light or dark.
const INK: RGBColor = RGBColor(1, 2, 3);
const QUIET: RGBColor = RGBColor(4, 5, 6);
const BLUE: RGBColor = RGBColor(7, 8, 9);
const GREEN: RGBColor = RGBColor(10, 11, 12);
const RED: RGBColor = RGBColor(13, 14, 15);
const VARIABLES: [(&str, &str); 5] = [
    ("#010203", "var(--ink)"),
    ("#040506", "var(--quiet)"),
    ("#070809", "var(--blue)"),
    ("#0A0B0C", "var(--green)"),
    ("#0D0E0F", "var(--red)"),
];

impl Narrated for Gaussian {
    fn opening(scene: &UnderReading<Self>, name: &str) -> Result<Opening, Error> {
        let world = &scene.world;
        let (captions, d, pixels, y) = (world.captions(), world.dimension(), world.pixels(), world.y());
        let reading = scene.reading.name();
        let replaced = scene
            .in_place_of_tables()
            .map_or_else(String::new, |replaced| format!(": whatever its tables say, {replaced}"));
        Ok(Opening {
            name: name.to_owned(),
            sentences: vec![
                format!(
                    "A continuous world of {}: the code z has {}, the image {}. Image x and caption y = {y} are observed; z is not, and the \
                     integral over z is an integral.",
                    count(captions, "caption"),
                    count(d, "coordinate"),
                    count(pixels, "pixel")
                ),
                format!(
                    "z|y, x|y,z and z|x are Gaussian, and every line has a closed form. Densities may exceed 1, and their logarithms 0{}.",
                    if d == 1 {
                        ""
                    } else {
                        "; they are drawn as curves where the code has one coordinate"
                    }
                ),
                format!(
                    "q(y,z|x) is read as '{reading}'{replaced}; beta is {}.",
                    world.beta().get()
                ),
            ],
            tables: Vec::new(),
            pictures: if d == 1 { pictures(world)? } else { Vec::new() },
        })
    }

    fn written(_: LineId, _: &UnderReading<Self>, _: Amount) -> Result<Vec<Written>, Error> {
        Ok(Vec::new()) // An integral has no terms to list.
    }

    fn slack_written(_: StepId, _: &UnderReading<Self>) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// A normal density of one variable.
#[derive(Clone, Copy)]
struct Normal {
    mean: f64,
    deviation: f64,
}

impl Normal {
    fn ln(self, z: f64) -> f64 {
        let t = (z - self.mean) / self.deviation;
        -0.5 * t * t - (self.deviation * std::f64::consts::TAU.sqrt()).ln()
    }
}

fn pictures(world: &Gaussian) -> Result<Vec<Picture>, Error> {
    let (parts, planted, y) = (world.parts(), posterior_encoder(world), world.y());
    let prior = Normal {
        mean: parts.prior_mean[[y, 0]],
        deviation: parts.prior_covariance[[y, 0, 0]].sqrt(),
    };
    let encoder = Normal {
        mean: world.encoder_mean()[0],
        deviation: parts.encoder_covariance[[0, 0]].sqrt(),
    };
    let posterior = Normal {
        mean: planted.encoder_weight.row(0).dot(&parts.x) + planted.encoder_offset[0],
        deviation: planted.encoder_covariance[[0, 0]].sqrt(),
    };
    let three = [prior, encoder, posterior];
    // Each density gets its own points, so that a narrow one is not stepped over.
    let around = |normal: Normal| {
        (0..=POINTS).map(move |k| normal.mean + (f64::from(k) / f64::from(POINTS) - 0.5) * 9.0 * normal.deviation)
    };
    let mut at: Vec<f64> = three.into_iter().flat_map(around).collect();
    at.sort_by(f64::total_cmp);
    let curve = |f: &dyn Fn(f64) -> f64| at.iter().map(|&z| (z, f(z))).collect::<Vec<_>>();
    let density = |normal: Normal| curve(&move |z| normal.ln(z).exp());
    // q ln (q / p) - q + p is nowhere negative, and its integral is that of q ln (q / p).
    let gap = curve(&|z| {
        let (q, p) = (encoder.ln(z), posterior.ln(z));
        (q.exp() * (q - p) - q.exp() + p.exp()).max(0.0)
    });
    let densities = [
        (density(prior), QUIET, "prior p(z|y)"),
        (density(posterior), GREEN, "posterior p(z|x,y)"),
        (density(encoder), BLUE, "encoder q(z|x)"),
    ];
    Ok(vec![
        Picture {
            svg: drawn(&densities, false),
            about: "prior, posterior and encoder at the observed caption: nothing would be lost if the encoder were the posterior",
        },
        Picture {
            svg: drawn(&[(gap, RED, "q ln(q/p) − q + p")], true),
            about: "the Jensen gap of (5) to (6) as an area: q ln(q/p) − q + p, with the posterior for p, is nowhere negative and \
                    integrates to KL(q(z|x) || p(z|x,y))",
        },
    ])
}

type Curve = (Vec<(f64, f64)>, RGBColor, &'static str);

/// Draws the curves on common axes, with or without the areas below them. The result is empty where the library cannot
/// draw.
fn drawn(curves: &[Curve], filled: bool) -> String {
    fonts::register();
    let mut svg = String::new();
    let done = draw(
        &SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(),
        curves,
        filled,
    );
    if done.is_err() {
        return String::new();
    }
    // Only the viewBox is in units. A page that scales the width then finds the height that fits.
    let (width, height) = SIZE;
    let size = |width, height| format!(r#"<svg width="{width}" height="{height}""#);
    svg = svg.replacen(&size(width, height), &size(width / UNITS, height / UNITS), 1);
    for (colour, variable) in VARIABLES {
        svg = svg.replace(colour, variable);
    }
    svg
}

type Drawing<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(area: &Drawing<'_>, curves: &[Curve], filled: bool) -> Result<(), Box<dyn std::error::Error>> {
    let points = || curves.iter().flat_map(|(points, ..)| points);
    let (low, high) = (
        points().map(|p| p.0).fold(f64::INFINITY, f64::min),
        points().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max),
    );
    let top = points().map(|p| p.1).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let style = |colour: &RGBColor| ("serif", 51).into_font().color(colour);
    let mut chart = ChartBuilder::on(area)
        .margin(24)
        .x_label_area_size(84)
        .y_label_area_size(156)
        .build_cartesian_2d(low..high, 0.0..1.12 * top)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(QUIET.stroke_width(3))
        .label_style(style(&QUIET))
        .x_labels(9)
        .y_labels(4)
        .draw()?;
    for (place, (points, colour, name)) in curves.iter().enumerate() {
        if filled {
            chart.draw_series(AreaSeries::new(points.iter().copied(), 0.0, colour.mix(0.25)))?;
        }
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(9)))?;
        let down = 78 * i32::try_from(place)?;
        let right = i32::try_from(SIZE.0)? - 570;
        area.draw(&PathElement::new(
            [(right - 102, 78 + down), (right - 24, 78 + down)],
            colour.stroke_width(9),
        ))?;
        area.draw(&Text::new(*name, (right, 54 + down), style(&INK)))?;
    }
    area.present()?;
    Ok(())
}
