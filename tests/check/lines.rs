//! Every row closes, on every source of worlds, and the verdicts are the audit's.

use std::sync::LazyLock;

use check::report;
use check::verdict::Standing;
use check::{BETAS, Checked, Options, Row, check};
use note::assumption::ASSUMPTIONS;
use note::line::LineId;
use note::rule::Sign;
use reference::vocab::Reading;
use worlds::case;
use worlds::generate::{Cases, edge, list, tiny};
use worlds::provenance::Provenance;

fn seed() -> u64 {
    std::env::var("ELBO_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1)
}

fn run(random: u64) -> Checked {
    let file = case::embedded().unwrap();
    check(&Cases::all(&file.worlds, random, seed()), &Options::default(), &|_| ()).unwrap()
}

static CHECKED: LazyLock<Checked> = LazyLock::new(|| run(3000));

fn row(id: &str, reading: Reading) -> &'static Row {
    let named = |row: &&Row| row.claim.id == id && (row.claim.reading == reading || !row.claim.depends_on_reading);
    CHECKED
        .rows
        .iter()
        .find(named)
        .unwrap_or_else(|| panic!("no claim {id} under {}", reading.name()))
}

fn words(id: &str, reading: Reading) -> String {
    row(id, reading).verdict().words()
}

#[test]
fn every_row_closes_and_every_sign_that_we_claim_holds() {
    let failed: Vec<_> = CHECKED
        .failures()
        .map(|row| (&row.claim.id, row.claim.reading, row.all.ours_broken, row.all.worst))
        .collect();
    assert!(failed.is_empty(), "seed {}: {failed:?}", seed());
    assert!(
        CHECKED.rows.iter().all(|row| row.all.judged > 0),
        "every claim is judged somewhere"
    );
}

#[test]
fn no_bound_is_too_loose_to_fail() {
    // A worst residue below a thousandth of its bound could not notice an error a hundred times the worst seen.
    for row in &CHECKED.rows {
        let exact = row.claim.rows.len() == 1 && row.claim.rows[0].exact;
        let (worst, _) = row.all.worst.unwrap();
        assert!(
            exact || worst > 1e-3,
            "{} {}: {worst}",
            row.claim.id,
            row.claim.reading.name()
        );
    }
}

#[test]
fn all_case_sources_are_there() {
    let worlds: Vec<u64> = CHECKED.worlds.iter().map(|(_, count)| *count).collect();
    assert_eq!(worlds.len(), 5);
    assert_eq!(worlds[0], 256);
    assert_eq!(
        edge::worlds().len(),
        edge::tables().len(),
        "every edge table is a world"
    );
    assert!(list::worlds().len() >= list::NAMED.len() + 8);
    assert!(tiny::worlds().len() > 10_000);
}

#[test]
fn lines_3_to_9_hold_and_only_one_of_them_is_an_inequality() {
    use Reading::Pointwise;
    assert_eq!(words("2", Pointwise), "equality");
    assert_eq!(words("3-4", Pointwise), "equality if q-covers-posterior");
    assert_eq!(words("4-5", Pointwise), "equality");
    assert_eq!(words("5-6", Pointwise), "holds");
    for id in ["6-7", "7-8", "8-9", "10-11"] {
        assert_eq!(words(id, Pointwise), "equality", "{id}, though the note prints >=");
    }
    assert_eq!(words("9-10", Pointwise), "equality if caption-possible");
    for id in ["3-4", "3-5", "3-6", "3-7", "3-8", "3-9"] {
        assert_ne!(words(id, Pointwise), "REFUTED", "{id}");
    }
    for id in ["3-6", "3-7", "3-8", "3-9"] {
        assert_eq!(words(id, Pointwise), "holds", "{id}");
    }
}

#[test]
fn line_12_needs_a_joint_that_factorises() {
    assert_eq!(words("11-12", Reading::Pointwise), "equality if joint-factorises");
    assert_eq!(
        words("3-12", Reading::Pointwise),
        "holds if caption-possible, joint-factorises"
    );
}

#[test]
fn line_13_is_an_identity_pointwise_and_refuted_jointly() {
    assert_eq!(words("12-13", Reading::Pointwise), "equality");
    assert_eq!(words("12-13", Reading::Observed), "equality");
    assert_eq!(words("12-13", Reading::Joint), "REFUTED");
    assert_eq!(words("3-13", Reading::Joint), "REFUTED");
}

#[test]
fn line_14_is_refuted_but_under_the_observed_and_the_expected_reading() {
    for reading in [Reading::Pointwise, Reading::Joint, Reading::Footnote] {
        assert_eq!(words("13-14", reading), "REFUTED");
        assert_eq!(words("3-14", reading), "REFUTED");
        let Standing::Refuted { repairs } = row("13-14", reading).verdict().standing else {
            panic!()
        };
        assert_eq!(repairs, vec![vec!["caption-certain"]]);
    }
    for reading in [Reading::Observed, Reading::Expected] {
        assert_eq!(words("3-14", reading), "holds");
    }
    assert!(row("13-14", Reading::Joint).claim.rows[0].remark.contains("sign error"));
}

