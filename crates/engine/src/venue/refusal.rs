//! Why the broker says no: at once by a code, or later by the text of a rejected order.
//!
//! Source: SmartAPI documentation, Orders and Errors (July 2026); forum threads 4703 (price range, at
//!         once), 4859 (tag), 5001 (ROBO); the text about funds from recorded order updates. The other
//!         texts are our own in the broker's manner: he documents none.

use std::fmt;

use super::MOST_QTY;
use super::instrument::{Key, Segment};
use super::order::{Duration, OrderId, OrderType, Product, Status, Variety};
use crate::units::{Money, Paise, Qty};

/// What the broker or the exchange finds wrong with an order that has been given a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// No multiple of the lot.
    Lot {
        /// Asked for.
        qty: Qty,
        /// The lot.
        lot: Qty,
    },
    /// More than one order may have.
    Freeze {
        /// Asked for.
        qty: Qty,
        /// The most.
        most: Qty,
    },
    /// A price or trigger between two ticks.
    Tick {
        /// The price.
        price: Paise,
        /// The tick.
        tick: Paise,
    },
    /// Outside of the day's circuits.
    Circuit {
        /// The price.
        price: Paise,
        /// The lowest.
        lower: Paise,
        /// The highest.
        upper: Paise,
    },
    /// Too far from the last price: the exchange's limit price protection.
    Range {
        /// The price.
        price: Paise,
        /// A sale's lowest.
        lower: Paise,
        /// A buy's highest.
        upper: Paise,
    },
    /// The limit lies on the wrong side of the trigger.
    TriggerBeyondPrice {
        /// The trigger.
        trigger: Paise,
        /// The limit.
        price: Paise,
    },
    /// The trigger is reached already.
    TriggerReached {
        /// The trigger.
        trigger: Paise,
        /// The last price.
        last: Paise,
    },
    /// Not enough money.
    Funds {
        /// What there is.
        available: Money,
        /// What the order needs.
        required: Money,
    },
    /// It would sell short, or open a future, and no deposit is known for that.
    Margin,
    /// There is no last price to make a market order's limit from.
    NoPrice,
    /// Neither the session nor the hours of after-market orders.
    LoggedOff,
}

impl fmt::Display for Rejection {
    /// The text of the order book.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lot { qty, lot } => {
                write!(f, "Order quantity {} is not a multiple of the lot size {}", qty.0, lot.0)
            }
            Self::Freeze { qty, most } => {
                write!(f, "Order quantity {} exceeds the freeze quantity {}", qty.0, most.0)
            }
            Self::Tick { price, tick } => {
                write!(f, "Price Rs. {price} is not a multiple of the tick size Rs. {tick}")
            }
            Self::Circuit { price, lower, upper } => {
                write!(f, "Price Rs. {price} is outside the circuit limits Rs. {lower} - {upper}")
            }
            Self::Range { price, lower, upper } => write!(
                f,
                "The price Rs. {price} is out of the current LPP range Rs. {lower} - {upper}"
            ),
            Self::TriggerBeyondPrice { trigger, price } => write!(
                f,
                "Trigger price Rs. {trigger} does not come before the limit price Rs. {price}: \
                 below it for a buy order, above it for a sell order"
            ),
            Self::TriggerReached { trigger, last } => write!(
                f,
                "Trigger price Rs. {trigger} is reached by the LTP Rs. {last} already: above it for \
                 a buy order, below it for a sell order"
            ),
            Self::Funds { available, required } => write!(
                f,
                "Your order has been rejected due to Insufficient Funds. Available funds - Rs. \
                 {available} . You require Rs. {required} funds to execute this order."
            ),
            Self::Margin => f.write_str(
                "No margin is known for selling this instrument short or trading it on margin; only \
                 positions that are held may be sold",
            ),
            Self::NoPrice => f.write_str("No LTP to protect the market order with; send a limit"),
            Self::LoggedOff => f.write_str("Adapter is Logged Off"),
        }
    }
}

