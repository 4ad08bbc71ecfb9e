//! What holds whatever is done to a venue; a failure prints the steps that lead to it.

use std::collections::BTreeMap;

use engine::units::{EventTime, Micros, Money, Paise, Qty};
use engine::venue::{
    Conversion, Delays, Duration, Key, Latency, Leg, Modification, OrderEvent, OrderId,
    OrderRequest, OrderType, Product, Queue, Quote, RuleChange, RuleId, RuleRequest, Rules, Side,
    Status, Terms, Variety, Venue,
};
use proptest::prelude::*;

use super::common::{instrument, level, time, venue};

/// One thing that is done, as raw numbers that shrink well.
type Step = (u8, u16, u16, u16, u16);

const NAMES: [&str; 4] = ["option", "cheap", "future", "share"];
const PRICES: i64 = 40;

fn price(of: u16) -> Paise {
    Paise(9_900 + 5 * (i64::from(of) % PRICES))
}

fn product(name: &str, of: u16) -> Product {
    match (of.is_multiple_of(4), name) {
        (true, _) => Product::Intraday,
        (false, "share") => Product::Delivery,
        (false, _) => Product::Carryforward,
    }
}

fn terms(name: &str, (_, a, b, c, d): Step, is_tame: bool) -> (Terms, Variety) {
    let kinds = [
        OrderType::Limit,
        OrderType::Limit,
        OrderType::Market,
        OrderType::StopLimit,
        OrderType::StopMarket,
    ];
    let order_type = kinds[usize::from(a >> 8) % if is_tame { 3 } else { 5 }];
    let duration = if b % 7 == 0 && !order_type.is_stop() { Duration::Ioc } else { Duration::Day };
    let lot = instrument(name).lot.0;
    let odd = i64::from(c % 31 == 0);
    let terms = Terms {
        order_type,
        product: product(name, d >> 4),
        duration,
        qty: Qty(lot * (1 + i64::from(c % 5)) + odd),
        price: price(b),
        trigger: price(d),
    };
    let variety = if order_type.is_stop() { Variety::StopLoss } else { Variety::Normal };
    (terms, variety)
}

fn quote((_, a, b, c, d): Step, volume: &mut i64) -> Quote {
    let mut quote = Quote { last: price(a), ..Quote::default() };
    quote.last_qty = Qty(i64::from(c % 300));
    *volume += i64::from(c % 300);
    quote.volume = Qty(*volume);
    let touch = price(b).0;
    for place in 0..5_i64 {
        let qty = |of: u16| i64::from(of >> place) % 400;
        quote.bids[place as usize] = level(touch - 5 * (place + 1), qty(c));
        quote.asks[place as usize] = level(touch + 5 * place, qty(d));
    }
    quote
}

/// What an observer of the events alone knows.
#[derive(Default)]
struct Observer {
    statuses: BTreeMap<OrderId, Status>,
    filled: BTreeMap<OrderId, (Qty, Money)>,
    charges: BTreeMap<OrderId, Money>,
    flows: Money,
    /// What each instrument's last fresh quote offers at each price, and printed.
    offers: BTreeMap<(Key, Side), BTreeMap<i64, i64>>,
    printed: BTreeMap<Key, i64>,
    quotes: BTreeMap<Key, Quote>,
}

impl Observer {
    /// Nothing new is offered by a quote that repeats the last.
    fn on_quote(&mut self, key: Key, quote: &Quote) {
        let before = self.quotes.insert(key, *quote);
        if before == Some(*quote) {
            self.printed.insert(key, 0);
            return;
        }
        let traded = before.map_or(0, |before| quote.volume.0 - before.volume.0);
        self.printed.insert(key, traded.min(quote.last_qty.0));
        for (side, levels) in [(Side::Buy, quote.asks), (Side::Sell, quote.bids)] {
            let offers = levels.iter().map(|level| (level.price.0, level.qty.0)).collect();
            self.offers.insert((key, side), offers);
        }
    }

