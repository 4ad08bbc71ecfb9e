//! Ticks that never happened: an option's premium from a seed, the same on every machine.
//!
//! All arithmetic is on integers, so no platform's rounding can change a row.

use super::tape::Row;

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// Small steps, slow runs.
    Calm,
    /// Steps about three times as large.
    Volatile,
    /// Calm with jumps in the price and silent minutes.
    Gappy,
}

/// What [`generate`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub regime: Regime,
    pub seed: u64,
    pub rows: usize,
    /// Rows that share each whole-second stamp; 0 counts as 1.
    pub per_second: u32,
    /// Milliseconds since 1970 UTC; cut to a whole second.
    pub first_ts_ms: i64,
    /// Quantities are multiples of this many units.
    pub lot_size: i64,
    /// Prices are multiples of this many paise; below 1 counts as 1.
    pub tick_paise: i64,
}

/// Scrambles a number (SplitMix64's output function): neighbours give unrelated results.
pub(crate) const fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    const fn roll(&mut self) -> u64 {
        let result = mix(self.0);
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        result
    }

    /// A number from 0 to before `sides`.
    const fn below(&mut self, sides: u64) -> i64 {
        (self.roll() % sides) as i64
    }

    /// A step with mean 0 and a deviation of about 37,837: four 16-bit dice.
    const fn bell(&mut self) -> i64 {
        let r = self.roll();
        let sum = (r & 0xFFFF) + ((r >> 16) & 0xFFFF) + ((r >> 32) & 0xFFFF) + (r >> 48);
        sum as i64 - 131_070
    }
}

/// One step of the price grid in the walk's fixed point.
const STEP: i64 = 1 << 16;
const DAY_S: i64 = 86_400;
/// 09:15 and 15:30 in India, as seconds of its day.
const OPEN_S: i64 = 33_300;
const CLOSE_S: i64 = 55_800;

/// A walk that is pulled back to its centre, with a volatility that wanders and runs that pass.
struct Walk {
    dice: Dice,
    regime: Regime,
    centre: i64,
    level: i64,
    usual: i64,
    deviation: i64,
    drift: i64,
    run: i64,
}

impl Walk {
    fn new(regime: Regime, seed: u64) -> Self {
        let mut dice = Dice(mix(seed));
        let centre = (2_800 + dice.below(1_400)) * STEP;
        let usual = match regime {
            Regime::Calm => 7 * STEP,
            Regime::Volatile => 20 * STEP,
            Regime::Gappy => 8 * STEP,
        };
        Self { dice, regime, centre, level: centre, usual, deviation: usual, drift: 0, run: 0 }
    }

    /// The next price in steps of the grid; one row in three repeats the price before it.
    fn next_price(&mut self) -> i64 {
        if self.dice.below(3) != 0 {
            self.advance();
        }
        (self.level / STEP).max(1)
    }

    fn advance(&mut self) {
        if self.run == 0 {
            self.run = 40 + self.dice.below(360);
            self.drift = (self.dice.below(5) - 2) * self.usual / 10;
        }
        self.run -= 1;
        let wander = self.dice.bell() * (self.usual / 40) / 37_837;
        self.deviation += (self.usual - self.deviation) / 256 + wander;
        self.deviation = self.deviation.clamp(self.usual / 3, self.usual * 3);
        let noise = self.dice.bell() * self.deviation / 37_837;
        let pull = (self.centre - self.level) / 1_024;
        self.level = (self.level + self.drift + noise + pull + self.jump()).max(STEP);
    }

    /// In a gappy market, now and then two to ten rupees at once.
    fn jump(&mut self) -> i64 {
        if self.regime != Regime::Gappy || self.dice.below(400) != 0 {
            return 0;
        }
        let size = (40 + self.dice.below(160)) * STEP;
        if self.dice.below(2) == 0 { size } else { -size }
    }

    /// In a gappy market, now and then one to four minutes without a trade.
    fn silence_s(&mut self) -> i64 {
        let falls = self.regime == Regime::Gappy && self.dice.below(500) == 0;
        if falls { 60 + self.dice.below(180) } else { 0 }
    }

    /// Mostly one lot, now and then more.
    fn lots(&mut self) -> i64 {
        match self.dice.below(100) {
            0..83 => 1,
            83..93 => 2,
            93..97 => 3,
            97 => 4,
            98 => 5,
            _ => 10,
        }
    }
}

/// Makes the rows of `recipe`.
///
/// On the usual grid of five paise prices lie mostly between 100 and 250 rupees, and never below one
/// step. A stamp that reaches 15:30 in India continues at 09:15 of the next weekday.
#[must_use]
pub fn generate(recipe: &Recipe) -> Vec<Row> {
    let mut walk = Walk::new(recipe.regime, recipe.seed);
    let mut second = recipe.first_ts_ms.div_euclid(1000);
    let mut left = recipe.per_second.max(1);
    let mut rows = Vec::with_capacity(recipe.rows);
    while rows.len() < recipe.rows {
        if left == 0 {
            left = recipe.per_second.max(1);
            second = in_session(second, second + 1 + walk.silence_s());
        }
        left -= 1;
        rows.push(Row {
            exchange_ts_ms: second * 1000,
            price_paise: walk.next_price().saturating_mul(recipe.tick_paise.max(1)),
            qty: walk.lots().saturating_mul(recipe.lot_size),
        });
    }
    rows
}

