//! Table: the byte layout of every market-data packet (little-endian, no padding).
//!
//! A packet of a richer mode begins with the packet of the poorer one, so the structs nest.

use zerocopy::little_endian::{F64, I16, I32, I64, U16};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{ExchangeType, WirePrice};

/// Mode 1, "LTP".
///
/// Shape:  51 bytes: mode 0, exchange type 1, token 2..27, sequence 27, exchange time 35, price 43.
/// Units:  exchange time in ms since 1970 UTC; price in paise, or 10^-7 rupees for currency.
/// Source: SmartAPI "WebSocket Streaming 2.0"; smartapi-python smartWebSocketV2.py `_parse_binary_data`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Ltp {
    pub mode: u8,
    pub exchange_type: u8,
    pub token: [u8; 25],
    pub sequence: I64,
    pub exchange_ts_ms: I64,
    pub ltp: I64,
}

/// Mode 2, "Quote".
///
/// Shape:  123 bytes: the 51 of [`Ltp`], then last quantity 51 … previous close 115.
/// Units:  quantities in units, not lots; prices as in [`Ltp`]; the two totals are doubles.
/// Source: as [`Ltp`]; the Java SDK reads the two totals as integers, which is wrong.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Quote {
    pub head: Ltp,
    pub last_traded_qty: I64,
    pub average_price: I64,
    pub day_volume: I64,
    pub total_buy_qty: F64,
    pub total_sell_qty: F64,
    pub open: I64,
    pub high: I64,
    pub low: I64,
    pub previous_close: I64,
}

/// One row of the best five.
///
/// Shape:  20 bytes: flag 0, quantity 2, price 10, orders 18.
/// Units:  flag 1 = buy, 0 = sell; orders is unsigned.
/// Source: SmartAPI "WebSocket Streaming 2.0", best five data; captured frames.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct DepthRow {
    pub flag: U16,
    pub qty: I64,
    pub px: I64,
    pub orders: U16,
}

/// Mode 3, "SnapQuote".
///
/// Shape:  379 bytes: the 123 of [`Quote`], then last traded time 123, open interest 131, its change
///         139, five buys and five sells 147, circuits 347 and 355, 52-week high and low 363 and 371.
/// Units:  last traded time in **seconds** since 1970 UTC; open interest in units; its change is a
///         double that the broker calls a dummy; prices as in [`Ltp`].
/// Source: as [`Ltp`]. The Python SDK reads the change as an integer, and its two depth steps swap the
///         sides twice, so flag 1 ends as *buy*.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct SnapQuote {
    pub quote: Quote,
    pub last_traded_ts_s: I64,
    pub open_interest: I64,
    pub open_interest_change_pct: F64,
    pub depth: [DepthRow; 10],
    pub upper_circuit: I64,
    pub lower_circuit: I64,
    pub high_52w: I64,
    pub low_52w: I64,
}

/// One row of the withdrawn 20-level depth.
///
/// Shape:  10 bytes: quantity 0, price 4, orders 8.
/// Units:  as [`DepthRow`], in 32 bits; orders is signed here.
/// Source: smartapi-python smartWebSocketV2.py `_parse_depth_20_data`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Depth20Row {
    pub qty: I32,
    pub px: I32,
    pub orders: I16,
}

/// Mode 4, "Depth-20": withdrawn by the broker on 25 Apr 2025, decoded for old recordings.
///
/// Shape:  443 bytes: mode 0, exchange type 1, token 2..27, exchange time 27, packet time 35, twenty
///         buys 43, twenty sells 243. There is no sequence number.
/// Units:  both times in ms since 1970 UTC.
/// Source: as [`Depth20Row`], which takes the exchange time from offset 35: the dummy.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Depth20 {
    pub mode: u8,
    pub exchange_type: u8,
    pub token: [u8; 25],
    pub exchange_ts_ms: I64,
    pub received_ts_ms: I64,
    pub buys: [Depth20Row; 20],
    pub sells: [Depth20Row; 20],
}

impl Ltp {
    /// The segment this packet belongs to.
    #[must_use]
    pub const fn exchange_type(&self) -> ExchangeType {
        ExchangeType(self.exchange_type)
    }

    /// The last traded price in the unit of the wire.
    #[must_use]
    pub const fn price(&self) -> WirePrice {
        WirePrice(self.ltp.get())
    }
}

impl SnapQuote {
    /// The five rows of the buying side, best first.
    #[must_use]
    pub fn buys(&self) -> &[DepthRow] {
        self.depth.split_at(5).0
    }

    /// The five rows of the selling side, best first.
    #[must_use]
    pub fn sells(&self) -> &[DepthRow] {
        self.depth.split_at(5).1
    }
}
