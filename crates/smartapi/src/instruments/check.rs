//! A row's text turned into numbers, or the reason why it cannot be used.

use std::fmt;

use super::day::Day;
use super::row::Row;
use crate::packet::{ExchangeType, token_field};

/// What kind of instrument a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Anything of the cash segments that is no index: shares, funds, bonds.
    Share = 0,
    /// An index; it cannot be traded.
    Index = 1,
    /// A future.
    Future = 2,
    /// An option to buy.
    Call = 3,
    /// An option to sell.
    Put = 4,
    /// A row for something else, such as the spot price of a commodity.
    Other = 5,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Share, Self::Index, Self::Future, Self::Call, Self::Put, Self::Other];

    /// Whether it expires at a strike.
    #[must_use]
    pub const fn is_option(self) -> bool {
        matches!(self, Self::Call | Self::Put)
    }

    /// Source: SmartAPI documentation (July 2026), instruments page: the type names begin so.
    fn of(row: &Row<'_>) -> Result<Self, RowFault> {
        let kind = &*row.instrumenttype;
        Ok(match kind {
            "" => Self::Share,
            "AMXIDX" => Self::Index,
            _ if kind.starts_with("FUT") => Self::Future,
            _ if kind.starts_with("OPT") && row.symbol.ends_with("CE") => Self::Call,
            _ if kind.starts_with("OPT") && row.symbol.ends_with("PE") => Self::Put,
            _ if kind.starts_with("OPT") => return Err(RowFault::Side),
            _ => Self::Other,
        })
    }
}

/// Why a row is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowFault {
    /// The element of the list is no object.
    NotARow,
    /// A segment that the stream has no number for.
    Segment,
    /// No token, or one that no packet can carry.
    Token,
    /// No symbol, or text that is not UTF-8 or longer than 255 bytes.
    Text,
    /// An option whose symbol ends with neither CE nor PE.
    Side,
    /// A future or an option without a readable expiry.
    Expiry,
    /// An option without a strike above 0, or a strike that is no number.
    Strike,
    /// A lot size that is no whole number of units, or 0 where the instrument is traded.
    Lot,
    /// A tick size that is no whole number of its unit.
    Tick,
    /// Its token stands in another row of the same segment, which expires later.
    Repeated,
}

impl fmt::Display for RowFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotARow => "no row",
            Self::Segment => "unknown segment",
            Self::Token => "unusable token",
            Self::Text => "unusable text",
            Self::Side => "neither CE nor PE",
            Self::Expiry => "unreadable expiry",
            Self::Strike => "unreadable strike",
            Self::Lot => "unreadable lot size",
            Self::Tick => "unreadable tick size",
            Self::Repeated => "repeated token",
        })
    }
}

/// The numbers of a row that can be used.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) exchange: ExchangeType,
    pub(super) kind: Kind,
    pub(super) expiry: Option<Day>,
    /// In the segment's own scale; 0 is none.
    pub(super) strike: i64,
    pub(super) lot: u32,
    /// In the segment's own scale; 0 is none.
    pub(super) tick: u32,
}

/// Reads the numbers of a row.
pub(super) fn check(row: &Row<'_>) -> Result<Checked, RowFault> {
    let exchange = ExchangeType::of_segment(&row.exch_seg).ok_or(RowFault::Segment)?;
    if row.token.is_empty() || row.token.contains('\0') || token_field(&row.token).is_none() {
        return Err(RowFault::Token);
    }
    let texts = [&row.token, &row.symbol, &row.name, &row.instrumenttype];
    let usable = |text: &str| text.len() <= 255 && !text.contains(char::REPLACEMENT_CHARACTER);
    if row.symbol.is_empty() || !texts.iter().all(|text| usable(text)) {
        return Err(RowFault::Text);
    }
    let kind = Kind::of(row)?;
    let expiry = match (kind, &*row.expiry) {
        (Kind::Future | Kind::Call | Kind::Put, text) => {
            Some(Day::from_wire(text).ok_or(RowFault::Expiry)?)
        }
        (_, text) => Day::from_wire(text),
    };
    let strike = match kind.is_option() {
        true => whole(&row.strike).filter(|&strike| strike > 0).ok_or(RowFault::Strike)?,
        false => 0,
    };
    let lot = whole(&row.lotsize).and_then(|lot| u32::try_from(lot).ok()).ok_or(RowFault::Lot)?;
    if lot == 0 && !matches!(kind, Kind::Index | Kind::Other) {
        return Err(RowFault::Lot);
    }
    let tick = whole(&row.tick_size).map(|tick| tick.max(0));
    let tick = tick.and_then(|tick| u32::try_from(tick).ok()).ok_or(RowFault::Tick)?;
    Ok(Checked { exchange, kind, expiry, strike, lot, tick })
}

