//! Computes beta and the temperature at a step by a hypothesis.

use bounds::{Addend, Range};
use reference::schedule as moving;

use crate::dump::{Schedule, Shape};
use crate::hypothesis::{Hypothesis, ScheduleAt};
use crate::inputs::{Absence, Inputs};

/// The scheduled number at the stated step.
pub(super) fn at(inputs: &Inputs<'_>, schedule: Option<Schedule>, hypothesis: &Hypothesis) -> Result<Addend, Absence> {
    let (schedule, step) = (
        schedule.ok_or(Absence::NotAffected)?,
        inputs.statement.step.ok_or(Absence::NotAffected)?,
    );
    let shaped = |shape: Shape| Schedule { shape, ..schedule };
    let value = match hypothesis.schedule {
        ScheduleAt::Step => value(schedule, step),
        ScheduleAt::StepAfter => value(schedule, step.saturating_add(1)),
        ScheduleAt::StepBefore => value(schedule, step.saturating_sub(1)),
        ScheduleAt::Start => schedule.from,
        ScheduleAt::End => schedule.to,
        ScheduleAt::Linear => value(shaped(Shape::Linear), step),
        ScheduleAt::Cosine => value(shaped(Shape::Cosine), step),
        ScheduleAt::Backwards => {
            let (from, to) = (schedule.to, schedule.from);
            value(Schedule { from, to, ..schedule }, step)
        }
        ScheduleAt::Compounded => compounded(schedule, step).ok_or(Absence::NotAffected)?,
    };
    let size = schedule.from.abs() + schedule.to.abs();
    let range = Range::between(schedule.from, schedule.to);
    Ok(Addend::new(value, inputs.arithmetic.schedule() * size, size).within(range))
}

fn value(schedule: Schedule, step: u64) -> f64 {
    let Schedule { from, to, steps, shape } = schedule;
    let shape = match shape {
        Shape::Cosine => moving::Shape::Cosine,
        Shape::Linear => moving::Shape::Linear,
        Shape::Exponential => moving::Shape::Exponential,
    };
    let schedule = moving::Schedule {
        from,
        to,
        updates: steps,
        shape,
    };
    schedule.at(step)
}

/// `from prod_j e^(-rate 100 j)`, over every hundredth step `100 j` so far, but at least `to`. This is a factor that is
/// meant for the start value and was applied to the previous value.
fn compounded(schedule: Schedule, step: u64) -> Option<f64> {
    let Schedule { from, to, steps, shape } = schedule;
    if shape != Shape::Exponential {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of steps")]
    let (hundreds, steps) = ((step / 100) as f64, steps.max(1) as f64);
    let exponent = 100.0 * hundreds * (hundreds + 1.0) / 2.0 / steps;
    let decayed = from * (to / from).powf(exponent);
    Some(if to < from { decayed.max(to) } else { decayed.min(to) })
}
