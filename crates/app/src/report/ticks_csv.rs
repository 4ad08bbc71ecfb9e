//! `ticks.csv`: one row a traced tick, every stage in nanoseconds.

use std::io::{self, Write};

use engine::probe::{Counter, Meter, Stage};
use engine::units::Zone;

/// The age of each kept tick at its decision, in the order of the records; `None` where its
/// scheduled time is not known.
pub(crate) fn ages<C: Counter>(
    meter: &Meter<C>,
    scheduled_ns: impl Fn(i64) -> Option<u64>,
) -> Vec<Option<u64>> {
    let age = |record: &engine::probe::Record| {
        let decided = meter.counter().nanos(0, record.stamps.end(Stage::Position));
        Some(decided.saturating_sub(scheduled_ns(record.filed.sequence)?))
    };
    meter.records().iter().map(age).collect()
}

/// Writes the header and all kept ticks.
pub(crate) fn write<C: Counter>(
    file: &mut dyn Write,
    meter: &Meter<C>,
    token: &str,
    zone: Zone,
    ages: Option<&[Option<u64>]>,
) -> io::Result<()> {
    let stages: Vec<Stage> = meter.source_stages().collect();
    write!(file, "seq,token,exchange_time")?;
    for stage in &stages {
        write!(file, ",{}_ns", stage.name())?;
    }
    writeln!(file, ",total_ns,age_ns")?;
    let mut second = String::new();
    let mut second_of = i64::MIN;
    for (place, record) in meter.records().iter().enumerate() {
        let time = record.filed.tick.time;
        // Most ticks share their stamp with the one before.
        if time.0 != second_of {
            second = zone.iso(time);
            second_of = time.0;
        }
        write!(file, "{},{token},{second}", record.filed.sequence)?;
        for stage in &stages {
            match meter.stage_ns(&record.stamps, *stage) {
                Some(ns) => write!(file, ",{ns}")?,
                None => write!(file, ",")?,
            }
        }
        write!(file, ",{},", meter.total_ns(&record.stamps))?;
        match ages.and_then(|ages| ages.get(place).copied().flatten()) {
            Some(age) => writeln!(file, "{age}")?,
            None => writeln!(file)?,
        }
    }
    Ok(())
}
