//! The account: positions by product, and money whose every paisa has a reason.

use std::collections::BTreeMap;

use super::charges::Charges;
use super::instrument::{Instrument, Key};
use super::order::{Product, Side, Trade, average};
use crate::units::{Money, Paise, Qty};

/// What is held of an instrument for one product, and how it came about today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Bought today.
    pub bought: Qty,
    /// For so much.
    pub bought_for: Money,
    /// Sold today.
    pub sold: Qty,
    /// For so much.
    pub sold_for: Money,
    /// What was there without a trade of today: carried over from the day before, or moved here
    /// from another product; negative if short, or if moved away.
    pub brought: Qty,
    /// What that is worth at the prices at which it was traded; of its sign.
    pub brought_for: Money,
    /// What the open quantity was traded for; negative if short.
    pub basis: Money,
}

impl Position {
    /// What is open; negative if short.
    #[must_use]
    pub fn net(&self) -> Qty {
        self.brought + self.bought - self.sold
    }

    /// The average price of the open quantity.
    #[must_use]
    pub fn average(&self) -> Paise {
        let sign = self.net().0.signum();
        average(Money(self.basis.0 * i128::from(sign)), Qty(self.net().0 * sign))
    }

    /// What closed quantities earned today, before charges.
    #[must_use]
    pub fn realised(&self) -> Money {
        self.sold_for - self.bought_for - self.brought_for + self.basis
    }

    /// What the open quantity would earn at `last`, before charges.
    #[must_use]
    pub fn unrealised(&self, last: Paise) -> Money {
        last * self.net() - self.basis
    }

    fn trade(&mut self, side: Side, qty: Qty, value: Money) {
        self.open(side, qty, value);
        match side {
            Side::Buy => {
                (self.bought, self.bought_for) = (self.bought + qty, self.bought_for + value)
            }
            Side::Sell => (self.sold, self.sold_for) = (self.sold + qty, self.sold_for + value),
        }
    }

    /// Changes the basis by a quantity of `side`: what closes takes its share along, what opens adds.
    fn open(&mut self, side: Side, qty: Qty, value: Money) {
        let signed = |value: Money| if side == Side::Buy { value } else { -value };
        let net = self.net().0;
        if net == 0 || (net > 0) == (side == Side::Buy) {
            self.basis += signed(value);
            return;
        }
        let closed = Qty(qty.0.min(net.abs()));
        self.basis -= share(self.basis, closed, Qty(net.abs()));
        self.basis += signed(value - share(value, closed, qty));
    }

    fn carry_over(&mut self) {
        *self = Self {
            brought: self.net(),
            brought_for: self.basis,
            basis: self.basis,
            ..Self::default()
        };
    }
}

/// The share of `part` in an amount that belongs to `whole` units.
fn share(amount: Money, part: Qty, whole: Qty) -> Money {
    if part == whole { amount } else { Money(amount.0 * i128::from(part.0) / i128::from(whole.0)) }
}

/// What open orders of one instrument and product may still trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Working {
    pub(super) buys: Qty,
    /// What the buys cost at their limits.
    pub(super) cost: Money,
    pub(super) sells: Qty,
}

impl Working {
    pub(super) fn add(&mut self, side: Side, price: Paise, qty: Qty) {
        match side {
            Side::Buy => (self.buys, self.cost) = (self.buys + qty, self.cost + price * qty),
            Side::Sell => self.sells = self.sells + qty,
        }
    }
}

/// Money that cannot be used for further orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// For buy orders that may trade.
    pub premium: Money,
    /// Deposits for futures and for what is or may be sold short.
    pub margin: Money,
}

impl Blocked {
    /// Both.
    #[must_use]
    pub fn total(&self) -> Money {
        self.premium + self.margin
    }

    /// What a position with its open orders blocks, whichever of them trade.
    ///
    /// A buy order that covers a short position needs no more than the deposit does not give free.
    fn of(instrument: &Instrument, net: Qty, working: &Working) -> Self {
        let margin = instrument.margin.unwrap_or_default();
        if instrument.kind.is_future() {
            let most = (net + working.buys).0.abs().max((net - working.sells).0.abs());
            let margin = margin * Qty(most.max(net.0.abs()));
            return Self { premium: Money::ZERO, margin };
        }
        let short = Qty((working.sells - net).0.max(0));
        let covering = Qty(working.buys.0.min((-net.0).max(0)));
        let given_free = if covering == Qty::ZERO {
            Money::ZERO
        } else {
            share(working.cost, covering, working.buys).min(margin * covering)
        };
        Self { premium: working.cost - given_free, margin: margin * short }
    }
}