impl Rejection {
    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Lot { .. } => "order a multiple of the lot size; quantities are units, not lots",
            Self::Freeze { .. } => "split the order: each part within the freeze quantity",
            Self::Tick { .. } => "round the price and the trigger to the tick size",
            Self::Circuit { .. } => "choose a price within the day's limits",
            Self::Range { .. } => "choose a price nearer to the last one",
            Self::TriggerBeyondPrice { .. } => "let the price reach the trigger before the limit",
            Self::TriggerReached { .. } => "send a limit order: the stop has nothing to wait for",
            Self::Funds { .. } => "order less, or withdraw other orders first",
            Self::Margin => "sell what is held, or give the instrument a margin",
            Self::NoPrice => "wait for the first tick, or send a limit order",
            Self::LoggedOff => "send it in the session or in the hours of after-market orders",
        }
    }
}

/// What the broker refuses at once, without giving an order number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such instrument.
    Instrument(Key),
    /// An instrument is to be listed with figures that cannot be traded with.
    Listing(Key),
    /// The variety does not go with the order type, or is not the order's.
    Variety {
        /// Asked for.
        variety: Variety,
        /// The type that it does not go with.
        order_type: OrderType,
    },
    /// The request names another variety than the order has.
    OtherVariety {
        /// Asked for.
        asked: Variety,
        /// The order's.
        of_order: Variety,
    },
    /// ROBO orders are blocked.
    Robo,
    /// The product is not for this segment.
    Product {
        /// Asked for.
        product: Product,
        /// Where.
        segment: Segment,
    },
    /// IOC where it is not to be had: commodities, stop orders, after hours.
    Duration(Duration),
    /// MARKET and IOC are forbidden to algorithms, by the venue's switch.
    Prohibited(&'static str),
    /// Not above zero, or absurdly large.
    Qty(Qty),
    /// Not above zero, or absurdly high.
    Price(Paise),
    /// Less than nothing is to be shown, or more than there is.
    Disclosed {
        /// To be shown.
        disclosed: Qty,
        /// Asked for.
        qty: Qty,
    },
    /// The tag's characters.
    Tag(usize),
    /// As many orders as the broker takes.
    Full(usize),
    /// No such order today.
    Unknown(OrderId),
    /// The order is in a state in which that cannot be done.
    State(OrderId, Status),
    /// What a modification cannot change.
    Fixed(&'static str),
    /// As much or more has traded already.
    Filled {
        /// Asked for.
        qty: Qty,
        /// Traded.
        filled: Qty,
    },
    /// The price range of the exchange, or a modification that would be rejected.
    Rejected(Rejection),
    /// There is no such position to convert.
    Position(Key, Product),
    /// The position is smaller than what is to be converted.
    Conversion {
        /// Asked for.
        qty: Qty,
        /// Held on that side.
        held: Qty,
    },
    /// Without so much of the position, open orders would sell short, and no deposit is known for that.
    ConversionMargin(Qty),
    /// The deposits after a conversion would take more than there is.
    ConversionFunds {
        /// What there is.
        available: Money,
        /// What it would need.
        required: Money,
    },
}

/// The broker's code for bad parameters and wrong states.
const BAD_REQUEST: &str = "AB1007";

impl Refusal {
    /// The broker's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Instrument(_) => "AB1009",
            Self::Listing(_) => "AB1018",
            Self::Variety { .. } | Self::OtherVariety { .. } => "AB1008",
            Self::Robo => "AB2002",
            Self::Product { .. } => "AB1012",
            Self::Tag(_) => "AB4008",
            Self::Unknown(_) => "AB1013",
            Self::Position(..) => "AB1016",
            Self::Conversion { .. } | Self::ConversionMargin(_) | Self::ConversionFunds { .. } => {
                "AB1017"
            }
            Self::Duration(_)
            | Self::Prohibited(_)
            | Self::Qty(_)
            | Self::Price(_)
            | Self::Disclosed { .. }
            | Self::Full(_)
            | Self::State(..)
            | Self::Fixed(_)
            | Self::Filled { .. }
            | Self::Rejected(_) => BAD_REQUEST,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Instrument(_) => "look the token up in today's scrip master",
            Self::Listing(_) => "give it a lot, a tick, a freeze quantity and circuits that fit",
            Self::Variety { .. } => "STOPLOSS_LIMIT and STOPLOSS_MARKET go with variety STOPLOSS",
            Self::OtherVariety { .. } => "send the variety that the order was placed with",
            Self::Robo => "send the entry, the target and the stop as orders of their own",
            Self::Product { .. } => {
                "DELIVERY, MARGIN or INTRADAY for shares, CARRYFORWARD or INTRADAY for the others"
            }
            Self::Duration(_) => "send DAY",
            Self::Prohibited(_) => "send a LIMIT or STOPLOSS_LIMIT order with duration DAY",
            Self::Qty(_) => "send the quantity in units, from 1 on",
            Self::Price(_) => "send price and trigger in rupees, from 0.01 on",
            Self::Disclosed { .. } => "send 0, or a part of the quantity",
            Self::Tag(_) => "shorten the tag",
            Self::Full(_) => "withdraw orders that are no longer wanted",
            Self::Unknown(_) => "look the order up in today's order book",
            Self::State(..) => "look the order's status up in the order book first",
            Self::Fixed(_) => "cancel the order and place another",
            Self::Filled { .. } => "ask for more than has traded, or cancel the rest",
            Self::Rejected(rejection) => rejection.hint(),
            Self::Position(..) => "look the position and its product up first",
            Self::Conversion { .. } => "convert no more than is held on that side",
            Self::ConversionMargin(_) => "withdraw the orders that rely on the position first",
            Self::ConversionFunds { .. } => "convert less, or withdraw open orders first",
        }
    }
}