    fn on_event(&mut self, event: &OrderEvent) {
        let order = &event.order;
        let before = self.statuses.insert(order.id, order.status);
        match (before, event.trade) {
            (None, _) => assert_eq!(order.status, Status::Received),
            (Some(before), Some(_)) if before == order.status => {}
            (Some(before), _) => {
                assert!(before.leads_to(order.status), "{before} to {}", order.status);
            }
        }
        let mut filled = self.filled.get(&order.id).copied().unwrap_or_default();
        if let Some(trade) = event.trade {
            assert!(trade.qty > Qty::ZERO && order.side.reaches(order.terms.price, trade.price));
            assert_eq!(trade.qty.0 % lot_of(trade.instrument), 0);
            filled = (filled.0 + trade.qty, filled.1 + trade.value());
            match trade.side {
                Side::Buy => self.flows -= trade.value(),
                Side::Sell => self.flows += trade.value(),
            }
            self.take(trade.instrument, trade.side, trade.qty.0, order.terms.price);
        }
        assert_eq!(filled, (order.filled, order.value));
        self.filled.insert(order.id, filled);
        assert!(order.filled <= order.terms.qty);
        assert!((Qty::ZERO..=order.terms.qty).contains(&order.disclosed));
        let left = order.unfilled();
        match order.status {
            Status::Complete => assert_eq!((left, order.cancelled), (Qty::ZERO, Qty::ZERO)),
            Status::Cancelled | Status::AfterMarketCancelled => assert_eq!(left, Qty::ZERO),
            Status::Rejected => assert_eq!(order.filled, Qty::ZERO),
            _ => assert!(left > Qty::ZERO && order.cancelled == Qty::ZERO, "{order:?}"),
        }
        self.charges.insert(order.id, order.charges.total());
    }

    /// Takes a trade's quantity out of what was offered within its order's limit, and then out of
    /// the print; there has to be enough.
    fn take(&mut self, key: Key, side: Side, qty: i64, limit: Paise) {
        let mut want = qty;
        let mut offers: Vec<_> = self.offers.entry((key, side)).or_default().iter_mut().collect();
        if side == Side::Sell {
            offers.reverse();
        }
        for (&price, offered) in offers {
            if side.reaches(limit, Paise(price)) {
                let taken = (*offered).min(want);
                *offered -= taken;
                want -= taken;
            }
        }
        let printed = self.printed.entry(key).or_default();
        *printed -= want;
        assert!(*printed >= 0, "{qty} were traded, {want} more than offered");
    }
}

fn lot_of(key: Key) -> i64 {
    let all = NAMES.map(instrument);
    all.iter().find(|one| one.key == key).expect("listed").lot.0
}

/// Does the steps; only limit and market orders for what is paid in full, if `is_tame`.
fn run(steps: &[Step], rules: Rules, is_tame: bool) -> (Venue, Vec<OrderEvent>) {
    let mut venue = venue(rules);
    let mut observer = Observer::default();
    let mut events = Vec::new();
    let mut now = time(0, Micros::minutes(600));
    let mut volume = 1_000;
    for &step in steps {
        let (what, a, b, c, d) = step;
        let names = if is_tame { &NAMES[..2] } else { &NAMES[..] };
        let name = names[usize::from(a) % names.len()];
        let key = instrument(name).key;
        let side = if d % 2 == 0 { Side::Buy } else { Side::Sell };
        let id = chosen(&venue, b);
        match what % 8 {
            0..=2 => {
                let (terms, variety) = terms(name, step, is_tame);
                let (disclosed, tag) = (Qty::ZERO, String::new());
                let order = OrderRequest { instrument: key, variety, side, terms, disclosed, tag };
                let _ = venue.place(order, now);
            }
            3 | 4 => {
                let quote = quote(step, &mut volume);
                settle(&mut venue, &mut observer, &mut events, now);
                observer.on_quote(key, &quote);
                venue.on_quote(key, &quote, now).expect("listed");
            }
            5 => {
                let (mut terms, variety) = terms(name, step, is_tame);
                let order = venue.order(id);
                terms.product = order.map_or(terms.product, |order| order.terms.product);
                terms.duration = Duration::Day;
                let disclosed = (c % 3 == 0).then_some(Qty(i64::from(c % 5)));
                let _ = venue.modify(Modification { id, variety, terms, disclosed }, now);
            }
            6 => {
                let variety = venue.order(id).map_or(Variety::Normal, |order| order.variety);
                let _ = venue.cancel(id, variety, now);
            }
            _ if b % 2 == 0 => now = wait(now, a),
            _ if is_tame => {}
            _ => other(&mut venue, name, side, step, now),
        }
        settle(&mut venue, &mut observer, &mut events, now);
        account_adds_up(&venue, &observer, is_tame);
    }
    (venue, events)
}

/// An order that is alive, or else any.
fn chosen(venue: &Venue, of: u16) -> OrderId {
    let alive = venue.orders().filter(|order| !order.status.is_final());
    let ids: Vec<OrderId> = alive.map(|order| order.id).collect();
    let any = venue.orders().next().map_or(OrderId(0), |order| order.id);
    ids.get(usize::from(of) % ids.len().max(1)).copied().unwrap_or(any)
}

fn wait(now: EventTime, how_long: u16) -> EventTime {
    now + match how_long % 10 {
        0 => Micros::minutes(i64::from(how_long) % 1_500),
        _ => Micros(i64::from(how_long) * 100),
    }
}

