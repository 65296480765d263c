//! From counts to verdicts: on counts made up by hand, and on the listed, edge and tiny worlds alone.

use std::fmt::Write as _;

use check::report::name;
use check::verdict::{MaskTally, SOME_ZERO, Standing, Tally, verdict};
use check::{Checked, Options, check};
use note::assumption::ASSUMPTIONS;
use note::proposition::{Proposition, proposition};
use note::rule::Sign;
use reference::vocab::{Beta, Reading};
use worlds::generate::Cases;

const COVERS: &str = "q-covers-posterior";
const POSSIBLE: &str = "caption-possible";
const FACTORISES: &str = "joint-factorises";
const CERTAIN: &str = "caption-certain";

fn bit(id: &str) -> u16 {
    1 << ASSUMPTIONS.iter().position(|a| a.id == id).unwrap()
}

/// `(assumptions violated, broken, equal, strict)`
fn tally(seen: &[(u16, u64, u64, u64)]) -> Tally {
    let mut tally = Tally::default();
    for &(mask, broken, equal, strict) in seen {
        tally.judged += broken + equal + strict;
        tally.masks.insert(
            mask,
            MaskTally {
                broken,
                equal,
                strict,
                undecided: 0,
            },
        );
    }
    tally
}

fn at_least() -> Proposition {
    proposition("5-6", Reading::Pointwise).unwrap()
}

fn words(seen: &[(u16, u64, u64, u64)]) -> String {
    verdict(&at_least(), &tally(seen)).words()
}

#[test]
fn nothing_judged_is_no_verdict_and_no_relation_no_claim() {
    assert_eq!(words(&[]), "not judged");
    let reweighted = proposition("14-14b", Reading::Joint).unwrap();
    let found = |seen| verdict(&reweighted, &tally(seen));
    assert_eq!(found(&[(0, 0, 1, 0)]).standing, Standing::NoClaim);
    assert!(found(&[(0, 0, 1, 0)]).equality && !found(&[(0, 0, 1, 1)]).equality);
    assert_eq!(found(&[(0, 0, 1, 0)]).words(), "-");
}

#[test]
fn what_is_never_broken_holds() {
    assert_eq!(words(&[(0, 0, 5, 0)]), "equality");
    assert_eq!(words(&[(0, 0, 5, 1)]), "holds");
    assert_eq!(words(&[(SOME_ZERO, 0, 5, 1), (bit(COVERS), 0, 1, 0)]), "holds");
}

#[test]
fn what_breaks_only_where_an_assumption_of_the_note_or_a_zero_is_at_fault_is_conditional() {
    // The zero probability comes with the support that it takes away.
    let a = bit(COVERS) | SOME_ZERO;
    assert_eq!(words(&[(0, 0, 20, 0), (a, 1, 0, 0)]), "equality if q-covers-posterior");
    assert_eq!(words(&[(0, 0, 19, 1), (a, 1, 0, 0)]), "holds if q-covers-posterior");
    // What is strict only where the assumption fails does not count.
    assert_eq!(words(&[(0, 0, 20, 0), (a, 1, 0, 7)]), "equality if q-covers-posterior");
    // One that the note states, without a zero.
    assert_eq!(
        words(&[(0, 0, 20, 0), (bit(FACTORISES), 1, 0, 0)]),
        "equality if joint-factorises"
    );
    // Each of two is needed.
    assert_eq!(
        words(&[
            (0, 0, 20, 0),
            (bit(FACTORISES), 1, 0, 0),
            (bit(POSSIBLE) | SOME_ZERO, 1, 0, 0)
        ]),
        "equality if caption-possible, joint-factorises"
    );
    // One explains both: the smaller set is named.
    let both = bit(FACTORISES) | bit(POSSIBLE) | SOME_ZERO;
    assert_eq!(
        words(&[(0, 0, 20, 0), (bit(FACTORISES), 1, 0, 0), (both, 1, 0, 0)]),
        "equality if joint-factorises"
    );
    // Seen to hold in too few worlds: still the smallest that explains it.
    assert_eq!(words(&[(0, 0, 19, 0), (a, 1, 0, 0)]), "equality if q-covers-posterior");
    assert_eq!(words(&[(0, 0, 1, 0), (a, 1, 0, 0)]), "equality if q-covers-posterior");
}

