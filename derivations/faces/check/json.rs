//! The report for a program.

use serde_json::{Value, json};

use super::only_beta_one;
use crate::check::{Checked, Row};
use crate::expr::expr;
use crate::faces::Provenance;
use crate::judge::Class;
use crate::verdict::{Tally, Verdict};

/// The whole report for a program.
#[must_use]
pub fn json(checked: &Checked, from: &Provenance) -> Value {
    let mut body = judged(checked);
    body["schema"] = json!("elbo-check/1");
    body["provenance"] = json!(from);
    body
}

/// What was judged.
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
            "function": expr(row.claim.to).map(|expr| expr.function),
            "verdict": row.verdict(),
            "all": tally(&row.all),
            "file": tally(&row.file),
        })
    };
    json!({
        "ok": checked.failures().next().is_none(),
        "worlds": checked.worlds.iter().map(|(source, n)| json!({"source": source, "count": n})).collect::<Vec<_>>(),
        "judged": checked.judged(),
        "rows": checked.rows.iter().map(row).collect::<Vec<_>>(),
        "beta_sweep": checked.sweep.iter().map(|beta| {
            let verdict: Verdict = beta.row.verdict();
            json!({
                "reading": beta.row.claim.reading.name(),
                "beta": beta.beta,
                "verdict": verdict,
                "broken": beta.row.all.broken,
                "judged": beta.row.all.judged,
            })
        }).collect::<Vec<_>>(),
        "only_for_beta_one": only_beta_one(checked),
    })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "judged": tally.judged,
        "broken": tally.broken,
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