/// Conversions and rules.
fn other(venue: &mut Venue, name: &str, side: Side, (_, a, b, c, d): Step, now: EventTime) {
    let instrument = instrument(name);
    let (key, qty) = (instrument.key, instrument.lot);
    if c % 2 == 0 {
        let (from, to) = (product(name, a >> 4), product(name, b >> 4));
        let before = venue.funds().available();
        if venue.convert(Conversion { instrument: key, from, to, side, qty }, now).is_ok() {
            let after = venue.funds().available();
            assert!(after >= before.min(Money::ZERO), "{before} to {after}");
        }
    } else {
        let leg = Leg { price: price(b), trigger: price(d) };
        let stop = (a % 3 == 0).then_some(Leg { price: price(a), trigger: price(c) });
        let (product, disclosed, days) = (product(name, 1), Qty::ZERO, Some(1));
        let rule = RuleRequest { instrument: key, side, product, qty, disclosed, leg, stop, days };
        let _ = venue.create_rule(rule, now);
    }
}

fn settle(
    venue: &mut Venue,
    observer: &mut Observer,
    events: &mut Vec<OrderEvent>,
    now: EventTime,
) {
    venue.on_time(now);
    let fresh = venue.take_events();
    fresh.iter().for_each(|event| observer.on_event(event));
    events.extend(fresh);
}

fn account_adds_up(venue: &Venue, observer: &Observer, is_tame: bool) {
    let funds = venue.funds();
    let charges: Money = observer.charges.values().copied().sum();
    assert_eq!((funds.flows, funds.charges), (observer.flows, charges));
    assert_eq!(charges, venue.charges().total());
    assert_eq!(funds.cash(), funds.opening + observer.flows - charges);
    assert_eq!(funds.available() + funds.blocked.total(), funds.cash() + funds.carried);
    assert!(funds.blocked.premium >= Money::ZERO && funds.blocked.margin >= Money::ZERO);
    let alive = venue.orders().filter(|order| !order.status.is_final()).count();
    let open = venue.positions().filter(|(_, _, position)| position.net() != Qty::ZERO).count();
    if alive == 0 && open == 0 {
        assert_eq!(funds.blocked.total() + funds.carried, Money::ZERO);
    }
    for (key, _, position) in venue.positions() {
        let has_deposit = venue.instrument(key).is_some_and(|one| one.margin.is_some());
        assert!(
            has_deposit || position.net() >= Qty::ZERO,
            "short without a deposit: {position:?}"
        );
        let (net, basis) = (position.net().0.signum(), position.basis.0.signum());
        assert_eq!(i128::from(net), basis, "{position:?}");
        assert_eq!(position.bought == Qty::ZERO, position.bought_for == Money::ZERO);
    }
    // Orders are affordable when they are taken; only charges may take the account below zero, and
    // the deposit that a covering order shares is rounded.
    if is_tame {
        let rounding = Money(observer.statuses.len() as i128);
        assert!(funds.available() + charges + rounding >= Money::ZERO, "{funds:?}");
    }
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any::<Step>(), 1..most)
}

fn delays() -> Delays {
    let measured = |values: &[i64], seed| Latency::Measured {
        values: values.iter().copied().map(Micros).collect(),
        seed,
    };
    Delays { checking: measured(&[0, 900, 70_000], 5), travel: measured(&[200, 40_000], 6) }
}

/// Any figure, with more of those that are near to what is allowed, or to the ends of 64 bits.
fn figure() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(i64::MAX)],
        (1..25_i64).prop_map(|lots| lots * 75),
        (1_980..2_020_i64).prop_map(|ticks| ticks * 5),
    ]
}

/// One thing that is done with figures of a stranger.
type Strange = (u8, u8, u8, [i64; 5]);

