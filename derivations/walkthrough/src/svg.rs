//! Draws the number line as SVG.

use std::fmt::Write;

use typeset::amount::Amount;
use typeset::html::escape;

use crate::picture::NumberLine;

const WIDTH: f64 = 1000.0;
const SIDE: f64 = 20.0;
/// The vertical position of the axis.
const AXIS: f64 = 104.0;

/// Draws the marks on an axis of nats. `ln p(x,y)` is a wall, and the current line is drawn in front of the others.
pub(super) fn number_line(picture: &NumberLine, id: &str, value: Amount) -> String {
    let wall = picture.evidence.finite();
    if wall.is_none() && picture.marks.is_empty() {
        return String::new(); // The axis would have no number on it.
    }
    let x = |value: f64| SIDE + picture.share(value) * (WIDTH - 2.0 * SIDE);
    let mut shapes = String::new();
    let out = &mut shapes;
    // Writing to a `String` cannot fail, so the results below are dropped on purpose.
    if let Some(evidence) = wall {
        draw_wall(x(evidence), picture.evidence, out);
    }
    let _ = write!(
        out,
        "<line class=\"axis\" x1=\"{SIDE}\" x2=\"{:.1}\" y1=\"{AXIS}\" y2=\"{AXIS}\"/>",
        WIDTH - SIDE
    );
    ticks(picture, &x, out);
    draw_groups(picture, &x, out);
    if let Some((name, now)) = picture.current() {
        draw_current(picture, (name, value), x(now), &x, out);
    } else {
        let _ = write!(
            out,
            "<text class=\"now\" x=\"{SIDE}\" y=\"{:.1}\">({}) is {value}: not on the axis</text>",
            AXIS + 52.0,
            escape(id)
        );
    }
    let label = format!("Line {id} is {value}; ln p(x,y) is {}.", words(picture.evidence));
    wide(
        &format!("<svg class=\"nats\" viewBox=\"0 0 {WIDTH} 172\">{shapes}</svg>"),
        &label,
    )
}

/// Draws `ln p(x,y)` as a wall, and the region beyond it.
fn draw_wall(at: f64, evidence: Amount, out: &mut String) {
    let right = WIDTH - SIDE;
    let _ = write!(
        out,
        "<rect class=\"beyond\" x=\"{at:.1}\" y=\"34\" width=\"{:.1}\" height=\"70\"/>",
        right - at
    );
    let _ = write!(
        out,
        "<line class=\"wall\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"26\" y2=\"112\"/>"
    );
    let anchor = anchor(at);
    let _ = write!(
        out,
        "<text class=\"wall\" x=\"{at:.1}\" y=\"18\" text-anchor=\"{anchor}\">ln p(x,y) = {evidence}</text>"
    );
}

/// Draws the marks from left to right, and one label for all lines that have the same value.
fn draw_groups(picture: &NumberLine, x: &impl Fn(f64) -> f64, out: &mut String) {
    let wall = picture.evidence.finite();
    let mut groups = picture.groups();
    groups.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (mut neighbour, mut raised) = (f64::NEG_INFINITY, true);
    for (value, names) in groups {
        let at = x(value);
        // A label that is too close to its neighbour moves up by a row.
        raised = at - neighbour < 56.0 && !raised;
        neighbour = at;
        let _ = write!(out, "<circle class=\"met\" cx=\"{at:.1}\" cy=\"{AXIS}\" r=\"6\"/>");
        // The label stands beside the wall and not across it.
        let at_wall = wall.is_some_and(|evidence| (x(evidence) - at).abs() < 24.0);
        let (beside, anchor) = if at_wall { (at - 12.0, "end") } else { (at, "middle") };
        let _ = write!(
            out,
            "<text class=\"met\" x=\"{beside:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            if raised { AXIS - 36.0 } else { AXIS - 16.0 },
            escape(&names)
        );
    }
}

/// Draws the current line, whose mark is at `at`, and the jump to it from the line before.
fn draw_current(
    picture: &NumberLine,
    (name, value): (&str, Amount),
    at: f64,
    x: &impl Fn(f64) -> f64,
    out: &mut String,
) {
    if let Some(before) = picture.before() {
        let _ = write!(
            out,
            "<path class=\"jump\" d=\"M{:.1} {AXIS} Q{:.1} {:.1} {at:.1} {AXIS}\"/>",
            x(before),
            f64::midpoint(x(before), at),
            AXIS - (30.0 + 0.3 * (x(before) - at).abs()).min(112.0)
        );
    }
    let dx = picture.before().map_or(0.0, |before| x(before) - at);
    let _ = write!(
        out,
        "<g class=\"now\" style=\"--dx:{dx:.1}px\"><circle cx=\"{at:.1}\" cy=\"{AXIS}\" r=\"10\"/></g>"
    );
    let _ = write!(
        out,
        "<text class=\"now\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{}\">({}) {value}</text>",
        AXIS + 52.0,
        anchor(at),
        escape(name)
    );
}

/// Wraps a picture so that a narrow screen scrolls it and does not shrink it. `label` is what a screen reader says in
/// its place.
pub(super) fn wide(svg: &str, label: &str) -> String {
    let named = format!("<svg role=\"img\" aria-label=\"{}\"", escape(label));
    format!("<div class=\"wide\">{}</div>", svg.replacen("<svg", &named, 1))
}

fn words(evidence: Amount) -> String {
    match evidence.finite() {
        None => "infinite".to_owned(),
        Some(_) => evidence.to_string(),
    }
}

/// The anchor of a label. Text near an end of the axis grows inwards.
fn anchor(at: f64) -> &'static str {
    if at < 110.0 {
        "start"
    } else if at > WIDTH - 110.0 {
        "end"
    } else {
        "middle"
    }
}

/// Draws four to ten ticks at round numbers along the axis.
fn ticks(picture: &NumberLine, x: &impl Fn(f64) -> f64, out: &mut String) {
    let (low, high) = picture.range;
    let rough = (high - low) / 5.0;
    let unit = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|times| times * unit)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let decimals = (-step.log10()).ceil().clamp(0.0, 9.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=9"
    )]
    let decimals = decimals as usize;
    let mut tick = (low / step).ceil() * step;
    while tick <= high {
        let at = x(tick);
        let _ = write!(
            out,
            "<line class=\"tick\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{AXIS}\" y2=\"{:.1}\"/>",
            AXIS + 7.0
        );
        let text = format!("{tick:.decimals$}").replace('-', "−");
        let _ = write!(
            out,
            "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
            AXIS + 24.0
        );
        if !(tick + step > tick) {
            break;
        }
        tick += step;
    }
}
