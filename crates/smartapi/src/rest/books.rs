//! The rows of the order book and the trade book.
//!
//! Source: SmartAPI documentation (July 2026), orders page, order stream and postback.

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};

use super::words::{Exchange, OrderType, Product, Side, Validity, Variety};
use crate::clock::Wall;
use crate::wire::{Open, Rupees, TimeOfDay, loose_text, text, text_or_zero, words};

words! {
    /// The states of an order.
    ///
    /// There is none for a partial fill: such an order is open, with filled units.
    ///
    /// Source: SmartAPI documentation (July 2026), order stream, and texts seen in order books.
    pub enum OrderStatus {
        /// The broker has the request.
        Received = "put order req received",
        /// The broker checks it.
        ValidationPending = "validation pending",
        /// On its way to the exchange.
        OpenPending = "open pending",
        /// In the exchange's book, be it partly filled.
        Open = "open",
        /// A stop order that waits for its price.
        TriggerPending = "trigger pending",
        /// A change on its way to the exchange.
        ModifyPending = "modify pending",
        /// Changed; it goes on as an open order.
        Modified = "modified",
        /// Filled to the last unit.
        Complete = "complete",
        /// Refused by the broker or the exchange; the row's text says why.
        Rejected = "rejected",
        /// Ended by a cancellation, be it partly filled.
        Cancelled = "cancelled",
        /// Taken after hours, to be sent at the next opening.
        AfterMarketReceived = "after market order req received",
        /// Such an order was changed.
        AfterMarketModified = "modify after market order req received",
        /// Such an order was cancelled.
        AfterMarketCancelled = "cancelled after market order",
    }
}

impl OrderStatus {
    /// Whether nothing can happen to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Rejected | Self::Cancelled | Self::AfterMarketCancelled
        )
    }
}

/// One order, as the order book, one order's details, the order stream and the postback have it.
///
/// Written as the order book has it, all text; [`numbered`](Self::numbered) writes prices as numbers.
///
/// Shape:  read in either form; a missing key is empty. `strikeprice` is -1 where there is no option.
/// Units:  prices in rupees, zero where there is none; quantities in units, `None` where the broker
///         left them empty; times in Indian time on the wire.
/// Source: SmartAPI documentation (July 2026), get order book, individual order status, order stream
///         and postback.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct OrderRow {
    #[serde(default, with = "text")]
    pub variety: Open<Variety>,
    #[serde(default, with = "text")]
    pub ordertype: Open<OrderType>,
    #[serde(default, with = "text")]
    pub producttype: Open<Product>,
    #[serde(default, with = "text")]
    pub duration: Open<Validity>,
    #[serde(default, with = "text_or_zero")]
    pub price: Rupees,
    #[serde(default, with = "text_or_zero")]
    pub triggerprice: Rupees,
    #[serde(default, with = "text")]
    pub quantity: Option<i64>,
    #[serde(default, with = "loose_text")]
    pub disclosedquantity: Option<i64>,
    #[serde(default, with = "text_or_zero")]
    pub squareoff: Rupees,
    #[serde(default, with = "text_or_zero")]
    pub stoploss: Rupees,
    #[serde(default, with = "text_or_zero")]
    pub trailingstoploss: Rupees,
    #[serde(default, with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub transactiontype: Open<Side>,
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    /// The documentation's order book has null here.
    #[serde(default, with = "text")]
    pub symboltoken: String,
    #[serde(default, with = "text")]
    pub ordertag: String,
    #[serde(default, with = "text")]
    pub instrumenttype: String,
    #[serde(default, with = "text_or_zero")]
    pub strikeprice: Rupees,
    #[serde(default, with = "text")]
    pub optiontype: String,
    #[serde(default, with = "text")]
    pub expirydate: String,
    #[serde(default, with = "loose_text")]
    pub lotsize: Option<i64>,
    #[serde(default, with = "text")]
    pub cancelsize: Option<i64>,
    #[serde(default, with = "text_or_zero")]
    pub averageprice: Rupees,
    #[serde(default, with = "text")]
    pub filledshares: Option<i64>,
    #[serde(default, with = "text")]
    pub unfilledshares: Option<i64>,
    /// A bare number in the documentation's order book.
    #[serde(default, with = "text")]
    pub orderid: String,
    /// Why it was rejected.
    #[serde(default, with = "text")]
    pub text: String,
    /// The same as `orderstatus`.
    #[serde(default, with = "text")]
    pub status: Open<OrderStatus>,
    #[serde(default, with = "text")]
    pub orderstatus: Open<OrderStatus>,
    #[serde(default, with = "loose_text")]
    pub updatetime: Option<Wall>,
    #[serde(default, with = "loose_text")]
    pub exchtime: Option<Wall>,
    #[serde(default, with = "loose_text")]
    pub exchorderupdatetime: Option<Wall>,
    #[serde(default, with = "text")]
    pub fillid: String,
    /// Empty in all samples, so its form is not known.
    #[serde(default, with = "text")]
    pub filltime: String,
    #[serde(default, with = "text")]
    pub parentorderid: String,
    /// The order stream has none: join on `orderid`.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub uniqueorderid: String,
    /// Known since 2026, and in the order book alone.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub exchangeorderid: String,
    /// In the postback alone.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub clientcode: String,
}

