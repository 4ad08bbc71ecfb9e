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
    let mut time = (i64::MIN, String::new());
    let mut row = Vec::with_capacity(256);
    for (place, record) in meter.records().iter().enumerate() {
        // Most ticks share their stamp with the one before.
        let exchange_time = record.filed.tick.time;
        if exchange_time.0 != time.0 {
            time = (exchange_time.0, zone.iso(exchange_time));
        }
        row.clear();
        write!(row, "{},{token},{}", record.filed.sequence, time.1)?;
        for stage in &stages {
            row.push(b',');
            meter.stage_ns(&record.stamps, *stage).into_iter().for_each(|ns| number(&mut row, ns));
        }
        row.push(b',');
        number(&mut row, meter.total_ns(&record.stamps));
        row.push(b',');
        let age = ages.and_then(|ages| ages.get(place).copied().flatten());
        age.into_iter().for_each(|age| number(&mut row, age));
        row.push(b'\n');
        file.write_all(&row)?;
    }
    Ok(())
}

/// Appends a number in decimal: there are millions of them, and someone waits for the end.
fn number(row: &mut Vec<u8>, mut number: u64) {
    let start = row.len();
    loop {
        row.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    row.get_mut(start..).into_iter().for_each(<[u8]>::reverse);
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_written_in_decimal() {
        for value in [0, 7, 10, 999, 1000, 1_234_567_890, u64::MAX] {
            let mut row = b"x".to_vec();
            number(&mut row, value);
            assert_eq!(row, format!("x{value}").into_bytes());
        }
    }
}