impl fmt::Display for Refusal {
    /// The message of the answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instrument(key) => write!(f, "Symbol Not Found: {key}"),
            Self::Listing(key) => {
                write!(f, "{key} has a lot, tick, freeze quantity or circuit that is out of range")
            }
            Self::Variety { variety, order_type } => {
                write!(f, "Invalid Variety: {variety} does not go with {order_type}")
            }
            Self::OtherVariety { asked, of_order } => {
                write!(f, "Invalid Variety: {asked}, but the order's is {of_order}")
            }
            Self::Robo => f.write_str("ROBO orders are blocked"),
            Self::Product { product, segment } => {
                write!(f, "Invalid Product Type: {product} is not allowed in {segment}")
            }
            Self::Duration(duration) => {
                write!(f, "{duration} is not allowed for commodities, stop or after-market orders")
            }
            Self::Prohibited(what) => write!(f, "{what} orders are prohibited for algo trading"),
            Self::Qty(Qty(qty)) => {
                write!(f, "Invalid quantity {qty}: must be from 1 to {}", MOST_QTY.0)
            }
            Self::Price(price) => {
                write!(f, "Invalid price {price}: must be from 0.01 to {}", Paise::MAX_PRICE)
            }
            Self::Disclosed { disclosed, qty } => {
                let (disclosed, qty) = (disclosed.0, qty.0);
                write!(f, "Invalid disclosed quantity {disclosed}: must be from 0 to {qty}")
            }
            Self::Tag(length) => {
                write!(f, "Order tag has {length} characters, at most 19 are allowed")
            }
            Self::Full(most) => write!(f, "Too many orders: at most {most} are allowed"),
            Self::Unknown(id) => write!(f, "Order Not Found: {id}"),
            Self::State(id, status) => write!(f, "Order {id} is {status}"),
            Self::Fixed(what) => {
                write!(
                    f,
                    "The {what} of an order cannot be modified: only type, price, trigger and quantity"
                )
            }
            Self::Filled { qty, filled } => {
                write!(f, "Quantity {} is not above the traded quantity {}", qty.0, filled.0)
            }
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Position(key, product) => write!(f, "Position Not Found: {key} {product}"),
            Self::Conversion { qty, held } => {
                write!(f, "Conversion of {} failed: {} are held", qty.0, held.0)
            }
            Self::ConversionMargin(qty) => write!(
                f,
                "Conversion of {} failed: open orders would sell short, and no margin is known for that",
                qty.0
            ),
            Self::ConversionFunds { available, required } => write!(
                f,
                "Conversion failed: Available funds - Rs. {available} . You require Rs. {required}"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
