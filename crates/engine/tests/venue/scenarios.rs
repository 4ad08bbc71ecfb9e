//! Runs `scenarios.txt`: what each command is answered with, and the events that follow it.
//!
//! `# ` names a case, which begins with a fresh venue; `> ` is a command; the lines after it are all that
//! it leads to. Prices are in rupees. `@` sets the time of day, `rules` the venue's rules.

use std::fmt::Write;

use engine::units::{EventTime, Micros, Money, Paise, Qty};
use engine::venue::{
    Conversion, Delays, Duration, Hours, Key, Latency, Leg, MarketAndIoc, Modification, Note,
    OrderEvent, OrderId, OrderRequest, OrderType, Product, Queue, Quote, RuleRequest, Rules, Side,
    Terms, Variety, Venue,
};

use super::common::{instrument, level, time, venue};

const SCRIPT: &str = include_str!("scenarios.txt");

#[test]
fn every_scenario_goes_as_it_is_told() {
    let mut told = String::new();
    for case in SCRIPT.split("\n# ").map(|case| case.trim_start_matches("# ")) {
        let (name, script) = case.split_once('\n').expect("a name and commands");
        let mut stage = Stage::new();
        let apart = if told.is_empty() { "" } else { "\n" };
        writeln!(told, "{apart}# {name}").expect("memory");
        for line in script.lines() {
            match line.strip_prefix("> ") {
                Some(command) => write!(told, "> {command}\n{}", stage.command(command)),
                None => Ok(()),
            }
            .expect("memory");
        }
    }
    let differs = told.lines().zip(SCRIPT.lines()).position(|(is, told)| is != told);
    let at = differs.unwrap_or_else(|| told.lines().count().min(SCRIPT.lines().count()));
    let around =
        |text: &str| text.lines().skip(at.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n");
    let (is, script) = (around(&told), around(SCRIPT));
    assert!(told == SCRIPT, "line {}: it went\n{is}\n\ntold\n{script}", at + 1);
    let names: Vec<&str> = SCRIPT.lines().filter(|line| line.starts_with("# ")).collect();
    assert!(names.len() >= 40, "{}", names.len());
}

/// A venue, what it was told, and the orders in the order of their placement.
struct Stage {
    rules: Rules,
    venue: Option<Venue>,
    now: EventTime,
    orders: Vec<OrderId>,
    volume: i64,
}

type Words<'w> = std::str::SplitWhitespace<'w>;

impl Stage {
    fn new() -> Self {
        let now = time(0, Micros::minutes(10 * 60));
        let rules = Rules { opening: Money(10_000_000), ..Rules::default() };
        Self { rules, venue: None, now, orders: Vec::new(), volume: 1_000 }
    }

    fn venue(&mut self) -> &mut Venue {
        self.venue.get_or_insert_with(|| venue(self.rules.clone()))
    }

    fn command(&mut self, command: &str) -> String {
        let mut words = command.split_whitespace();
        let mut out = String::new();
        let answer = match words.next().expect("a word") {
            "rules" => self.set_rules(words),
            "@" => self.set_time(words),
            "quote" => self.quote(words),
            "buy" => self.place(Side::Buy, words),
            "sell" => self.place(Side::Sell, words),
            "modify" => self.modify(words),
            "cancel" => self.cancel(words),
            "convert" => self.convert(words),
            "funds" => self.funds(),
            "position" => self.position(words),
            "gtt" => self.gtt(words),
            "gtts" => self.gtts(),
            other => panic!("no command {other}"),
        };
        out.push_str(&answer);
        let mut told = None;
        for event in self.venue().take_events() {
            let number = self.number(event.order.id);
            let ends = if told.is_some() { "\n" } else { "" };
            let joint =
                if told == Some(event.order.id) { "; " } else { &format!("{ends}{number} ") };
            write!(out, "{joint}{}", step(&event)).expect("memory");
            told = Some(event.order.id);
        }
        if told.is_some() {
            out.push('\n');
        }
        out
    }

    /// `#1` is the first order of the case.
    fn number(&mut self, id: OrderId) -> String {
        let at = self.orders.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.orders.push(id);
            self.orders.len() - 1
        });
        format!("#{}", at + 1)
    }

    fn set_rules(&mut self, mut words: Words) -> String {
        while let Some(word) = words.next() {
            match word {
                "behind" => self.rules.queue = Queue::Behind,
                "refuse" => self.rules.market_and_ioc = MarketAndIoc::Refuse,
                "always" => self.rules.equity = Hours::ALWAYS,
                "opening" => self.rules.opening = Money(paise(words.next()).into()),
                "delays" => {
                    let mut next = || Latency::Constant(Micros::seconds(number(words.next())));
                    self.rules.delays = Delays { checking: next(), travel: next() };
                }
                other => panic!("no rule {other}"),
            }
        }
        String::new()
    }

    /// `@ 09:15:01`, or `@ 2 09:15` for the day after tomorrow.
    fn set_time(&mut self, words: Words) -> String {
        let words: Vec<&str> = words.collect();
        let (day, clock) = match words[..] {
            [clock] => (0, clock),
            [day, clock] => (day.parse().expect("a day"), clock),
            _ => panic!("a day and a time: {words:?}"),
        };
        let parts: Vec<i64> = clock.split(':').map(|part| part.parse().expect("a time")).collect();
        let seconds = parts[0] * 3600 + parts[1] * 60 + parts.get(2).copied().unwrap_or(0);
        self.now = time(day, Micros::seconds(seconds));
        let now = self.now;
        self.venue().on_time(now);
        String::new()
    }

    /// `quote option 100 bid 99.95x150 ask 100.05x75 100.10x75 traded 75`
    fn quote(&mut self, mut words: Words) -> String {
        let key = key(words.next());
        let mut quote = Quote { last: Paise(paise(words.next())), ..Quote::default() };
        let mut levels = &mut quote.bids;
        let mut place = 0;
        while let Some(word) = words.next() {
            match word {
                "bid" => (levels, place) = (&mut quote.bids, 0),
                "ask" => (levels, place) = (&mut quote.asks, 0),
                "traded" => {
                    quote.last_qty = Qty(number(words.next()));
                    self.volume += quote.last_qty.0;
                }
                offer => {
                    let (price, qty) = offer.split_once('x').expect("PRICExQTY");
                    levels[place] = level(paise(Some(price)), number(Some(qty)));
                    place += 1;
                }
            }
        }
        quote.volume = Qty(self.volume);
        let now = self.now;
        self.venue().on_quote(key, &quote, now).expect("listed");
        String::new()
    }

    /// `buy option 75 limit 99 ioc`, `sell option 75 stop-limit 98 trigger 98.50`
    fn place(&mut self, side: Side, mut words: Words) -> String {
        let name = words.next().expect("an instrument");
        let key = key(Some(name));
        let product = if name == "share" { Product::Delivery } else { Product::Carryforward };
        let (terms, variety) = terms(product, &mut words);
        let request = OrderRequest {
            instrument: key,
            variety,
            side,
            terms,
            disclosed: Qty::ZERO,
            tag: String::new(),
        };
        let now = self.now;
        match self.venue().place(request, now) {
            Ok(receipt) => {
                self.number(receipt.id);
                String::new()
            }
            Err(refusal) => format!("refused {}: {refusal}\n", refusal.code()),
        }
    }

    fn id(&self, word: Option<&str>) -> OrderId {
        let at = word.and_then(|word| word.strip_prefix('#')?.parse::<usize>().ok()).expect("#N");
        self.orders.get(at - 1).copied().unwrap_or(OrderId(260_105_999_999_999))
    }

    fn modify(&mut self, mut words: Words) -> String {
        let id = self.id(words.next());
        let product = self.venue().order(id).map(|order| order.terms.product);
        let (terms, variety) = terms(product.unwrap_or(Product::Carryforward), &mut words);
        let now = self.now;
        match self.venue().modify(Modification { id, variety, terms, disclosed: None }, now) {
            Ok(_) => String::new(),
            Err(refusal) => format!("refused {}: {refusal}\n", refusal.code()),
        }
    }

    fn cancel(&mut self, mut words: Words) -> String {
        let id = self.id(words.next());
        let variety = words.next().map_or(Variety::Normal, |_| Variety::StopLoss);
        let now = self.now;
        match self.venue().cancel(id, variety, now) {
            Ok(_) => String::new(),
            Err(refusal) => format!("refused {}: {refusal}\n", refusal.code()),
        }
    }

    /// `convert share delivery intraday buy 10`
    fn convert(&mut self, mut words: Words) -> String {
        let instrument = key(words.next());
        let mut product = || word(words.next(), Product::from_word).expect("a product");
        let (from, to) = (product(), product());
        let side = word(words.next(), Side::from_word).expect("a side");
        let qty = Qty(number(words.next()));
        let now = self.now;
        match self.venue().convert(Conversion { instrument, from, to, side, qty }, now) {
            Ok(()) => String::new(),
            Err(refusal) => format!("refused {}: {refusal}\n", refusal.code()),
        }
    }

    fn funds(&mut self) -> String {
        let funds = self.venue().funds();
        format!(
            "available {} blocked {} + {} charges {} realised {} unrealised {}\n",
            funds.available(),
            funds.blocked.premium,
            funds.blocked.margin,
            funds.charges,
            funds.realised,
            funds.unrealised
        )
    }

    fn position(&mut self, mut words: Words) -> String {
        let key = key(words.next());
        let mut out = String::new();
        for (_, product, position) in self.venue().positions().filter(|row| row.0 == key) {
            let (net, average) = (position.net().0, position.average());
            let (bought, sold) = (position.bought.0, position.sold.0);
            let realised = position.realised();
            writeln!(
                out,
                "{product} {net} at {average}, bought {bought}, sold {sold}, realised {realised}"
            )
            .expect("memory");
        }
        out
    }

    /// `gtt sell option 75 limit 120 trigger 119 stop 80 trigger 81`
    fn gtt(&mut self, mut words: Words) -> String {
        let side = word(words.next(), Side::from_word).expect("a side");
        let instrument = key(words.next());
        let qty = Qty(number(words.next()));
        let mut leg = || {
            words.next()?;
            let price = Paise(paise(words.next()));
            words.next();
            Some(Leg { price, trigger: Paise(paise(words.next())) })
        };
        let (target, stop) = (leg().expect("a leg"), leg());
        let product = Product::Carryforward;
        let (disclosed, days) = (Qty::ZERO, Some(2));
        let request =
            RuleRequest { instrument, side, product, qty, disclosed, leg: target, stop, days };
        let now = self.now;
        match self.venue().create_rule(request, now) {
            Ok(_) => String::new(),
            Err(refusal) => format!("refused {}: {refusal}\n", refusal.code()),
        }
    }

    fn gtts(&mut self) -> String {
        let rules = self.venue().gtt_rules();
        rules.map(|rule| format!("rule {} {}\n", rule.id, rule.status)).collect()
    }
}

