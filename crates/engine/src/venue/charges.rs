//! What an executed order costs at the broker, part by part.
//!
//! Source: angelone.in exchange-transaction-charges (brokerage, transaction, IPFT, SEBI, stamp and GST
//!         from 1 Nov 2024) and its news on the Union Budget 2026-27 (STT of futures and options from
//!         1 Apr 2026), as found on 20 Nov 2026. The rates of BSE options and of MCX, and the brokerage of
//!         shares, were not checked against a page: hold them against a contract note before relying on them.

use std::ops::{AddAssign, SubAssign};

use super::instrument::{Instrument, Kind, Segment};
use super::order::{Product, Side};
use crate::units::Money;

/// A share of an amount, in ten-millionths: 3503 is 0.03503 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate(pub i64);

impl Rate {
    /// All of it.
    const WHOLE: i128 = 10_000_000;

    /// The share of an amount that is not negative, rounded half up to a paisa.
    #[must_use]
    pub fn of(self, amount: Money) -> Money {
        Money((2 * amount.0 * i128::from(self.0) + Self::WHOLE).div_euclid(2 * Self::WHOLE))
    }
}

/// The broker's own fee for an executed order: a share of its value within two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brokerage {
    /// The share.
    pub share: Rate,
    /// Never less.
    pub least: Money,
    /// Never more.
    pub most: Money,
}

impl Brokerage {
    /// The same for every order.
    #[must_use]
    pub const fn flat(fee: Money) -> Self {
        Self { share: Rate(0), least: fee, most: fee }
    }

    fn of(&self, value: Money) -> Money {
        self.share.of(value).max(self.least).min(self.most)
    }
}

/// The rates of one segment and product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The broker's own fee.
    pub brokerage: Brokerage,
    /// Transaction tax of buys: STT, of commodities CTT.
    pub stt_buy: Rate,
    /// Transaction tax of sales.
    pub stt_sell: Rate,
    /// The exchange's transaction charge.
    pub exchange: Rate,
    /// The exchange's investor protection fund.
    pub ipft: Rate,
    /// The regulator's fee.
    pub sebi: Rate,
    /// Stamp duty, on buys only.
    pub stamp_buy: Rate,
    /// Goods and services tax on brokerage and on the charges of exchange and regulator.
    pub gst: Rate,
}

/// The rates of everything that is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// Shares to keep, at the National Stock Exchange.
    pub nse_delivery: Rates,
    /// Shares within the day, there.
    pub nse_intraday: Rates,
    /// Shares to keep, at the Bombay Stock Exchange.
    pub bse_delivery: Rates,
    /// Shares within the day, there.
    pub bse_intraday: Rates,
    /// Futures at the National Stock Exchange.
    pub nse_future: Rates,
    /// Options there; values are premiums.
    pub nse_option: Rates,
    /// Futures at the Bombay Stock Exchange.
    pub bse_future: Rates,
    /// Options there.
    pub bse_option: Rates,
    /// Futures on commodities, not agricultural ones.
    pub mcx_future: Rates,
    /// Options on them.
    pub mcx_option: Rates,
}

/// Futures and options: a flat fee per executed order.
const FLAT: Brokerage = Brokerage::flat(Money(2_000));
const SHARES: Brokerage = Brokerage { share: Rate(0), least: Money(500), most: Money(2_000) };

const fn rates(stt: (i64, i64), exchange: i64, ipft: i64, stamp: i64) -> Rates {
    Rates {
        brokerage: FLAT,
        stt_buy: Rate(stt.0),
        stt_sell: Rate(stt.1),
        exchange: Rate(exchange),
        ipft: Rate(ipft),
        sebi: Rate(10),
        stamp_buy: Rate(stamp),
        gst: Rate(1_800_000),
    }
}

const fn shares(rates: Rates, share: i64) -> Rates {
    Rates { brokerage: Brokerage { share: Rate(share), ..SHARES }, ..rates }
}