impl OrderRow {
    /// The state of the order, from whichever of the two fields has it.
    #[must_use]
    pub fn state(&self) -> &Open<OrderStatus> {
        if self.orderstatus.as_str().is_empty() { &self.status } else { &self.orderstatus }
    }

    /// Whether nothing can happen to the order any more; an unknown state is not final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.state().known().is_some_and(OrderStatus::is_final)
    }

    /// Units that were filled.
    #[must_use]
    pub fn filled(&self) -> i64 {
        self.filledshares.unwrap_or_default()
    }

    /// Units that may still be filled: none once the order has ended.
    #[must_use]
    pub fn unfilled(&self) -> i64 {
        if self.is_final() {
            return 0;
        }
        let ordered = self.quantity.unwrap_or_default();
        let rest = ordered.saturating_sub(self.filled());
        let rest = rest.saturating_sub(self.cancelsize.unwrap_or_default());
        self.unfilledshares.unwrap_or(rest).max(0)
    }

    /// The strike, if it is an option.
    #[must_use]
    pub fn strike(&self) -> Option<Rupees> {
        Some(self.strikeprice).filter(|strike| strike.is_positive())
    }

    /// The row with prices as JSON numbers, as all but the order book has it.
    #[must_use]
    pub const fn numbered(&self) -> Numbered<'_> {
        Numbered(self)
    }

    const fn prices(&self) -> [(&'static str, Rupees); 7] {
        [
            ("price", self.price),
            ("triggerprice", self.triggerprice),
            ("squareoff", self.squareoff),
            ("stoploss", self.stoploss),
            ("trailingstoploss", self.trailingstoploss),
            ("strikeprice", self.strikeprice),
            ("averageprice", self.averageprice),
        ]
    }
}

/// An order row that is written with prices as JSON numbers.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'a>(&'a OrderRow);

impl Serialize for Numbered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serde_json::to_value(self.0).map_err(S::Error::custom)?;
        for (field, price) in self.0.prices() {
            if let (Some(place), Some(number)) =
                (row.get_mut(field), Number::from_f64(price.to_f64()))
            {
                *place = Value::Number(number);
            }
        }
        row.serialize(serializer)
    }
}

/// One trade of the trade book.
///
/// Shape:  all text; there is no token, and the id is the order's.
/// Units:  prices and value in rupees, size in units, the time in India.
/// Source: SmartAPI documentation (July 2026), get trade book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct TradeRow {
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(default, with = "text")]
    pub producttype: Open<Product>,
    #[serde(default, with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub instrumenttype: String,
    #[serde(default, with = "text")]
    pub symbolgroup: String,
    #[serde(default, with = "text_or_zero")]
    pub strikeprice: Rupees,
    #[serde(default, with = "text")]
    pub optiontype: String,
    #[serde(default, with = "text")]
    pub expirydate: String,
    #[serde(default, with = "loose_text")]
    pub marketlot: Option<i64>,
    #[serde(default, with = "loose_text")]
    pub precision: Option<i64>,
    #[serde(default, with = "loose_text")]
    pub multiplier: Option<i64>,
    #[serde(default, with = "loose_text")]
    pub tradevalue: Option<Rupees>,
    #[serde(default, with = "text")]
    pub transactiontype: Open<Side>,
    #[serde(with = "text")]
    pub fillprice: Rupees,
    #[serde(with = "text")]
    pub fillsize: i64,
    #[serde(with = "text")]
    pub orderid: String,
    #[serde(default, with = "text")]
    pub fillid: String,
    #[serde(default, with = "loose_text")]
    pub filltime: Option<TimeOfDay>,
}
