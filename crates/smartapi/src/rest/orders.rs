//! Bodies that place, modify and cancel orders; what is wrong with them is found before they are sent.
//!
//! Source: SmartAPI documentation (July 2026), orders page; field names as in smartapi-python 1.5.5.

use serde::{Deserialize, Serialize};

use super::order_check::{OrderFault, Terms, check_contract, check_id, check_tag};
use super::words::{Consent, Exchange, OrderType, Product, Side, Validity, Variety};
use crate::wire::{Rupees, own_text, text, text_or_zero, word_or_none};

/// What is traded, as orders name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract<'a> {
    pub exchange: Exchange,
    /// Such as `NIFTY28NOV2526000CE`, as the scrip master spells it.
    pub tradingsymbol: &'a str,
    /// The exchange's number of the instrument.
    pub symboltoken: &'a str,
}

/// The kind of an order with the prices that it needs, in rupees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// At `price` or better.
    Limit { price: Rupees },
    /// A limit order at `price` once `trigger` is reached.
    StopLimit { trigger: Rupees, price: Rupees },
    /// At the broker's market-protection price; prohibited to algorithms since April 2026.
    Market,
    /// At the market once `trigger` is reached; prohibited likewise.
    StopMarket { trigger: Rupees },
    /// A bracket: a limit order, and distances from its price to a target and a stop.
    Bracket { price: Rupees, target: Rupees, stop: Rupees, trail: Option<Rupees> },
}

impl Pricing {
    const fn variety(self) -> Variety {
        match self {
            Self::Limit { .. } | Self::Market => Variety::Normal,
            Self::StopLimit { .. } | Self::StopMarket { .. } => Variety::StopLoss,
            Self::Bracket { .. } => Variety::Robo,
        }
    }

    const fn ordertype(self) -> OrderType {
        match self {
            Self::Limit { .. } | Self::Bracket { .. } => OrderType::Limit,
            Self::Market => OrderType::Market,
            Self::StopLimit { .. } => OrderType::StopLossLimit,
            Self::StopMarket { .. } => OrderType::StopLossMarket,
        }
    }

    const fn price(self) -> Rupees {
        match self {
            Self::Limit { price } | Self::StopLimit { price, .. } | Self::Bracket { price, .. } => {
                price
            }
            Self::Market | Self::StopMarket { .. } => Rupees::ZERO,
        }
    }

    const fn trigger(self) -> Option<Rupees> {
        match self {
            Self::StopLimit { trigger, .. } | Self::StopMarket { trigger } => Some(trigger),
            _ => None,
        }
    }
}

/// Body of [`super::routes::PLACE_ORDER`].
///
/// Made by [`PlaceOrder::new`], which refuses what the broker would refuse; [`check`](Self::check)
/// says the same of one that was read or changed. Whoever sends it checks it once more.
///
/// Shape:  every value is text on the wire; numbers are read as well.
/// Units:  prices and distances in rupees, quantities in units and not in lots.
/// Source: SmartAPI documentation (July 2026), place order; note the capitals of `trailingStopLoss`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[non_exhaustive]
pub struct PlaceOrder {
    pub variety: Variety,
    pub tradingsymbol: String,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub transactiontype: Side,
    pub exchange: Exchange,
    pub ordertype: OrderType,
    pub producttype: Product,
    pub duration: Validity,
    /// Zero for orders at the market.
    #[serde(default, with = "text_or_zero")]
    pub price: Rupees,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub triggerprice: Option<Rupees>,
    #[serde(with = "text")]
    pub quantity: i64,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub disclosedquantity: Option<i64>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub squareoff: Option<Rupees>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoploss: Option<Rupees>,
    #[serde(rename = "trailingStopLoss")]
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub trailing_stop_loss: Option<Rupees>,
    /// The sender's own word for the order, which the books and the order stream repeat.
    #[serde(default, deserialize_with = "own_text", skip_serializing_if = "Option::is_none")]
    pub ordertag: Option<String>,
    /// Needed for shares under surveillance.
    #[serde(default, deserialize_with = "word_or_none", skip_serializing_if = "Option::is_none")]
    pub scripconsent: Option<Consent>,
}

