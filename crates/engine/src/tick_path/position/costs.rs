//! What one order costs.

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

    /// Commission, tax, charges and GST of an order, each a whole number of paise.
    #[must_use]
    pub fn of(&self, side: Side, turnover: Money) -> Money {
        let part = |rate: f64| share(turnover, rate);
        let commission = self.least_commission.max(part(self.commission));
        let stt = if side == Side::Sell { part(self.stt) } else { Money::ZERO };
        let exchange = part(self.exchange);
        let gst = share(commission + exchange, self.gst);
        commission + stt + exchange + gst
    }
}

fn share(amount: Money, rate: f64) -> Money {
    Money(round_half_up(amount.as_f64() * rate) as i128)
}