#[test]
fn only_for_beta_one_is_refuted_from_both_sides() {
    for beta in &CHECKED.sweep {
        let standing = beta.row.verdict().standing;
        let reading = beta.row.claim.reading;
        let own = beta.row.claim.from == LineId::FixedCaptionEvidence;
        let bound = own || matches!(reading, Reading::Observed | Reading::Expected);
        if bound && beta.beta >= 1.0 {
            assert_eq!(standing, Standing::Holds, "{} at {}", reading.name(), beta.beta);
        } else {
            assert!(
                matches!(standing, Standing::Refuted { .. }),
                "{} at {}",
                reading.name(),
                beta.beta
            );
        }
    }
    let own = CHECKED
        .sweep
        .iter()
        .filter(|beta| beta.row.claim.from == LineId::FixedCaptionEvidence);
    assert_eq!(own.count(), BETAS.len() * 2, "joint and footnote");
    assert_eq!(CHECKED.sweep.len(), BETAS.len() * (Reading::ALL.len() + 2));
}

#[test]
fn what_each_reading_bounds_is_what_the_audit_says() {
    let bounds = |reading| report::what_it_bounds(&CHECKED, reading);
    let by_line_14 = |target: &str| format!("{target} by line 14, at every beta >= 1");
    let pair_if_certain = by_line_14("ln p(x,y)") + ", if caption-certain";
    let image = "ln p(x) by line 14, at beta = 1, if decoder-ignores-caption".to_owned();
    assert_eq!(bounds(Reading::Observed), [by_line_14("ln p(x,y)")]);
    assert_eq!(bounds(Reading::Expected), [by_line_14("ln p(x)")]);
    for reading in [Reading::Joint, Reading::Footnote] {
        let target = by_line_14("ln sum_z p(z) p(x|y,z)");
        assert_eq!(
            bounds(reading),
            [target, pair_if_certain.clone(), image.clone()],
            "{}",
            reading.name()
        );
    }
    let kept = "ln p(x,y) by line 13, which keeps ln q(y|x), at beta = 1, if caption-possible and joint-factorises";
    assert_eq!(bounds(Reading::Pointwise), [kept, &pair_if_certain]);
}

#[test]
fn the_repairs_of_the_audit_hold() {
    use Reading::{Joint, Pointwise};
    for id in ["3-A1", "3-A2", "p(x)-A3", "fixed-A4"] {
        assert_eq!(words(id, Pointwise), "holds", "{id}");
    }
    assert_eq!(words("mean-A5", Joint), "holds if joint-factorises");
    assert_eq!(words("fixed-A6", Joint), "holds");
    let free = ASSUMPTIONS.iter().position(|a| a.id == "joint-factorises").unwrap();
    let masks = &row("fixed-A6", Joint).all.masks;
    assert!(
        masks.keys().any(|mask| mask & (1 << free) != 0),
        "judged on free joints too"
    );
    let repairs = |id| match row(id, Pointwise).verdict().standing {
        Standing::Refuted { repairs } => repairs,
        other => panic!("{id}: {other:?}"),
    };
    assert_eq!(repairs("p(x)-A4"), [["decoder-ignores-caption"]]);
    // Where the caption is certain, the line bounds ln p(x,y), which is less than ln p(x).
    assert_eq!(repairs("p(x)-A6"), [["caption-certain"], ["decoder-ignores-caption"]]);
}

#[test]
fn the_table_composes_to_a_bound_under_the_observed_reading_alone() {
    for reading in [Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote] {
        let sign = row("3-14", reading).claim.sign;
        let expected = if reading == Reading::Observed {
            Sign::NonNegative
        } else {
            Sign::Unsigned
        };
        assert_eq!(sign, expected, "{}", reading.name());
    }
}

#[test]
fn infinite_sides_are_classed_and_never_summed() {
    let classed: u64 = CHECKED.rows.iter().flat_map(|row| row.all.classes.values()).sum();
    assert!(classed > 1000);
    for row in &CHECKED.rows {
        let total = row.all.closed + row.all.classes.values().sum::<u64>();
        assert_eq!(total, row.all.judged, "{}", row.claim.id);
    }
}

#[test]
fn the_report_is_the_same_whatever_the_thread_count() {
    let report = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let from = Provenance::of_search(Some(seed()));
        let cases = Cases::all(&[], 300, seed());
        pool.install(|| report::json(&check(&cases, &Options::default(), &|_| ()).unwrap(), &from).to_string())
    };
    assert_eq!(report(1), report(2));
}