impl PlaceOrder {
    /// An order for the day.
    ///
    /// Errors: [`OrderFault`] for whatever the broker would refuse; that the quantity is a multiple of
    ///         the lot, only the scrip master knows.
    pub fn new(
        contract: Contract<'_>,
        side: Side,
        quantity: i64,
        product: Product,
        pricing: Pricing,
    ) -> Result<Self, OrderFault> {
        let (squareoff, stoploss, trailing_stop_loss) = match pricing {
            Pricing::Bracket { target, stop, trail, .. } => (Some(target), Some(stop), trail),
            _ => (None, None, None),
        };
        Self {
            variety: pricing.variety(),
            tradingsymbol: contract.tradingsymbol.to_owned(),
            symboltoken: contract.symboltoken.to_owned(),
            transactiontype: side,
            exchange: contract.exchange,
            ordertype: pricing.ordertype(),
            producttype: product,
            duration: Validity::Day,
            price: pricing.price(),
            triggerprice: pricing.trigger(),
            quantity,
            disclosedquantity: None,
            squareoff,
            stoploss,
            trailing_stop_loss,
            ordertag: None,
            scripconsent: None,
        }
        .checked()
    }

    /// The same order with a tag.
    ///
    /// Errors: [`OrderFault::Tag`] unless it is 1 to 15 letters and digits.
    pub fn with_tag(self, tag: &str) -> Result<Self, OrderFault> {
        Self { ordertag: Some(tag.to_owned()), ..self }.checked()
    }

    /// The same order, immediate or cancel.
    ///
    /// Errors: [`OrderFault::Ioc`] for commodities.
    pub fn immediate_or_cancel(self) -> Result<Self, OrderFault> {
        Self { duration: Validity::Ioc, ..self }.checked()
    }

    /// The same order, showing only so many units to the market.
    ///
    /// Errors: [`OrderFault::Disclosed`] for more than the order has, or less than nothing.
    pub fn with_disclosed(self, units: i64) -> Result<Self, OrderFault> {
        Self { disclosedquantity: Some(units), ..self }.checked()
    }

    /// The same order, for a share under surveillance.
    #[must_use]
    pub fn with_consent(self) -> Self {
        Self { scripconsent: Some(Consent::Yes), ..self }
    }

    /// Whether it ends up at the market: prohibited to algorithms since April 2026, and the broker
    /// either converts or refuses it.
    #[must_use]
    pub const fn is_market(&self) -> bool {
        self.ordertype.is_market()
    }

    /// Whether it is immediate or cancel: prohibited to algorithms since April 2026.
    #[must_use]
    pub const fn is_ioc(&self) -> bool {
        matches!(self.duration, Validity::Ioc)
    }

    /// Errors: the first thing that the broker would refuse.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_contract(&self.tradingsymbol, &self.symboltoken)?;
        self.terms().check()?;
        self.check_distances()?;
        self.ordertag.as_deref().map_or(Ok(()), check_tag)
    }

    fn checked(self) -> Result<Self, OrderFault> {
        self.check().map(|()| self)
    }

    const fn terms(&self) -> Terms {
        Terms {
            variety: self.variety,
            ordertype: self.ordertype,
            product: self.producttype,
            validity: self.duration,
            exchange: self.exchange,
            quantity: self.quantity,
            disclosed: self.disclosedquantity,
            price: self.price,
            trigger: self.triggerprice,
        }
    }

    /// A bracket needs its target and stop; the trail may be missing.
    fn check_distances(&self) -> Result<(), OrderFault> {
        if self.variety != Variety::Robo {
            return Ok(());
        }
        for (field, distance) in [("squareoff", self.squareoff), ("stoploss", self.stoploss)] {
            if !distance.is_some_and(Rupees::is_positive) {
                return Err(OrderFault::Distance { field, was: distance.unwrap_or_default() });
            }
        }
        match self.trailing_stop_loss {
            Some(was) if was < Rupees::ZERO => {
                Err(OrderFault::Distance { field: "trailingStopLoss", was })
            }
            _ => Ok(()),
        }
    }
}

