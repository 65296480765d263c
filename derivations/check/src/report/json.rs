//! The report as JSON.

use note::line::line;
use reference::vocab::Reading;
use serde_json::{Value, json};
use worlds::provenance::Provenance;

use super::sweep::{on_the_evidence, only_beta_one, what_it_bounds};
use crate::observe::Class;
use crate::verdict::{Tally, Verdict};
use crate::{BetaRow, Checked, Row};

/// The whole report as JSON.
#[must_use]
pub fn json(checked: &Checked, from: &Provenance) -> Value {
    let mut body = judged(checked);
    body["schema"] = json!("elbo-check/1");
    body["provenance"] = json!(from);
    body
}

/// The claims and the sweep as JSON.
pub(super) fn judged(checked: &Checked) -> Value {
    let row = |row: &Row| {
        json!({
            "id": row.claim.id,
            "kind": row.claim.kind,
            "reading": row.claim.depends_on_reading.then(|| row.claim.reading.name()),
            "claim": row.claim.sentence(),
            "printed": row.claim.relation,
            "rule": row.claim.rule,
            "sign": row.claim.sign,
            "function": line(row.claim.to).function,
            "verdict": row.verdict(),
            "all": tally(&row.all),
            "file": tally(&row.file),
        })
    };
    let swept = |wanted: &dyn Fn(&BetaRow) -> bool| {
        let rows = checked.sweep.iter().filter(|at| wanted(at));
        rows.map(at_beta).collect::<Vec<_>>()
    };
    json!({
        "ok": checked.failures().next().is_none(),
        "worlds": checked.worlds.iter().map(|(source, n)| json!({"source": source, "count": n})).collect::<Vec<_>>(),
        "judged": checked.judged(),
        "rows": checked.rows.iter().map(row).collect::<Vec<_>>(),
        "beta_sweep": swept(&|at| on_the_evidence(at)),
        "beta_sweep_of_other_targets": swept(&|at| !on_the_evidence(at)),
        "only_for_beta_one": only_beta_one(checked),
        "what_each_reading_bounds": Reading::ALL.into_iter().map(|reading| {
            json!({"reading": reading.name(), "bounds": what_it_bounds(checked, reading)})
        }).collect::<Vec<_>>(),
    })
}

fn at_beta(at: &BetaRow) -> Value {
    let verdict: Verdict = at.row.verdict();
    json!({
        "reading": at.row.claim.reading.name(),
        "claim": at.row.claim.sentence(),
        "beta": at.beta,
        "verdict": verdict,
        "broken": at.row.all.broken,
        "undecided": at.row.all.undecided,
        "judged": at.row.all.judged,
    })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "judged": tally.judged,
        "broken": tally.broken,
        "undecided": tally.undecided,
        "closed": tally.closed,
        "undefined": tally.undefined,
        "infinite": tally.classes.iter().map(|(class, count)| match class {
            Class::Infinite(above, below) => json!({"above": above.words(), "below": below.words(), "count": count}),
            _ => json!({"count": count}),
        }).collect::<Vec<_>>(),
        "worst_residue": tally.worst.map(|(residue, world)| json!({"of_bound": residue, "world": world})),
        "smallest_slack": tally.smallest.map(|(slack, world)| json!({"nats": slack, "world": world})),
        "failed": tally.ours_broken.map(|(first, count)| json!({"first_world": first, "count": count})),
    })
}