/// `next`, or the next weekday's opening if the close lies between `last` and it.
const fn in_session(last: i64, next: i64) -> i64 {
    let local = last + 19_800;
    let close = local - local.rem_euclid(DAY_S) + CLOSE_S;
    if local >= close || next + 19_800 < close {
        return next;
    }
    let mut day = local.div_euclid(DAY_S) + 1;
    // 1 January 1970 was a Thursday: days 2 and 3 of each week are Saturday and Sunday.
    while matches!(day.rem_euclid(7), 2 | 3) {
        day += 1;
    }
    day * DAY_S + OPEN_S - 19_800
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-10-01 09:36:00 IST, a Wednesday.
    const START_MS: i64 = 1_759_291_560_000;

    fn made(regime: Regime, seed: u64, rows: usize) -> Vec<Row> {
        let per_second = 2;
        let (first_ts_ms, lot_size, tick_paise) = (START_MS, 75, 5);
        generate(&Recipe { regime, seed, rows, per_second, first_ts_ms, lot_size, tick_paise })
    }

    fn fingerprint(rows: &[Row]) -> u64 {
        rows.iter().fold(0, |sum, row| {
            let fields = [row.exchange_ts_ms, row.price_paise, row.qty];
            fields.iter().fold(sum, |sum, &field| mix(sum ^ field as u64))
        })
    }

    #[test]
    fn a_seed_gives_the_same_rows_everywhere() {
        let prints = [Regime::Calm, Regime::Volatile, Regime::Gappy]
            .map(|regime| fingerprint(&made(regime, 1, 50_000)));
        assert_eq!(
            prints,
            [3_449_910_764_623_706_764, 13_709_344_956_746_882_768, 8_393_491_467_061_768_285]
        );
        assert_ne!(made(Regime::Calm, 1, 100), made(Regime::Calm, 2, 100));
    }

    #[test]
    fn prices_lie_on_the_grid_and_stay_an_options() {
        for regime in [Regime::Calm, Regime::Volatile, Regime::Gappy] {
            for seed in 0..5 {
                let rows = made(regime, seed, 40_000);
                assert!(rows.iter().all(|row| row.price_paise % 5 == 0 && row.price_paise >= 5));
                assert!(rows.iter().all(|row| row.qty > 0 && row.qty % 75 == 0));
                assert!(rows.is_sorted_by_key(|row| row.exchange_ts_ms));
                let usual = rows.iter().filter(|r| (10_000..=25_000).contains(&r.price_paise));
                assert!(usual.count() > rows.len() / 2, "{regime:?} {seed}");
            }
        }
    }

    #[test]
    fn another_grid_stretches_the_same_walk() {
        let (first_ts_ms, per_second, lot_size) = (START_MS, 2, 100);
        let of = |tick_paise| {
            let (regime, seed, rows) = (Regime::Calm, 1, 1_000);
            generate(&Recipe { regime, seed, rows, per_second, first_ts_ms, lot_size, tick_paise })
        };
        for (usual, coarse) in of(5).iter().zip(of(100)) {
            assert_eq!(coarse.price_paise, usual.price_paise * 20);
            assert_eq!(coarse.qty, usual.qty);
        }
    }

    #[test]
    fn a_gappy_day_has_silent_minutes_and_jumps() {
        let widest = |regime| {
            let rows = made(regime, 3, 20_000);
            rows.windows(2).fold((0, 0), |(gap, jump): (i64, i64), pair| {
                let (a, b) = (pair[0], pair[1]);
                let same_day = b.exchange_ts_ms - a.exchange_ts_ms < 3_600_000;
                let silent = if same_day { b.exchange_ts_ms - a.exchange_ts_ms } else { 0 };
                (gap.max(silent), jump.max((b.price_paise - a.price_paise).abs()))
            })
        };
        let (gap, jump) = widest(Regime::Gappy);
        assert!(gap > 60_000 && jump > 500, "{gap} {jump}");
        assert_eq!(widest(Regime::Calm).0, 1_000);
    }

    #[test]
    fn after_the_close_comes_the_next_weekday() {
        let friday_close = 1_759_485_600; // 2025-10-03 15:30:00 IST
        assert_eq!(in_session(friday_close - 2, friday_close - 1), friday_close - 1);
        let monday_open = friday_close + 3 * DAY_S - (CLOSE_S - OPEN_S);
        assert_eq!(in_session(friday_close - 1, friday_close), monday_open);
        assert_eq!(in_session(friday_close + 5, friday_close + 6), friday_close + 6);
    }
}