/// `open`, `complete: 75 at 99.00`, `rejected: why`.
fn step(event: &OrderEvent) -> String {
    let order = &event.order;
    match event.trade {
        Some(trade) if order.filled == trade.qty => {
            format!("{}: {} at {}", order.status, trade.qty.0, trade.price)
        }
        Some(trade) => format!(
            "{}: {} at {}, so far {} at {}",
            order.status,
            trade.qty.0,
            trade.price,
            order.filled.0,
            order.average()
        ),
        None if order.note == Note::None => order.status.to_string(),
        None => format!("{}: {}", order.status, order.note),
    }
}

/// `75 limit 99`, `75 market`, `75 stop-limit 98 trigger 98.50`, then a product, `ioc` or `robo`.
fn terms(product: Product, words: &mut Words) -> (Terms, Variety) {
    let qty = Qty(number(words.next()));
    let order_type = match words.next().expect("a type") {
        "limit" => OrderType::Limit,
        "market" => OrderType::Market,
        "stop-limit" => OrderType::StopLimit,
        "stop-market" => OrderType::StopMarket,
        other => panic!("no type {other}"),
    };
    let price = Paise(if order_type.is_priced() { paise(words.next()) } else { 0 });
    let (trigger, duration) = (Paise(0), Duration::Day);
    let mut terms = Terms { order_type, product, duration, qty, price, trigger };
    let mut variety = if order_type.is_stop() { Variety::StopLoss } else { Variety::Normal };
    while let Some(word) = words.next() {
        match word {
            "trigger" => terms.trigger = Paise(paise(words.next())),
            "ioc" => terms.duration = Duration::Ioc,
            "robo" => variety = Variety::Robo,
            "normal" => variety = Variety::Normal,
            product => {
                terms.product = Product::from_word(&product.to_uppercase()).expect("a product");
            }
        }
    }
    (terms, variety)
}

fn key(name: Option<&str>) -> Key {
    instrument(name.expect("an instrument")).key
}

fn word<T>(word: Option<&str>, of: fn(&str) -> Option<T>) -> Option<T> {
    of(&word?.to_uppercase())
}

fn number(word: Option<&str>) -> i64 {
    word.and_then(|word| word.parse().ok()).expect("a number")
}

fn paise(word: Option<&str>) -> i64 {
    Paise::from_rupees(word.and_then(|word| word.parse().ok()).expect("rupees")).0
}
