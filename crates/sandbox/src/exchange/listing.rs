//! What the broker knows of the played instrument: its segment, kind, lot, circuits and contract.

use engine::units::{EventTime, Micros, Paise, Qty, Zone, civil_from_days};
use engine::venue::{self, Key, Kind, Segment};
use smartapi::packet::SnapQuote;
use smartapi::rest::Exchange;
use smartapi::wire::{Rupees, Word as _};

use crate::Instrument;
use crate::scrip_master::{self, Contract};

/// Lots of one order of a derivative: NIFTY's 1,800 units.
const MOST_LOTS: i64 = 24;
/// Units of one order of a share.
const MOST_SHARES: i64 = 100_000;

/// The played instrument as REST names it and as the venue trades it.
pub(crate) struct Listing {
    /// `None` for an instrument that no order can name: NCDEX, or a token beyond 64 bits.
    pub(crate) instrument: Option<venue::Instrument>,
    pub(crate) exchange: Option<Exchange>,
    pub(crate) symbol: String,
    pub(crate) token: String,
    pub(crate) lot: i64,
    /// The underlying.
    pub(crate) name: String,
    /// As `28NOV2025`; empty for shares.
    pub(crate) expiry: String,
    /// The close of its last day; `None` for shares.
    pub(crate) expires: Option<EventTime>,
    /// -1 where there is no option.
    pub(crate) strike: Rupees,
    /// CE, PE, or nothing.
    pub(crate) option: &'static str,
    /// As the scrip master has it; empty for shares.
    pub(crate) kind: &'static str,
}

impl Listing {
    /// What its symbol says of `played`, with the circuits of its packets and a deposit for each unit.
    pub(crate) fn new(played: &Instrument, packet: &SnapQuote, deposit: Option<Paise>) -> Self {
        let is_share = matches!(played.segment(), "NSE" | "BSE");
        let contract =
            scrip_master::contract(&played.symbol, played.segment()).filter(|_| !is_share);
        let option = ["CE", "PE"].into_iter().find(|right| played.symbol.ends_with(right));
        let option = option.filter(|_| !is_share);
        let name = underlying(&played.symbol, is_share, contract.as_ref());
        let kind = if is_share { Kind::Cash } else { kind(played, name, option.is_some()) };
        let strike = contract.as_ref().and_then(|contract| contract.strike);
        Self {
            instrument: traded(played, kind, packet, deposit),
            exchange: Exchange::of(played.segment()),
            symbol: played.symbol.clone(),
            token: played.token.clone(),
            lot: played.lot_size,
            name: name.to_owned(),
            expiry: contract.as_ref().map(expiry).unwrap_or_default(),
            expires: contract.as_ref().map(expires),
            strike: Rupees::from_raw(strike.map_or(-10_000, in_ten_thousandths)),
            option: option.unwrap_or_default(),
            kind: name_of(kind),
        }
    }

    /// Whether it is the instrument with this token of this segment.
    pub(crate) fn is(&self, exchange: Exchange, token: &str) -> bool {
        self.exchange == Some(exchange) && self.token == token
    }

    /// Whether it is a share.
    pub(crate) fn is_share(&self) -> bool {
        self.kind.is_empty()
    }
}

/// 15:30 in India on the contract's day.
fn expires(contract: &Contract<'_>) -> EventTime {
    let close = Micros::minutes(15 * 60 + 30);
    EventTime(contract.day * Micros::DAY.0) + close - Zone::INDIA.offset
}

/// A strike in the steps of [`Rupees`].
fn in_ten_thousandths(paise: u64) -> i64 {
    i64::try_from(paise).unwrap_or(i64::MAX).saturating_mul(100)
}

/// The contract's day with its year in full, such as `28NOV2025`.
fn expiry(contract: &Contract<'_>) -> String {
    let (year, month, day) = civil_from_days(contract.day);
    let month = scrip_master::MONTHS[month as usize - 1];
    format!("{day:02}{month}{year}")
}

/// The name before the contract's date; of a symbol in another form the letters before its digits.
fn underlying<'s>(symbol: &'s str, is_share: bool, contract: Option<&Contract<'s>>) -> &'s str {
    match contract {
        Some(contract) => contract.name,
        None if is_share => symbol.trim_end_matches("-EQ"),
        None => symbol.split(|letter: char| letter.is_ascii_digit()).next().unwrap_or(symbol),
    }
}

