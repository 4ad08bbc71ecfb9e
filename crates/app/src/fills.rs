//! What fills paper orders: the configuration's model, with the measured delays it names.

use std::path::Path;

use engine::config::Config;
use engine::units::Micros;
use engine::venue::{FillModel, Latency};

use crate::failure::{Failure, Status};

/// The fill model of a configuration.
///
/// Errors: status 5 for a file of measured ages that cannot be used.
pub(crate) fn model(config: &Config) -> Result<FillModel, Failure> {
    let fill = &config.fill;
    let latency = match &fill.latency_from {
        Some(file) => Latency::Measured { values: ages(Path::new(file))?, seed: fill.seed },
        None if fill.latency.0 > 0 => Latency::Constant(fill.latency),
        None => Latency::None,
    };
    Ok(FillModel::new(fill.price, latency))
}

/// The column `age_ns` of a `ticks.csv`, in whole microseconds, at least one each.
fn ages(file: &Path) -> Result<Vec<Micros>, Failure> {
    let unusable = |why: String| {
        Failure::new(
            Status::Data,
            format!("fill.latency_from = {}: {why}", file.display()),
            "name the ticks.csv of a `myquant perf` run on the sandbox, which has ages",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let column = header.split(',').position(|name| name == "age_ns");
    let column = column.ok_or_else(|| unusable("it has no column age_ns".to_owned()))?;
    let age = |line: &str| line.split(',').nth(column)?.parse::<i64>().ok();
    let ages: Vec<Micros> = lines.filter_map(age).map(|ns| Micros((ns / 1000).max(1))).collect();
    if ages.is_empty() { Err(unusable("it holds no ages".to_owned())) } else { Ok(ages) }
}

#[cfg(test)]
mod tests {
    use engine::config::{Source, load};

    use super::*;

    fn with(file: &Path) -> Result<FillModel, Failure> {
        let value = format!("{:?}", file.display().to_string());
        let source = Source::Set { key: "fill.latency_from", value: &value };
        model(&load(&[source]).expect("allowed"))
    }

    #[test]
    fn measured_ages_become_delays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ticks.csv");
        std::fs::write(&file, "seq,total_ns,age_ns\n1,5,2500\n2,5,\n3,5,10\n").expect("written");
        let expected = Latency::Measured { values: vec![Micros(2), Micros(1)], seed: 1 };
        let last = engine::venue::FillPrice::Last;
        assert_eq!(with(&file).expect("usable"), FillModel::new(last, expected));
    }

    #[test]
    fn a_file_without_ages_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ticks.csv");
        for text in ["seq,total_ns\n1,5\n", "seq,age_ns\n1,\n", ""] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(with(&file).expect_err(text).status, Status::Data);
        }
        assert_eq!(
            with(&folder.path().join("none.csv")).expect_err("missing").status,
            Status::Data
        );
    }
}