#[test]
fn of_two_explanations_the_one_seen_to_hold_is_named() {
    // Either would explain the break; worlds that satisfy the second are too rare to tell.
    let broken = (bit(COVERS) | bit(POSSIBLE) | SOME_ZERO, 1, 0, 0);
    let seen = [
        (bit(POSSIBLE) | SOME_ZERO, 0, 20, 0),
        (bit(COVERS) | SOME_ZERO, 0, 19, 0),
        broken,
    ];
    assert_eq!(words(&seen), "equality if q-covers-posterior");
    let seen = [
        (bit(POSSIBLE) | SOME_ZERO, 0, 19, 0),
        (bit(COVERS) | SOME_ZERO, 0, 20, 0),
        broken,
    ];
    assert_eq!(words(&seen), "equality if caption-possible");
}

#[test]
fn what_breaks_where_all_is_positive_and_assumed_is_refuted_with_its_repairs() {
    let refuted = |seen: &[(u16, u64, u64, u64)]| match verdict(&at_least(), &tally(seen)).standing {
        Standing::Refuted { repairs } => repairs,
        other => panic!("{other:?}"),
    };
    let d = bit(CERTAIN);
    assert_eq!(refuted(&[(0, 0, 20, 0), (d, 1, 0, 0)]), [[CERTAIN]]);
    assert_eq!(words(&[(0, 0, 20, 0), (d, 1, 0, 0)]), "REFUTED");
    // Nineteen worlds are not enough to call it a repair, and nothing repairs what breaks with nothing violated.
    assert!(refuted(&[(0, 0, 19, 0), (d, 1, 0, 0)]).is_empty());
    assert!(refuted(&[(0, 1, 20, 0)]).is_empty());
    // Twenty strict worlds will do, and so will a mixture.
    assert_eq!(refuted(&[(0, 0, 0, 20), (d, 1, 0, 0)]), [[CERTAIN]]);
    assert_eq!(refuted(&[(0, 0, 10, 10), (d, 1, 0, 0)]), [[CERTAIN]]);
    // A zero somewhere does not refute, and neither does what the note rules out.
    assert_eq!(
        words(&[(0, 0, 20, 0), (bit(COVERS) | SOME_ZERO, 1, 0, 0)]),
        "equality if q-covers-posterior"
    );
    // Broken by a zero that no assumption explains: refuted, without a repair.
    assert!(refuted(&[(0, 0, 20, 0), (SOME_ZERO, 1, 0, 0)]).is_empty());
}

#[test]
fn a_weaker_repair_is_named_beside_the_assumption() {
    let (c, d) = (bit(FACTORISES), bit(CERTAIN));
    let weaker = |seen: &[(u16, u64, u64, u64)]| match verdict(&at_least(), &tally(seen)).standing {
        Standing::HoldsIf { assumptions, weaker } => {
            assert_eq!(assumptions, [FACTORISES]);
            weaker
        }
        other => panic!("{other:?}"),
    };
    let broken = (c | d, 1, 0, 0);
    assert_eq!(weaker(&[(0, 0, 20, 0), (c, 0, 5, 0), broken]), [CERTAIN]);
    assert!(
        weaker(&[(0, 0, 20, 0), (d, 0, 5, 0), broken]).is_empty(),
        "it asks for more"
    );
    assert!(weaker(&[(0, 0, 20, 0), broken]).is_empty(), "it asks for as much");
    assert!(
        weaker(&[(0, 0, 20, 0), (c, 0, 5, 0), broken, (c, 1, 0, 0)]).is_empty(),
        "it does not repair all"
    );
}

