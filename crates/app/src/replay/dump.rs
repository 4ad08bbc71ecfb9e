//! `replay --indicators`: what every indicator showed after each processed tick.

use engine::probe::Probe;
use engine::tick_path::TickPath;
use engine::tick_path::strategy::{Strategy, Unit};
use engine::units::Zone;

use crate::failure::Failure;
use crate::run_folder::{Open, RunFolder};

/// The columns that come first, in this order; those that a strategy has beside them follow.
const ORDER: [&str; 15] = [
    "green_count",
    "fast_ema",
    "slow_ema",
    "macd",
    "macd_signal",
    "macd_hist",
    "vwap",
    "htf_ema",
    "rsi",
    "bb_lower",
    "bb_mid",
    "bb_upper",
    "stoch_k",
    "stoch_d",
    "atr",
];

/// `indicators.csv`: one row a processed tick, prices in rupees, an empty cell where not ready.
pub(super) struct Dump {
    file: Open,
    zone: Zone,
    /// Places of the readings in the order of the columns, and whether they are prices.
    columns: Vec<(usize, bool)>,
    rows: u64,
    processed: u64,
}

impl Dump {
    /// Writes the header.
    pub(super) fn begin<S: Strategy>(folder: &RunFolder, zone: Zone) -> Result<Self, Failure> {
        let mut file = folder.open("indicators.csv")?;
        let rank = |name: &str| ORDER.iter().position(|known| *known == name);
        let mut places: Vec<usize> = (0..S::READINGS.len()).collect();
        let name = |place: &usize| S::READINGS.get(*place).map_or("", |(name, _)| *name);
        places.sort_by_key(|place| (rank(name(place)).unwrap_or(ORDER.len()), *place));
        let names: String = places.iter().map(|place| format!(",{}", name(place))).collect();
        file.line(|out| writeln!(out, "tick_index,timestamp,price,volume{names}"))?;
        let is_price =
            |place: &usize| S::READINGS.get(*place).is_some_and(|(_, unit)| *unit == Unit::Paise);
        let columns = places.iter().map(|place| (*place, is_price(place))).collect();
        Ok(Self { file, zone, columns, rows: 0, processed: 0 })
    }

    /// Looks at the path after a row was walked; a row that was not processed leaves none here.
    pub(super) fn look<S: Strategy, P: Probe>(
        &mut self,
        path: &TickPath<S, P>,
    ) -> Result<(), Failure> {
        let index = self.rows;
        self.rows += 1;
        let processed = path.trader().tally().processed;
        if processed == std::mem::replace(&mut self.processed, processed) {
            return Ok(());
        }
        let Some(tick) = path.broker().last() else { return Ok(()) };
        let readings = path.trader().strategy().readings();
        let (zone, columns) = (self.zone, &self.columns);
        self.file.line(|out| {
            let price = tick.price.as_f64() / 100.0;
            write!(out, "{index},{},{price},{}", zone.iso(tick.time), tick.volume.0)?;
            for (place, is_price) in columns {
                let scale = if *is_price { 100.0 } else { 1.0 };
                match readings.0.get(*place).copied().flatten() {
                    Some(value) => write!(out, ",{}", value / scale)?,
                    None => write!(out, ",")?,
                }
            }
            writeln!(out)
        })
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.file.close()
    }
}
