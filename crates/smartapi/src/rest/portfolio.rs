//! Positions, their conversion, and holdings.
//!
//! Source: SmartAPI documentation (July 2026), portfolio page.

use serde::{Deserialize, Serialize};

use super::words::{Exchange, Product, Side};
use crate::wire::{Decimal, Open, Rupees, list, loose_text, number, text, text_or_zero};

/// One position of the day, in one product.
///
/// Shape:  all text; `netvalue` may have a space after its sign.
/// Units:  amounts and prices in rupees, quantities in units; `None` where the broker left them empty.
/// Source: SmartAPI documentation (July 2026), get position; the last five fields from live answers
///         (`OpenAlgo`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct PositionRow {
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(with = "text")]
    pub symboltoken: String,
    #[serde(default, with = "text")]
    pub producttype: Open<Product>,
    #[serde(with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub symbolname: String,
    #[serde(default, with = "text")]
    pub instrumenttype: String,
    #[serde(default, with = "loose_text")]
    pub priceden: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub pricenum: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub genden: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub gennum: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub precision: Option<i64>,
    #[serde(default, with = "loose_text")]
    pub multiplier: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub boardlotsize: Option<i64>,
    #[serde(default, with = "text")]
    pub buyqty: Option<i64>,
    #[serde(default, with = "text")]
    pub sellqty: Option<i64>,
    #[serde(default, with = "text")]
    pub buyamount: Option<Rupees>,
    #[serde(default, with = "text")]
    pub sellamount: Option<Rupees>,
    #[serde(default, with = "text")]
    pub symbolgroup: String,
    /// -1 where there is no option.
    #[serde(default, with = "text_or_zero")]
    pub strikeprice: Rupees,
    #[serde(default, with = "text")]
    pub optiontype: String,
    #[serde(default, with = "text")]
    pub expirydate: String,
    #[serde(default, with = "loose_text")]
    pub lotsize: Option<i64>,
    #[serde(default, with = "text")]
    pub cfbuyqty: Option<i64>,
    #[serde(default, with = "text")]
    pub cfsellqty: Option<i64>,
    #[serde(default, with = "text")]
    pub cfbuyamount: Option<Rupees>,
    #[serde(default, with = "text")]
    pub cfsellamount: Option<Rupees>,
    #[serde(default, with = "text")]
    pub buyavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub sellavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub avgnetprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub netvalue: Option<Rupees>,
    /// Bought less sold: negative for a short position. A row without it is refused.
    #[serde(with = "text")]
    pub netqty: i64,
    #[serde(default, with = "text")]
    pub totalbuyvalue: Option<Rupees>,
    #[serde(default, with = "text")]
    pub totalsellvalue: Option<Rupees>,
    #[serde(default, with = "text")]
    pub cfbuyavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub cfsellavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub totalbuyavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub totalsellavgprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub netprice: Option<Rupees>,
    #[serde(default, with = "text")]
    pub ltp: Option<Rupees>,
    #[serde(default, with = "text")]
    pub close: Option<Rupees>,
    #[serde(default, with = "text")]
    pub pnl: Option<Rupees>,
    #[serde(default, with = "text")]
    pub realised: Option<Rupees>,
    #[serde(default, with = "text")]
    pub unrealised: Option<Rupees>,
}

/// Body of [`super::routes::CONVERT_POSITION`]; the answer has no data.
///
/// Shape:  text but for `quantity`, which is a number; the position's own fields are sent back.
/// Units:  amounts in rupees, quantities in units.
/// Source: SmartAPI documentation (July 2026), convert position; older ones had seven fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct ConvertPosition {
    pub exchange: Exchange,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub oldproducttype: Product,
    pub newproducttype: Product,
    #[serde(default, with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub symbolname: String,
    #[serde(default, with = "text")]
    pub instrumenttype: String,
    #[serde(default, with = "text")]
    pub priceden: Option<Decimal>,
    #[serde(default, with = "text")]
    pub pricenum: Option<Decimal>,
    #[serde(default, with = "text")]
    pub genden: Option<Decimal>,
    #[serde(default, with = "text")]
    pub gennum: Option<Decimal>,
    #[serde(default, with = "text")]
    pub precision: Option<i64>,
    #[serde(default, with = "text")]
    pub multiplier: Option<Decimal>,
    #[serde(default, with = "text")]
    pub boardlotsize: Option<i64>,
    #[serde(default, with = "text")]
    pub buyqty: Option<i64>,
    #[serde(default, with = "text")]
    pub sellqty: Option<i64>,
    #[serde(default, with = "text")]
    pub buyamount: Option<Rupees>,
    #[serde(default, with = "text")]
    pub sellamount: Option<Rupees>,
    pub transactiontype: Side,
    #[serde(with = "number")]
    pub quantity: i64,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Why a position cannot be converted as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertFault {
    /// A segment or product that no request can name.
    #[error("{field} of the position was \"{was}\", a documented one is needed")]
    Unknown { field: &'static str, was: String },
    /// The product that it has already, or the one of brackets.
    #[error("the new product was {was}, another one than the position's and than BO is needed")]
    Product { was: Product },
    /// More than there is, or nothing.
    #[error("quantity was {was}, 1 to the {most} units of the position are allowed")]
    Quantity { was: i64, most: u64 },
}

impl ConvertFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "convert this position in the Angel One app",
            Self::Product { .. } => "name the product that the position is to have",
            Self::Quantity { .. } => "convert the whole position or a part of it",
        }
    }
}

