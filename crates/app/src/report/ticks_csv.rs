//! `ticks.csv`: one row a traced tick, every stage in nanoseconds.

use std::io::{self, Write};

use engine::probe::{Counter, Meter, Stage};
use engine::units::Zone;

use super::ticks::TickRow;

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

/// Writes the header and all rows.
pub(crate) fn write(
    file: &mut dyn Write,
    stages: &[Stage],
    token: &str,
    zone: Zone,
    rows: impl Iterator<Item = io::Result<TickRow>>,
) -> io::Result<()> {
    write!(file, "seq,token,exchange_time")?;
    for stage in stages {
        write!(file, ",{}_ns", stage.name())?;
    }
    writeln!(file, ",total_ns,age_ns")?;
    let mut time = (i64::MIN, String::new());
    let mut line = Vec::with_capacity(256);
    for row in rows {
        let row = row?;
        // Most ticks share their stamp with the one before.
        if row.exchange_time.0 != time.0 {
            time = (row.exchange_time.0, zone.iso(row.exchange_time));
        }
        line.clear();
        write!(line, "{},{token},{}", row.seq, time.1)?;
        let stages = stages.iter().map(|stage| row.stages_ns.get(*stage as usize).copied()?);
        for cell in stages.chain([row.total_ns, row.age_ns]) {
            line.push(b',');
            cell.into_iter().for_each(|ns| number(&mut line, ns));
        }
        line.push(b'\n');
        file.write_all(&line)?;
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