impl RateCard {
    /// What holds since 1 Apr 2026.
    pub const APRIL_2026: Self = Self {
        nse_delivery: shares(rates((10_000, 10_000), 297, 10, 1_500), 10_000),
        nse_intraday: shares(rates((0, 2_500), 297, 10, 300), 3_000),
        bse_delivery: shares(rates((10_000, 10_000), 375, 0, 1_500), 10_000),
        bse_intraday: shares(rates((0, 2_500), 375, 0, 300), 3_000),
        nse_future: rates((0, 5_000), 173, 10, 200),
        nse_option: rates((0, 15_000), 3_503, 50, 300),
        bse_future: rates((0, 5_000), 0, 0, 200),
        bse_option: rates((0, 15_000), 3_250, 0, 300),
        mcx_future: rates((0, 1_000), 210, 0, 200),
        mcx_option: rates((0, 5_000), 4_180, 0, 300),
    };

    /// The rates for an instrument held as a product.
    #[must_use]
    pub const fn of(&self, instrument: &Instrument, product: Product) -> &Rates {
        let bombay = matches!(instrument.key.segment, Segment::Bse | Segment::Bfo);
        let intraday = matches!(product, Product::Intraday | Product::Bracket);
        match (instrument.kind, bombay, intraday) {
            (Kind::Cash, false, false) => &self.nse_delivery,
            (Kind::Cash, false, true) => &self.nse_intraday,
            (Kind::Cash, true, false) => &self.bse_delivery,
            (Kind::Cash, true, true) => &self.bse_intraday,
            (Kind::IndexFuture | Kind::StockFuture, false, _) => &self.nse_future,
            (Kind::IndexFuture | Kind::StockFuture, true, _) => &self.bse_future,
            (Kind::IndexOption | Kind::StockOption, false, _) => &self.nse_option,
            (Kind::IndexOption | Kind::StockOption, true, _) => &self.bse_option,
            (Kind::CommodityFuture, ..) => &self.mcx_future,
            (Kind::CommodityOption, ..) => &self.mcx_option,
        }
    }
}

/// What an order costs, part by part; each is a whole number of paise, so they add up exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// The broker's own fee.
    pub brokerage: Money,
    /// Transaction tax.
    pub stt: Money,
    /// The exchange's charge, its investor protection fund included.
    pub exchange: Money,
    /// The regulator's fee.
    pub sebi: Money,
    /// Stamp duty.
    pub stamp: Money,
    /// Goods and services tax.
    pub gst: Money,
}

impl Charges {
    /// What an executed order of this value costs; nothing for one without a trade.
    #[must_use]
    pub fn of(rates: &Rates, side: Side, value: Money) -> Self {
        if value == Money::ZERO {
            return Self::default();
        }
        let (stt, stamp) = match side {
            Side::Buy => (rates.stt_buy, rates.stamp_buy),
            Side::Sell => (rates.stt_sell, Rate(0)),
        };
        let brokerage = rates.brokerage.of(value);
        let exchange = rates.exchange.of(value) + rates.ipft.of(value);
        let sebi = rates.sebi.of(value);
        let gst = rates.gst.of(brokerage + exchange + sebi);
        Self { brokerage, stt: stt.of(value), exchange, sebi, stamp: stamp.of(value), gst }
    }

    /// All parts together.
    #[must_use]
    pub fn total(&self) -> Money {
        self.brokerage + self.stt + self.exchange + self.sebi + self.stamp + self.gst
    }
}

impl AddAssign for Charges {
    fn add_assign(&mut self, other: Self) {
        self.brokerage += other.brokerage;
        self.stt += other.stt;
        self.exchange += other.exchange;
        self.sebi += other.sebi;
        self.stamp += other.stamp;
        self.gst += other.gst;
    }
}

impl SubAssign for Charges {
    fn sub_assign(&mut self, other: Self) {
        self.brokerage -= other.brokerage;
        self.stt -= other.stt;
        self.exchange -= other.exchange;
        self.sebi -= other.sebi;
        self.stamp -= other.stamp;
        self.gst -= other.gst;
    }
}
