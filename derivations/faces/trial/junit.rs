//! The verdict as a test report: a suite a dump, a test case a claim.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{index, used};
use crate::trial::{Judged, Judgement, Verdict};

/// `JUnit` XML.
///
/// # Errors
/// None that a string can give.
pub fn junit(judgements: &[Judgement], errors: &[String]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("elbo judge");
    for judgement in judgements {
        let mut suite = TestSuite::new(judgement.name.as_str());
        for judged in &judgement.claims {
            let mut case = TestCase::new(judged.claim.quantity.name(), status(judged));
            case.set_classname(judgement.name.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    if !errors.is_empty() {
        let mut suite = TestSuite::new("could not be judged");
        for error in errors {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(error.as_str());
            suite.add_test_case(TestCase::new(error.split(": ").next().unwrap_or_default(), status));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn status(judged: &Judged) -> TestCaseStatus {
    let failure = |message: String| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message);
        status
    };
    match &judged.verdict {
        Verdict::Within => TestCaseStatus::success(),
        Verdict::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        Verdict::Follows(upstream) => {
            let names: Vec<&str> = upstream.iter().map(|quantity| quantity.name()).collect();
            failure(format!("out of bound because of {}", names.join(" and ")))
        }
        Verdict::Beyond => {
            let worst = judged.fit.worst.as_ref().map_or_else(String::new, |worst| {
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
                || "; no known mistake explains it".to_owned(),
                |explanation| format!("; explained by {}: {}", explanation.name(), explanation.words()),
            );
            let (failed, numbers) = (judged.fit.failed, judged.fit.numbers);
            failure(format!("{failed} of {numbers} numbers out of bound{worst}{cause}"))
        }
    }
}
