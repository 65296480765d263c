//! The report as a test report, with a suite for each dump and a test case for each claim.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use typeset::words::plain;

use super::{index, used, verdict};
use crate::{Judged, Judgement, Verdict};

/// The report as `JUnit` XML.
///
/// # Errors
/// None that a string can give.
pub fn junit(judgements: &[Judgement], errors: &[String]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("elbo judge");
    for judgement in judgements {
        let mut suite = TestSuite::new(plain(&judgement.name));
        for judged in &judgement.claims {
            let status = status(judged, judgement.allows_undecided);
            let mut case = TestCase::new(judged.claim.quantity.name(), status);
            case.set_classname(plain(&judgement.name));
            suite.add_test_case(case);
        }
        for noise in &judgement.noise {
            let status = match &noise.failed {
                None => TestCaseStatus::success(),
                Some(failed) => failure(format!("not of {}: {failed}", noise.law.name())),
            };
            let mut case = TestCase::new(noise.tensor, status);
            case.set_classname(plain(&judgement.name));
            suite.add_test_case(case);
        }
        if !judgement.warnings.is_empty() {
            suite.set_system_out(plain_lines(&judgement.warnings));
        }
        report.add_test_suite(suite);
    }
    if !errors.is_empty() {
        let mut suite = TestSuite::new("could not be judged");
        for error in errors {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let error = plain(error);
            let name = error.split(": ").next().unwrap_or_default().to_owned();
            status.set_message(error);
            suite.add_test_case(TestCase::new(name, status));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn plain_lines(warnings: &[String]) -> String {
    let lines = warnings.iter().map(|warning| format!("warning: {}", plain(warning)));
    lines.collect::<Vec<_>>().join("\n")
}

fn failure(message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message);
    status
}

/// The status of the test case of a claim. A claim that is out of bound is a failure. A claim that could not be decided
/// or was not judged is an error, so that a CI system fails, as the exit code does, and can distinguish the two. An
/// undecided claim, where those are allowed, is a skipped test.
fn status(judged: &Judged, allows_undecided: bool) -> TestCaseStatus {
    match &judged.verdict {
        Verdict::Within => TestCaseStatus::success(),
        Verdict::Known(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("known: {reason}"));
            status
        }
        Verdict::Undecided(reason) | Verdict::Skipped(reason) => {
            let allowed = allows_undecided && matches!(judged.verdict, Verdict::Undecided(_));
            let mut status = if allowed {
                TestCaseStatus::skipped()
            } else {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            };
            status.set_message(format!("{}: {reason}", verdict(judged)));
            status
        }
        Verdict::Follows(upstream) => {
            let names: Vec<&str> = upstream.iter().map(|quantity| quantity.name()).collect();
            failure(format!("out of bound because of {}", names.join(" and ")))
        }
        Verdict::Beyond => {
            let worst = judged.comparison.worst.as_ref().map_or_else(String::new, |worst| {
                format!(
                    "; at {} claimed {:e}, expected {:e} within {:.2e} ({} times the bound)",
                    index(&judged.claim, worst),
                    worst.found,
                    worst.expected,
                    worst.bound,
                    used(worst.ratio)
                )
            });
            let cause = judged.explanations.first().map_or_else(
                || {
                    format!(
                        "; {}",
                        judged.unexplained.as_deref().unwrap_or("no known mistake explains it")
                    )
                },
                |explanation| format!("; explained by {}: {}", explanation.name(), explanation.words()),
            );
            let (failed, numbers) = (judged.comparison.failed, judged.comparison.numbers);
            failure(format!("{failed} of {numbers} numbers out of bound{worst}{cause}"))
        }
    }
}