/// Body of [`super::routes::MODIFY_ORDER`]: the whole order as it is to be.
///
/// Shape:  every value is text on the wire; numbers are read as well.
/// Units:  as [`PlaceOrder`].
/// Source: SmartAPI documentation (July 2026), modify order, which knows `triggerprice` alone as the
///         trigger; `OpenAlgo` sends it as `stoploss`, so that is read too and never written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[non_exhaustive]
pub struct ModifyOrder {
    pub variety: Variety,
    #[serde(with = "text")]
    pub orderid: String,
    pub ordertype: OrderType,
    pub producttype: Product,
    pub duration: Validity,
    #[serde(default, with = "text_or_zero")]
    pub price: Rupees,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub triggerprice: Option<Rupees>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoploss: Option<Rupees>,
    #[serde(with = "text")]
    pub quantity: i64,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub disclosedquantity: Option<i64>,
    pub tradingsymbol: String,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub exchange: Exchange,
}

impl ModifyOrder {
    /// The order `orderid` with another quantity, kind or price; its variety has to stay what it was.
    ///
    /// Of a bracket only the price of the first order is sent: the documentation knows no distances
    /// here.
    ///
    /// Errors: [`OrderFault`] for whatever the broker would refuse.
    pub fn new(
        orderid: &str,
        contract: Contract<'_>,
        quantity: i64,
        product: Product,
        pricing: Pricing,
    ) -> Result<Self, OrderFault> {
        let order = Self {
            variety: pricing.variety(),
            orderid: orderid.to_owned(),
            ordertype: pricing.ordertype(),
            producttype: product,
            duration: Validity::Day,
            price: pricing.price(),
            triggerprice: pricing.trigger(),
            stoploss: None,
            quantity,
            disclosedquantity: None,
            tradingsymbol: contract.tradingsymbol.to_owned(),
            symboltoken: contract.symboltoken.to_owned(),
            exchange: contract.exchange,
        };
        order.check().map(|()| order)
    }

    /// The same change of an order whose variety is not that of its new kind, such as a stop order that
    /// is to be a limit order.
    ///
    /// Source: SmartAPI documentation (July 2026), modify order: the variety has to be the order's own.
    #[must_use]
    pub const fn of_variety(mut self, variety: Variety) -> Self {
        self.variety = variety;
        self
    }

    /// The trigger price, in whichever field it came; zero is none.
    #[must_use]
    pub fn trigger(&self) -> Option<Rupees> {
        [self.triggerprice, self.stoploss].into_iter().flatten().find(|price| !price.is_zero())
    }

    /// Whether it ends up at the market, as [`PlaceOrder::is_market`].
    #[must_use]
    pub const fn is_market(&self) -> bool {
        self.ordertype.is_market()
    }

    /// Whether it is immediate or cancel, as [`PlaceOrder::is_ioc`].
    #[must_use]
    pub const fn is_ioc(&self) -> bool {
        matches!(self.duration, Validity::Ioc)
    }

    /// Errors: the first thing that the broker would refuse.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_id(&self.orderid)?;
        check_contract(&self.tradingsymbol, &self.symboltoken)?;
        let terms = Terms {
            variety: self.variety,
            ordertype: self.ordertype,
            product: self.producttype,
            validity: self.duration,
            exchange: self.exchange,
            quantity: self.quantity,
            disclosed: self.disclosedquantity,
            price: self.price,
            trigger: self.trigger(),
        };
        terms.check_change()
    }
}

/// Body of [`super::routes::CANCEL_ORDER`].
///
/// Source: SmartAPI documentation (July 2026), cancel order; by the order id and never the unique one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[non_exhaustive]
pub struct CancelOrder {
    /// As the order has it.
    pub variety: Variety,
    #[serde(with = "text")]
    pub orderid: String,
}

impl CancelOrder {
    /// The end of the order `orderid`.
    ///
    /// Errors: [`OrderFault::Id`] unless it is letters, digits and hyphens.
    pub fn new(variety: Variety, orderid: &str) -> Result<Self, OrderFault> {
        let end = Self { variety, orderid: orderid.to_owned() };
        end.check().map(|()| end)
    }

    /// Errors: the first thing that the broker would refuse.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_id(&self.orderid)
    }
}

/// Data of the answer to a placed, modified or cancelled order.
///
/// An id means that the request is being processed, not that the exchange took it: a rejection comes
/// by the order stream and in the order book.
///
/// Source: SmartAPI documentation (July 2026), orders page; `script` with place alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct OrderReceipt {
    /// The trading symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The date as YYMMDD and nine digits.
    #[serde(with = "text")]
    pub orderid: String,
    /// A UUID, for [`super::routes::order_details`]; older answers have none.
    #[serde(default, with = "text")]
    pub uniqueorderid: String,
}
