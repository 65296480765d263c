//! Checks a configuration, and compares it with a saved one.

use serde_json::Value;

use super::Config;
use crate::ModelError;

/// A sentence about the first key whose values differ, with both values. It is `None` where all are equal.
fn differing(path: &str, one: &Value, other: &Value) -> Option<String> {
    let (Value::Object(one), Value::Object(others)) = (one, other) else {
        return (one != other).then(|| format!("{path} is {one} there and {other} here"));
    };
    one.iter().find_map(|(key, one)| {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        differing(&path, one, others.get(key).unwrap_or(&Value::Null))
    })
}

impl Config {
    /// A sentence about the first key in which this configuration differs from a saved one. It is `None` where they are
    /// equal.
    pub(crate) fn difference(&self, saved: &Self) -> Option<String> {
        let [one, other] = [saved, self].map(|config| serde_json::to_value(config).unwrap_or_default());
        differing("", &one, &other)
    }

    /// Refuses a configuration with which no training could begin. The error names the key.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        self.dvae().encoder_shapes()?;
        self.transformer().shapes()?;
        let refuse = |key: &str, value: String, expected| {
            let key = key.to_owned();
            Err(ModelError::Config { key, value, expected })
        };
        for (stage, t) in [("dvae", &self.dvae.training), ("prior", &self.prior.training)] {
            for (key, value) in [
                ("batch", t.batch as u64),
                ("updates", t.updates),
                ("checkpoint", t.checkpoint),
            ] {
                if value == 0 || value > 1 << 32 {
                    return refuse(&format!("{stage}.training.{key}"), value.to_string(), "at least 1");
                }
            }
            for (key, value) in [("beta_1", t.beta_1), ("beta_2", t.beta_2), ("average", t.average)] {
                if !(0.0..1.0).contains(&value) {
                    return refuse(
                        &format!("{stage}.training.{key}"),
                        value.to_string(),
                        "a number in [0, 1)",
                    );
                }
            }
            for (key, value) in [
                ("weight_decay", t.weight_decay),
                ("clip", t.clip),
                ("step_size.from", t.step_size.from),
                ("step_size.to", t.step_size.to),
            ] {
                if !(0.0..=1e6).contains(&value) {
                    return refuse(
                        &format!("{stage}.training.{key}"),
                        value.to_string(),
                        "a number in [0, 1e6]",
                    );
                }
            }
        }
        for (key, value) in [("from", self.dvae.beta.from), ("to", self.dvae.beta.to)] {
            if !(0.0..=1e6).contains(&value) {
                return refuse(&format!("dvae.beta.{key}"), value.to_string(), "a number in [0, 1e6]");
            }
        }
        for (key, value) in [("from", self.dvae.temperature.from), ("to", self.dvae.temperature.to)] {
            if !(1e-3..=1e3).contains(&value) {
                return refuse(
                    &format!("dvae.temperature.{key}"),
                    value.to_string(),
                    "a number in [1e-3, 1e3]",
                );
            }
        }
        if !(0.0..1.0).contains(&self.prior.bpe_dropout) {
            let value = self.prior.bpe_dropout.to_string();
            return refuse("prior.bpe_dropout", value, "a number in [0, 1)");
        }
        Ok(())
    }
}