/// Whether what is open, or may come to be, needs a deposit.
pub(super) fn needs_margin(instrument: &Instrument, net: Qty, working: &Working) -> bool {
    instrument.kind.is_future() || working.sells > Qty(net.0.max(0))
}

/// The account's money.
///
/// Always: `cash = opening + flows − charges` and `available = cash + carried − blocked`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// At the beginning.
    pub opening: Money,
    /// Sales minus buys, of all trades.
    pub flows: Money,
    /// What the trades cost.
    pub charges: Money,
    /// What open futures were traded for: counted in `flows`, but not paid.
    pub carried: Money,
    /// For open orders and positions.
    pub blocked: Blocked,
    /// Earned today by what was closed, before charges.
    pub realised: Money,
    /// What the open positions would earn at their last prices, before charges.
    pub unrealised: Money,
}

impl Funds {
    /// What is left of the opening balance by trades and charges.
    #[must_use]
    pub fn cash(&self) -> Money {
        self.opening + self.flows - self.charges
    }

    /// What further orders may use.
    #[must_use]
    pub fn available(&self) -> Money {
        self.cash() + self.carried - self.blocked.total()
    }
}

/// Which orders work on which position.
pub(super) type Workings = BTreeMap<(Key, Product), Working>;

/// What is known of an instrument: its definition, and its last price if there was one.
type Market = (Instrument, Option<Paise>);

/// Positions and money.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) positions: BTreeMap<(Key, Product), Position>,
    opening: Money,
    flows: Money,
    pub(super) charges: Charges,
}

impl Account {
    pub(super) fn new(opening: Money) -> Self {
        Self { opening, ..Self::default() }
    }

    pub(super) fn net(&self, key: Key, product: Product) -> Qty {
        self.positions.get(&(key, product)).map_or(Qty::ZERO, Position::net)
    }

    /// Books a trade: `more` are its order's charges with it, `less` those without.
    pub(super) fn on_trade(&mut self, trade: &Trade, more: Charges, less: Charges) {
        let position = self.positions.entry((trade.instrument, trade.product)).or_default();
        position.trade(trade.side, trade.qty, trade.value());
        match trade.side {
            Side::Buy => self.flows -= trade.value(),
            Side::Sell => self.flows += trade.value(),
        }
        self.charges += more;
        self.charges -= less;
    }

    /// Moves a quantity of one side from a product to another, at its average price.
    pub(super) fn convert(&mut self, key: Key, from: Product, to: Product, side: Side, qty: Qty) {
        let old = self.positions.entry((key, from)).or_default();
        let moved = share(old.basis, qty, Qty(old.net().0.abs()));
        let signed = Qty(side.signed(qty.0));
        old.brought -= signed;
        old.brought_for -= moved;
        old.basis -= moved;
        let new = self.positions.entry((key, to)).or_default();
        new.open(side, qty, Money(moved.0.abs()));
        new.brought = new.brought + signed;
        new.brought_for += moved;
    }

    /// Begins a day: what is open is carried over, what is closed is forgotten.
    pub(super) fn carry_over(&mut self) {
        self.positions.retain(|_, position| position.net() != Qty::ZERO);
        self.positions.values_mut().for_each(Position::carry_over);
    }

    /// The money with these orders working.
    pub(super) fn funds(
        &self,
        workings: &Workings,
        market: impl Fn(Key) -> Option<Market>,
    ) -> Funds {
        let mut funds = Funds {
            opening: self.opening,
            flows: self.flows,
            charges: self.charges.total(),
            ..Funds::default()
        };
        for (&(key, _), position) in &self.positions {
            let Some((instrument, last)) = market(key) else { continue };
            if instrument.kind.is_future() {
                funds.carried += position.basis;
            }
            funds.realised += position.realised();
            funds.unrealised += last.map_or(Money::ZERO, |last| position.unrealised(last));
        }
        let keys = self.positions.keys().chain(workings.keys().filter(|key| {
            !self.positions.contains_key(*key) // each once
        }));
        for key in keys {
            let Some((instrument, _)) = market(key.0) else { continue };
            let working = workings.get(key).copied().unwrap_or_default();
            let blocked = Blocked::of(&instrument, self.net(key.0, key.1), &working);
            funds.blocked.premium += blocked.premium;
            funds.blocked.margin += blocked.margin;
        }
        funds
    }
}
