//! Archives of `NumPy`, judged by the statement beside them.

use npyz::WriterBuilder as _;
use npyz::npz::NpzWriter;

fn archive(path: &std::path::Path, order: npyz::Order) {
    let mut npz = NpzWriter::create(path).unwrap();
    let options = npyz::zip::write::FileOptions::default();
    let logits: Vec<f32> = match order {
        npyz::Order::C => vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        npyz::Order::Fortran => vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0],
    };
    let mut writer = npz
        .array("encoder_logits", options)
        .unwrap()
        .default_dtype()
        .order(order)
        .shape(&[1, 2, 3])
        .begin_nd()
        .unwrap();
    writer.extend(logits).unwrap();
    writer.finish().unwrap();
    let mut writer = npz
        .array("claim.kl", options)
        .unwrap()
        .default_dtype()
        .shape(&[1, 2])
        .begin_nd()
        .unwrap();
    // ln 3 less the entropy of softmax(0, 1, 2), in both positions.
    writer.extend([0.266_216_7_f32; 2]).unwrap();
    writer.finish().unwrap();
}

#[test]
fn an_archive_in_either_order_is_judged_by_the_statement_beside_it() {
    for order in [npyz::Order::C, npyz::Order::Fortran] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        archive(&path, order);
        let error = judge::dump::open(&path).unwrap_err().to_string();
        assert!(error.contains("a statement beside the archive"), "{error}");
        let statement = r#"{"inputs": "tokens", "dtype": "f32", "layout": "BSK", "prior": "uniform", "claims": {"kl": {"sum": ["code"]}}}"#;
        let beside = folder.path().join("a.json");
        std::fs::write(&beside, statement.replace("BSK", "SKB")).unwrap();
        let error = judge::dump::open(&path).unwrap_err().to_string();
        assert!(
            error.starts_with(&beside.display().to_string()),
            "what is wrong with the statement: {error}"
        );
        std::fs::write(&beside, statement).unwrap();
        let judgement = judge::judge(&judge::dump::open(&path).unwrap(), &|_| ()).unwrap();
        assert!(judgement.stands(), "{judgement}");
    }
}
