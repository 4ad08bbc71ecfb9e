//! The trades as tables for programs: `trades.csv` and `trades.parquet`.

use std::io::{self, Write};
use std::sync::Arc;

use engine::replay::{Outcome, TradeRow};
use engine::tick_path::position::Trade;
use engine::tick_path::strategy::{Readings, Unit};
use engine::units::{Money, Zone};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// One row a sale: rupees, and times in ISO 8601 with the exchange's offset.
pub(super) fn csv(out: &mut dyn Write, trades: &[Trade], zone: Zone) -> io::Result<()> {
    writeln!(
        out,
        "entry_time,exit_time,entry_price,exit_price,quantity,gross_pnl,costs,net_pnl,exit_reason"
    )?;
    for trade in trades {
        let row = TradeRow::new(trade, zone);
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{}",
            row.entry_time,
            row.exit_time,
            trade.entry_price,
            trade.exit_price,
            row.quantity,
            trade.gross,
            trade.costs,
            trade.net,
            row.exit_reason
        )?;
    }
    Ok(())
}

/// The columns of `trades.parquet`: instants, whole paise and units. Behind them follow what the
/// strategy's indicators showed at entry and at exit, as doubles, prices in rupees, null = not ready.
const COLUMNS: &str = "
    required int64 position;
    required int64 entry_time (TIMESTAMP(MICROS,true));
    required int64 exit_time (TIMESTAMP(MICROS,true));
    required int64 entry_price_paise;
    required int64 exit_price_paise;
    required int64 quantity;
    required int64 gross_pnl_paise;
    required int64 costs_paise;
    required int64 net_pnl_paise;
    required binary exit_reason (STRING);
";

/// Sales per row group.
const GROUP: usize = 100_000;

/// The same sales as the CSV, exact to the paisa.
pub(super) fn parquet(outcome: &Outcome) -> io::Result<Vec<u8>> {
    written(outcome).map_err(io::Error::other)
}

fn written(outcome: &Outcome) -> Result<Vec<u8>, ParquetError> {
    let moments = ["entry", "exit"];
    let names = moments.iter().flat_map(|moment| {
        outcome.readings.iter().map(move |(name, _)| format!("optional double {moment}_{name};"))
    });
    let shown: String = names.collect();
    let schema = Arc::new(parse_message_type(&format!("message trade {{{COLUMNS}{shown}}}"))?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for group in outcome.trades.chunks(GROUP) {
        let mut rows = writer.next_row_group()?;
        integers(&mut rows, group, |trade| Ok(trade.position as i64))?;
        integers(&mut rows, group, |trade| Ok(trade.entry_time.0))?;
        integers(&mut rows, group, |trade| Ok(trade.exit_time.0))?;
        integers(&mut rows, group, |trade| Ok(trade.entry_price.0))?;
        integers(&mut rows, group, |trade| Ok(trade.exit_price.0))?;
        integers(&mut rows, group, |trade| Ok(trade.quantity.0))?;
        integers(&mut rows, group, |trade| paise(trade.gross))?;
        integers(&mut rows, group, |trade| paise(trade.costs))?;
        integers(&mut rows, group, |trade| paise(trade.net))?;
        let reasons: Vec<ByteArray> =
            group.iter().map(|trade| trade.reason.to_string().into_bytes().into()).collect();
        if let Some(mut column) = rows.next_column()? {
            column.typed::<ByteArrayType>().write_batch(&reasons, None, None)?;
            column.close()?;
        }
        for (place, (_, unit)) in outcome.readings.iter().enumerate() {
            readings(&mut rows, group, place, *unit, |trade| &trade.at_entry)?;
        }
        for (place, (_, unit)) in outcome.readings.iter().enumerate() {
            readings(&mut rows, group, place, *unit, |trade| &trade.at_exit)?;
        }
        rows.close()?;
    }
    writer.into_inner()
}

fn integers(
    rows: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    trades: &[Trade],
    of: impl Fn(&Trade) -> Result<i64, ParquetError>,
) -> Result<(), ParquetError> {
    let values: Vec<i64> = trades.iter().map(of).collect::<Result<_, _>>()?;
    if let Some(mut column) = rows.next_column()? {
        column.typed::<Int64Type>().write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn readings(
    rows: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    trades: &[Trade],
    place: usize,
    unit: Unit,
    of: impl Fn(&Trade) -> &Readings,
) -> Result<(), ParquetError> {
    let scale = if unit == Unit::Paise { 100.0 } else { 1.0 };
    let all = trades.iter().map(|trade| of(trade).0.get(place).copied().flatten());
    let (mut values, mut present) = (Vec::new(), Vec::new());
    for value in all {
        present.push(i16::from(value.is_some()));
        values.extend(value.map(|value| value / scale));
    }
    if let Some(mut column) = rows.next_column()? {
        column.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
        column.close()?;
    }
    Ok(())
}

fn paise(money: Money) -> Result<i64, ParquetError> {
    i64::try_from(money.0).map_err(|_| {
        ParquetError::General(format!("₹{money} is more paise than the 64 bits of a column hold"))
    })
}
