//! What the broker refuses in an order, found before it is sent.
//!
//! Source: SmartAPI documentation (July 2026), orders page; forum topics 4859 (tag), 5001 (ROBO with
//!         LIMIT alone); `OpenAlgo` for stop orders, which take the variety STOPLOSS.

use super::words::{Exchange, OrderType, Product, Validity, Variety};
use crate::wire::Rupees;

/// The most characters of an order tag.
///
/// Source: a moderator in forum topic 4859; the documentation says less than 20.
pub const LONGEST_TAG: usize = 15;

/// Why an order would be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// Less than one unit.
    #[error("quantity was {was}, at least 1 is needed")]
    Quantity { was: i64 },
    /// A limit order without a price, or one at the market with a price.
    #[error("price was {was} for {ordertype}, {} is needed", needed_price(*.ordertype))]
    Price { ordertype: OrderType, was: Rupees },
    /// A stop order without its trigger.
    #[error("triggerprice was {was} for {ordertype}, a price above 0 is needed")]
    Trigger { ordertype: OrderType, was: Rupees },
    /// A variety that does not go with the kind of the order.
    #[error("variety was {variety} for {ordertype}, {needed} is needed")]
    Variety { variety: Variety, ordertype: OrderType, needed: &'static str },
    /// A product that does not go with the variety.
    #[error("producttype was {product} for variety {variety}, BO goes with ROBO and only with it")]
    Product { product: Product, variety: Variety },
    /// A bracket without its target or stop.
    #[error("{field} was {was} for ROBO, a distance above 0 is needed")]
    Distance { field: &'static str, was: Rupees },
    /// Immediate or cancel where there is no such thing.
    #[error("duration was IOC on {exchange}, commodities take DAY only")]
    Ioc { exchange: Exchange },
    /// More disclosed than ordered, or less than nothing.
    #[error("disclosedquantity was {was}, 0 to the {quantity} of the order are allowed")]
    Disclosed { was: i64, quantity: i64 },
    /// A tag that is too long, empty, or has other characters.
    #[error("ordertag was \"{was}\", 1 to {LONGEST_TAG} letters and digits are allowed")]
    Tag { was: String },
    /// An instrument without a name, or with characters that the broker's firewall blocks.
    #[error("{field} was \"{was}\", {needed}")]
    Contract { field: &'static str, was: String, needed: &'static str },
    /// An order id that is none.
    #[error("orderid was \"{was}\", letters, digits and hyphens are allowed")]
    Id { was: String },
}

impl OrderFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Quantity { .. } => "order at least one lot, in units",
            Self::Price { .. } => "give a limit order its price, and one at the market none",
            Self::Trigger { .. } => "give the price at which the stop order is to wake",
            Self::Variety { .. } => {
                "send stop orders as STOPLOSS, brackets as ROBO with LIMIT, all others as NORMAL"
            }
            Self::Product { .. } => "send the product BO with the variety ROBO, or neither",
            Self::Distance { .. } => {
                "give a bracket the distances from its price to target and stop, in rupees"
            }
            Self::Ioc { .. } => "send the order for the DAY and cancel it yourself",
            Self::Disclosed { .. } => "disclose the whole order or a part of it",
            Self::Tag { .. } => "shorten the tag, and leave out blanks and signs",
            Self::Contract { .. } => "take symbol and token from the scrip master as they are",
            Self::Id { .. } => "take the id from the answer to the order or from the order book",
        }
    }
}

const fn needed_price(ordertype: OrderType) -> &'static str {
    if ordertype.is_market() { "0" } else { "a price above 0" }
}

/// What placing and modifying have in common.
pub(super) struct Terms {
    pub(super) variety: Variety,
    pub(super) ordertype: OrderType,
    pub(super) product: Product,
    pub(super) validity: Validity,
    pub(super) exchange: Exchange,
    pub(super) quantity: i64,
    pub(super) disclosed: Option<i64>,
    pub(super) price: Rupees,
    pub(super) trigger: Option<Rupees>,
}

impl Terms {
    pub(super) fn check(&self) -> Result<(), OrderFault> {
        self.check_variety()?;
        self.check_change()
    }

    /// A change has the variety of its order, whatever its kind is to be.
    pub(super) fn check_change(&self) -> Result<(), OrderFault> {
        self.check_product()?;
        self.check_prices()?;
        check_quantity(self.quantity, self.disclosed)?;
        if self.validity == Validity::Ioc && self.exchange.is_commodity() {
            return Err(OrderFault::Ioc { exchange: self.exchange });
        }
        Ok(())
    }

    fn check_variety(&self) -> Result<(), OrderFault> {
        let (variety, ordertype) = (self.variety, self.ordertype);
        let needed = match (variety, ordertype) {
            (_, ordertype) if ordertype.is_stop() => "STOPLOSS",
            (_, OrderType::Market) => "NORMAL",
            _ => "NORMAL or ROBO",
        };
        if !needed.split(" or ").any(|word| word == variety.to_string()) {
            return Err(OrderFault::Variety { variety, ordertype, needed });
        }
        Ok(())
    }

    fn check_product(&self) -> Result<(), OrderFault> {
        let (variety, product) = (self.variety, self.product);
        if (variety == Variety::Robo) != (product == Product::Bracket) {
            return Err(OrderFault::Product { product, variety });
        }
        Ok(())
    }

    fn check_prices(&self) -> Result<(), OrderFault> {
        let (ordertype, was) = (self.ordertype, self.price);
        if if ordertype.is_market() { !was.is_zero() } else { !was.is_positive() } {
            return Err(OrderFault::Price { ordertype, was });
        }
        let was = self.trigger.unwrap_or_default();
        if ordertype.is_stop() && !was.is_positive() {
            return Err(OrderFault::Trigger { ordertype, was });
        }
        Ok(())
    }
}

/// The quantities alone, for orders and GTT rules.
pub(super) fn check_quantity(quantity: i64, disclosed: Option<i64>) -> Result<(), OrderFault> {
    if quantity < 1 {
        return Err(OrderFault::Quantity { was: quantity });
    }
    match disclosed {
        Some(was) if !(0..=quantity).contains(&was) => Err(OrderFault::Disclosed { was, quantity }),
        _ => Ok(()),
    }
}

pub(super) fn check_tag(tag: &str) -> Result<(), OrderFault> {
    let fits = (1..=LONGEST_TAG).contains(&tag.len())
        && tag.bytes().all(|letter| letter.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(OrderFault::Tag { was: short(tag) }) }
}

pub(super) fn check_id(id: &str) -> Result<(), OrderFault> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
    if !id.is_empty() && id.bytes().all(fits) {
        Ok(())
    } else {
        Err(OrderFault::Id { was: short(id) })
    }
}

/// The symbol needs to be there, without what the firewall takes for an attack; the token is a number.
pub(super) fn check_contract(symbol: &str, token: &str) -> Result<(), OrderFault> {
    let blocked = |letter: char| letter.is_control() || "<>\"'".contains(letter);
    if symbol.trim().is_empty() || symbol.contains(blocked) {
        let needed = "a symbol of the scrip master is needed";
        return Err(OrderFault::Contract { field: "tradingsymbol", was: short(symbol), needed });
    }
    if token.is_empty() || !token.bytes().all(|letter| letter.is_ascii_digit()) {
        let needed = "digits are needed";
        return Err(OrderFault::Contract { field: "symboltoken", was: short(token), needed });
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests;