fn without_random_worlds(beta: Option<f64>) -> Checked {
    let options = Options {
        beta: beta.map(|beta| Beta::new(beta).unwrap()),
        ..Options::default()
    };
    check(&Cases::all(&[], 0, 1), &options, &|_| ()).unwrap()
}

#[test]
fn the_verdicts_do_not_need_random_worlds() {
    let checked = without_random_worlds(None);
    let mut report = String::new();
    let swept = checked.sweep.iter().map(|at| (format!(" at {}", at.beta), &at.row));
    for (at, row) in checked.rows.iter().map(|row| (String::new(), row)).chain(swept) {
        let tally = &row.all;
        let _ = writeln!(
            report,
            "{:<28} {:<48} judged {:>5}{}",
            name(row) + &at,
            row.verdict().words(),
            tally.judged,
            if tally.broken > 0 { ", broken in some" } else { "" }
        );
    }
    insta::assert_snapshot!("verdicts", report);
}

#[test]
fn a_beta_that_was_asked_for_is_no_assumption() {
    let words = |checked: &Checked, id: &str| {
        let row = checked
            .rows
            .iter()
            .find(|row| row.claim.id == id && row.claim.reading == Reading::Observed);
        row.unwrap().verdict().words()
    };
    assert_eq!(words(&without_random_worlds(None), "3-1"), "holds if beta-one");
    assert_eq!(words(&without_random_worlds(Some(0.5)), "3-1"), "REFUTED");
    assert_eq!(words(&without_random_worlds(Some(1.0)), "3-1"), "holds");
}

#[test]
fn the_bound_at_a_beta_has_repairs() {
    let checked = without_random_worlds(None);
    let at_one = |reading| {
        let row = checked
            .sweep
            .iter()
            .find(|at| at.beta >= 1.0 && at.row.claim.reading == reading);
        row.unwrap().row.verdict().standing
    };
    let Standing::Refuted { repairs } = at_one(Reading::Pointwise) else {
        panic!("refuted under the pointwise reading");
    };
    assert!(repairs.contains(&vec![CERTAIN]), "{repairs:?}");
    assert_eq!(at_one(Reading::Observed), Standing::Holds);
}

#[test]
fn signs_and_names_of_bounds() {
    assert_eq!(proposition("3-14", Reading::Expected).unwrap().sign, Sign::NonNegative);
    assert_eq!(proposition("3-13", Reading::Observed).unwrap().sign, Sign::NonNegative);
    assert_eq!(proposition("3-14", Reading::Pointwise).unwrap().sign, Sign::Unsigned);
    for id in ["3-14b", "3-2b", "3-A1", "3-p(x)"] {
        let bound = proposition(id, Reading::Pointwise);
        assert!(bound.is_none_or(|claim| claim.id == "3-A1"), "{id}");
    }
}

#[test]
fn a_hidden_world_matters_where_the_verdict_turns_on_it() {
    let hidden = |seen: &[(u16, u64, u64, u64)], mask: u16| {
        let mut tally = tally(seen);
        tally.undecided = 1;
        tally.judged += 1;
        tally.masks.entry(mask).or_default().undecided = 1;
        verdict(&at_least(), &tally).standing
    };
    assert_eq!(hidden(&[(0, 0, 30, 30)], 0), Standing::Undecided);
    // Refuted already, or explained by the same assumption: as it would stand both ways.
    assert!(matches!(hidden(&[(0, 1, 30, 30)], 0), Standing::Refuted { .. }));
    let known = verdict(
        &at_least(),
        &tally(&[(0, 0, 30, 30), (SOME_ZERO | bit(COVERS), 3, 0, 0)]),
    )
    .standing;
    assert!(matches!(known, Standing::HoldsIf { .. }), "{known:?}");
    assert_eq!(
        hidden(
            &[(0, 0, 30, 30), (SOME_ZERO | bit(COVERS), 3, 0, 0)],
            SOME_ZERO | bit(COVERS)
        ),
        known
    );
}