/// The kind of a derivative.
fn kind(played: &Instrument, name: &str, is_option: bool) -> Kind {
    let is_commodity = matches!(played.segment(), "MCX" | "NCDEX");
    match (is_option, is_commodity, scrip_master::is_index(name)) {
        (true, true, _) => Kind::CommodityOption,
        (false, true, _) => Kind::CommodityFuture,
        (true, false, true) => Kind::IndexOption,
        (true, false, false) => Kind::StockOption,
        (false, false, true) => Kind::IndexFuture,
        (false, false, false) => Kind::StockFuture,
    }
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Cash => "",
        Kind::IndexFuture => "FUTIDX",
        Kind::StockFuture => "FUTSTK",
        Kind::IndexOption => "OPTIDX",
        Kind::StockOption => "OPTSTK",
        Kind::CommodityFuture => "FUTCOM",
        Kind::CommodityOption => "OPTFUT",
    }
}

fn traded(
    played: &Instrument,
    kind: Kind,
    packet: &SnapQuote,
    deposit: Option<Paise>,
) -> Option<venue::Instrument> {
    let segment = Segment::from_word(played.segment())?;
    let token = played.token.parse().ok()?;
    let most = if kind == Kind::Cash { MOST_SHARES } else { MOST_LOTS * played.lot_size };
    let (lot, tick) = (Qty(played.lot_size), Paise(played.tick_paise));
    Some(venue::Instrument {
        lower_circuit: Paise(packet.lower_circuit.get()),
        upper_circuit: Paise(packet.upper_circuit.get()).min(Paise::MAX_PRICE),
        margin: deposit,
        ..venue::Instrument::new(Key { segment, token }, kind, lot, tick, Qty(most.max(lot.0)))
    })
}

#[cfg(test)]
mod tests {
    use smartapi::packet::{ExchangeType, FromZeros as _};

    use super::*;

    fn listed(segment: &str, symbol: &str) -> Listing {
        let exchange_type = ExchangeType::of_segment(segment).unwrap();
        let played = Instrument { exchange_type, symbol: symbol.into(), ..Instrument::default() };
        Listing::new(&played, &SnapQuote::new_zeroed(), None)
    }

    #[test]
    fn the_symbol_and_the_segment_tell_the_kind() {
        for (segment, symbol, kind, expiry, strike, option) in [
            ("NFO", "NIFTY28NOV2526000CE", "OPTIDX", "28NOV2025", "26000", "CE"),
            ("BFO", "SENSEX27NOV2585000PE", "OPTIDX", "27NOV2025", "85000", "PE"),
            ("NFO", "RELIANCE25DEC25FUT", "FUTSTK", "25DEC2025", "-1", ""),
            ("MCX", "SILVER05DEC25FUT", "FUTCOM", "05DEC2025", "-1", ""),
            ("BFO", "SENSEX2591181200CE", "OPTIDX", "11SEP2025", "81200", "CE"),
            // Of no form that we know.
            ("BFO", "SENSEX2599985000CE", "OPTIDX", "", "-1", "CE"),
            ("NSE", "RELIANCE-EQ", "", "", "-1", ""),
            // A share whose name ends like an option's.
            ("NSE", "SPICE", "", "", "-1", ""),
        ] {
            let listing = listed(segment, symbol);
            let told = (listing.kind, listing.expiry.as_str(), listing.option);
            assert_eq!(told, (kind, expiry, option), "{symbol}");
            assert_eq!(listing.strike.to_string(), strike, "{symbol}");
            assert_eq!(listing.is_share(), kind.is_empty());
        }
    }

    #[test]
    fn an_instrument_that_no_order_can_name_is_not_traded() {
        assert!(listed("NCDEX", "JEERA19DEC25FUT").instrument.is_none());
        let token = "9".repeat(25);
        let played = Instrument { token, ..Instrument::default() };
        let listing = Listing::new(&played, &SnapQuote::new_zeroed(), None);
        assert!(listing.instrument.is_none());
    }

    #[test]
    fn an_order_has_at_most_the_freeze_quantity() {
        let option = listed("NFO", "NIFTY28NOV2526000CE").instrument.unwrap();
        assert_eq!((option.lot, option.freeze), (Qty(75), Qty(1_800)));
        assert_eq!(listed("NSE", "SBIN-EQ").instrument.unwrap().freeze, Qty(MOST_SHARES));
    }
}
