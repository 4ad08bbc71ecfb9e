//! What one order costs.

use std::ops::AddAssign;

use crate::config;
use crate::units::{Money, round_half_up};

/// The side of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// An entry.
    Buy,
    /// An exit; only sales pay the securities transaction tax.
    Sell,
}

/// The rates of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    commission: f64,
    least_commission: Money,
    stt: f64,
    exchange: f64,
    gst: f64,
}

impl Costs {
    /// The rates as fractions.
    #[must_use]
    pub fn new(risk: &config::Risk) -> Self {
        Self {
            commission: risk.commission_percent / 100.0,
            least_commission: risk.commission_per_trade,
            stt: risk.stt_percent / 100.0,
            exchange: risk.exchange_charges_percent / 100.0,
            gst: risk.gst_percent / 100.0,
        }
    }

    /// What an order costs in all.
    #[must_use]
    #[inline]
    pub fn of(&self, side: Side, turnover: Money) -> Money {
        self.parts(side, turnover).total()
    }

    /// Commission, tax, charges and GST of an order, each a whole number of paise.
    #[must_use]
    #[inline]
    pub fn parts(&self, side: Side, turnover: Money) -> CostParts {
        let part = |rate: f64| share(turnover, rate);
        let commission = self.least_commission.max(part(self.commission));
        let stt = if side == Side::Sell { part(self.stt) } else { Money::ZERO };
        let exchange = part(self.exchange);
        let gst = share(commission + exchange, self.gst);
        CostParts { commission, stt, exchange, gst }
    }
}

/// The kinds of costs, of one order or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostParts {
    /// The broker's commission.
    pub commission: Money,
    /// Securities transaction tax, on sales.
    pub stt: Money,
    /// The exchange's charges.
    pub exchange: Money,
    /// Goods and services tax on commission and charges.
    pub gst: Money,
}

impl CostParts {
    /// All kinds together.
    #[must_use]
    #[inline]
    pub fn total(self) -> Money {
        self.commission + self.stt + self.exchange + self.gst
    }
}

impl AddAssign for CostParts {
    fn add_assign(&mut self, other: Self) {
        self.commission += other.commission;
        self.stt += other.stt;
        self.exchange += other.exchange;
        self.gst += other.gst;
    }
}

fn share(amount: Money, rate: f64) -> Money {
    Money(round_half_up(amount.as_f64() * rate) as i128)
}