/// A whole number with or without decimals, which must be zeros: `-1.000000`, `75`.
fn whole(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || decimals.bytes().any(|byte| byte != b'0') {
        return None;
    }
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option() -> Row<'static> {
        Row {
            token: "47338".into(),
            symbol: "NIFTY28NOV2526000CE".into(),
            name: "NIFTY".into(),
            expiry: "28NOV2025".into(),
            strike: "2600000.000000".into(),
            lotsize: "75".into(),
            instrumenttype: "OPTIDX".into(),
            exch_seg: "NFO".into(),
            tick_size: "5.000000".into(),
        }
    }

    #[test]
    fn a_good_row_becomes_numbers() {
        let checked = check(&option()).expect("good");
        assert_eq!((checked.exchange, checked.kind), (ExchangeType::NSE_FO, Kind::Call));
        assert_eq!(checked.expiry, Day::new(2025, 11, 28));
        assert_eq!((checked.strike, checked.lot, checked.tick), (2_600_000, 75, 5));
    }

    #[test]
    fn each_fault_is_told() {
        type Spoil = fn(&mut Row<'static>);
        let spoilt: [(RowFault, Spoil); 14] = [
            (RowFault::Segment, |row| row.exch_seg = "nse_cm".into()),
            (RowFault::Token, |row| row.token = "".into()),
            (RowFault::Token, |row| row.token = "1".repeat(26).into()),
            (RowFault::Token, |row| row.token = "1\0".into()),
            (RowFault::Text, |row| row.symbol = "".into()),
            (RowFault::Text, |row| row.name = "N\u{fffd}FTY".into()),
            (RowFault::Side, |row| row.symbol = "NIFTY28NOV25XX".into()),
            (RowFault::Expiry, |row| row.expiry = "28-11-2025".into()),
            (RowFault::Expiry, |row| row.expiry = "".into()),
            (RowFault::Strike, |row| row.strike = "-1.000000".into()),
            (RowFault::Strike, |row| row.strike = "26000.500000".into()),
            (RowFault::Lot, |row| row.lotsize = "0".into()),
            (RowFault::Lot, |row| row.lotsize = "seventy-five".into()),
            (RowFault::Tick, |row| row.tick_size = "".into()),
        ];
        for (fault, spoil) in spoilt {
            let mut row = option();
            spoil(&mut row);
            assert_eq!(check(&row).err(), Some(fault), "{row:?}");
        }
    }

    #[test]
    fn no_tick_and_no_strike_are_zero_where_they_may_be() {
        let index = Row {
            symbol: "Nifty 50".into(),
            expiry: "".into(),
            strike: "0.000000".into(),
            lotsize: "1".into(),
            instrumenttype: "AMXIDX".into(),
            exch_seg: "NSE".into(),
            tick_size: "-1.000000".into(),
            ..option()
        };
        let checked = check(&index).expect("good");
        assert_eq!((checked.kind, checked.strike, checked.tick), (Kind::Index, 0, 0));
        assert_eq!(checked.expiry, None);
    }

    #[test]
    fn kinds_are_numbered_in_their_order() {
        assert!(Kind::ALL.iter().enumerate().all(|(at, kind)| *kind as usize == at));
    }
}