impl ConvertPosition {
    /// So many units of `position` into another product.
    ///
    /// Errors: [`ConvertFault`], also where the position is of a kind that no request can name.
    pub fn new(
        position: &PositionRow,
        newproducttype: Product,
        quantity: i64,
    ) -> Result<Self, ConvertFault> {
        let unknown = |field, was: &str| ConvertFault::Unknown { field, was: was.to_owned() };
        let exchange = position.exchange.known();
        let exchange = exchange.ok_or_else(|| unknown("exchange", position.exchange.as_str()))?;
        let product = position.producttype.known();
        let oldproducttype =
            product.ok_or_else(|| unknown("producttype", position.producttype.as_str()))?;
        if newproducttype == oldproducttype || newproducttype == Product::Bracket {
            return Err(ConvertFault::Product { was: newproducttype });
        }
        let most = position.netqty.unsigned_abs();
        if quantity < 1 || quantity.unsigned_abs() > most {
            return Err(ConvertFault::Quantity { was: quantity, most });
        }
        Ok(Self {
            exchange,
            symboltoken: position.symboltoken.clone(),
            oldproducttype,
            newproducttype,
            tradingsymbol: position.tradingsymbol.clone(),
            symbolname: position.symbolname.clone(),
            instrumenttype: position.instrumenttype.clone(),
            priceden: position.priceden,
            pricenum: position.pricenum,
            genden: position.genden,
            gennum: position.gennum,
            precision: position.precision,
            multiplier: position.multiplier,
            boardlotsize: position.boardlotsize,
            buyqty: position.buyqty,
            sellqty: position.sellqty,
            buyamount: position.buyamount,
            sellamount: position.sellamount,
            transactiontype: if position.netqty > 0 { Side::Buy } else { Side::Sell },
            quantity,
            kind: "DAY".to_owned(),
        })
    }
}

/// One share in the depository account.
///
/// Shape:  JSON numbers; collateral may be null.
/// Units:  prices and profit in rupees, quantities in units, `haircut` and `pnlpercentage` in percent.
/// Source: SmartAPI documentation (July 2026), get holdings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct HoldingRow {
    #[serde(with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(default, with = "text")]
    pub isin: String,
    #[serde(default, with = "number")]
    pub t1quantity: Option<i64>,
    #[serde(default, with = "number")]
    pub realisedquantity: Option<i64>,
    #[serde(with = "number")]
    pub quantity: i64,
    #[serde(default, with = "number")]
    pub authorisedquantity: Option<i64>,
    #[serde(default, with = "text")]
    pub product: Open<Product>,
    #[serde(default, with = "number")]
    pub collateralquantity: Option<i64>,
    #[serde(default)]
    pub collateraltype: Option<String>,
    #[serde(default, with = "number")]
    pub haircut: Option<Decimal>,
    #[serde(default, with = "number")]
    pub averageprice: Option<Rupees>,
    #[serde(default, with = "number")]
    pub ltp: Option<Rupees>,
    #[serde(default, with = "text")]
    pub symboltoken: String,
    #[serde(default, with = "number")]
    pub close: Option<Rupees>,
    #[serde(default, with = "number")]
    pub profitandloss: Option<Rupees>,
    #[serde(default, with = "number")]
    pub pnlpercentage: Option<Decimal>,
}

/// Data of an [`super::routes::ALL_HOLDINGS`] answer.
///
/// Source: SmartAPI documentation (July 2026), get all holdings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct AllHoldings {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub holdings: Vec<HoldingRow>,
    #[serde(default)]
    pub totalholding: Option<HoldingsTotal>,
}

/// The sums of all holdings.
///
/// Units:  rupees; the last one percent.
/// Source: SmartAPI documentation (July 2026), get all holdings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct HoldingsTotal {
    #[serde(default, with = "number")]
    pub totalholdingvalue: Option<Rupees>,
    /// What was paid for them.
    #[serde(default, with = "number")]
    pub totalinvvalue: Option<Rupees>,
    #[serde(default, with = "number")]
    pub totalprofitandloss: Option<Rupees>,
    #[serde(default, with = "number")]
    pub totalpnlpercentage: Option<Decimal>,
}