fn do_strangely(venue: &mut Venue, (what, kind, by, figures): Strange, now: EventTime) {
    let [qty, price, trigger, other, disclosed] = figures;
    let instrument = instrument(NAMES[usize::from(by) % NAMES.len()]).key;
    let side = if by >= 128 { Side::Buy } else { Side::Sell };
    let order_type = OrderType::ALL[usize::from(kind) % OrderType::ALL.len()];
    let variety = if order_type.is_stop() { Variety::StopLoss } else { Variety::Normal };
    let (product, duration) = (Product::Intraday, Duration::Day);
    let (qty, disclosed) = (Qty(qty), Qty(disclosed));
    let (price, trigger) = (Paise(price), Paise(trigger));
    let terms = Terms { order_type, product, duration, qty, price, trigger };
    let leg = Leg { price, trigger };
    match what % 7 {
        0 | 1 => {
            let tag = String::new();
            let order =
                OrderRequest { instrument, variety, side, terms, disclosed: Qty::ZERO, tag };
            let _ = venue.place(order, now);
        }
        2 => {
            let id = chosen(venue, kind.into());
            let disclosed = (kind % 2 == 0).then_some(disclosed);
            let _ = venue.modify(Modification { id, variety, terms, disclosed }, now);
        }
        3 => {
            let (from, to) = (Product::Intraday, Product::ALL[usize::from(kind) % 4]);
            let _ = venue.convert(Conversion { instrument, from, to, side, qty }, now);
        }
        4 => {
            let stop = (kind % 2 == 0).then_some(Leg { price: trigger, trigger: price });
            let (product, days) = (Product::ALL[usize::from(kind) % 4], u32::try_from(other).ok());
            let rule = RuleRequest { instrument, side, product, qty, disclosed, leg, stop, days };
            let _ = venue.create_rule(rule, now);
        }
        5 => {
            let id = venue.gtt_rules().last().map_or(RuleId(0), |rule| rule.id);
            let change = RuleChange { id, instrument, qty, disclosed, leg, stop: None };
            let _ = venue.change_rule(change, now);
        }
        _ => {
            let mut quote = Quote { last: price, last_qty: qty, ..Quote::default() };
            quote.volume = Qty(other);
            quote.bids = [level(trigger.0, qty.0); 5];
            quote.asks = [level(price.0, disclosed.0); 5];
            let _ = venue.on_quote(instrument, &quote, now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn orders_trades_and_money_add_up(steps in steps(120), opening in 0..3_000_000_i64) {
        run(&steps, Rules { opening: Money(opening.into()), ..Rules::default() }, false);
    }

    #[test]
    fn they_add_up_with_delays_and_queues(steps in steps(120)) {
        let queue = Queue::Behind;
        run(&steps, Rules { queue, delays: delays(), ..Rules::default() }, false);
    }

    #[test]
    fn nothing_is_bought_on_credit(steps in steps(120), opening in 0..6_000_000_i64) {
        let rules = Rules { opening: Money(opening.into()), ..Rules::default() };
        run(&steps, Rules { delays: delays(), ..rules.clone() }, true);
        run(&steps, rules, true);
    }

    #[test]
    fn nothing_is_sold_short_without_a_deposit(steps in steps(120)) {
        let mut venue = venue(Rules::default());
        let (key, now) = (instrument("share").key, time(0, Micros::minutes(600)));
        let mut volume = 1_000;
        for step in steps {
            let (what, a, _, c, d) = step;
            let qty = Qty(1 + i64::from(c % 5));
            match what % 4 {
                0 | 1 => {
                    let (terms, variety) = terms("share", step, true);
                    let side = if d % 2 == 0 { Side::Buy } else { Side::Sell };
                    let (disclosed, tag) = (Qty::ZERO, String::new());
                    let order =
                        OrderRequest { instrument: key, variety, side, terms, disclosed, tag };
                    let _ = venue.place(order, now);
                }
                2 => {
                    let mut products = [Product::Intraday, Product::Delivery];
                    products.rotate_left(usize::from(a % 2));
                    let ([from, to], side) = (products, Side::Buy);
                    let _ = venue.convert(Conversion { instrument: key, from, to, side, qty }, now);
                }
                _ => venue.on_quote(key, &quote(step, &mut volume), now).expect("listed"),
            }
            for (_, product, position) in venue.positions() {
                prop_assert!(position.net() >= Qty::ZERO, "{} {:?}", product, position);
            }
        }
    }

    #[test]
    fn no_figure_stops_the_venue(
        steps in prop::collection::vec(
            (any::<u8>(), any::<u8>(), any::<u8>(), prop::array::uniform5(figure())),
            1..60,
        ),
    ) {
        let mut venue = venue(Rules { opening: Money(i128::from(i64::MAX)), ..Rules::default() });
        let now = time(0, Micros::minutes(600));
        for step in steps {
            do_strangely(&mut venue, step, now);
            prop_assert!(venue.funds().blocked.margin >= Money::ZERO);
        }
    }

    #[test]
    fn the_same_steps_give_the_same_outcome(steps in steps(60), seed: u64) {
        let rules = Rules { seed, delays: delays(), ..Rules::default() };
        let tell = |(venue, events): (Venue, Vec<OrderEvent>)| {
            format!("{events:?} {venue:?} {:?}", venue.funds())
        };
        let told = tell(run(&steps, rules.clone(), false));
        prop_assert_eq!(told, tell(run(&steps, rules, false)));
    }
}
