//! Every refusal says what was wrong, what is allowed, and what to do; the account's limits hold.

use engine::units::{Micros, Money, Paise, Qty};
use engine::venue::{
    Duration, Instrument, Kind, Leg, MOST_INSTRUMENTS, MOST_LIVE, MOST_RULES, OrderId,
    OrderRequest, OrderType, Product, Refusal, Rejection, RuleChange, RuleId, RuleRefusal,
    RuleRequest, RuleStatus, Rules, Segment, Side, Status, Terms, Variety, Venue,
};

use super::common::{instrument, quote, time, venue};

const ONE: Paise = Paise(101);
const TWO: Paise = Paise(202);
const THREE: Paise = Paise(303);

#[test]
fn a_rejection_has_its_figures_and_a_hint() {
    let (qty, lot, most) = (Qty(70), Qty(75), Qty(1_800));
    let funds = Rejection::Funds { available: Money(93_700), required: Money(229_825) };
    let examples = [
        (Rejection::Lot { qty, lot }, vec!["70", "75"]),
        (Rejection::Freeze { qty, most }, vec!["70", "1800"]),
        (Rejection::Tick { price: ONE, tick: TWO }, vec!["1.01", "2.02"]),
        (Rejection::Circuit { price: ONE, lower: TWO, upper: THREE }, vec!["1.01", "2.02", "3.03"]),
        (Rejection::Range { price: ONE, lower: TWO, upper: THREE }, vec!["1.01", "2.02", "3.03"]),
        (Rejection::TriggerBeyondPrice { trigger: ONE, price: TWO }, vec!["1.01", "2.02"]),
        (Rejection::TriggerReached { trigger: ONE, last: TWO }, vec!["1.01", "2.02"]),
        (funds, vec!["Available funds - Rs. 937.00 .", "You require Rs. 2298.25 funds"]),
        (Rejection::Margin, vec!["only positions that are held"]),
        (Rejection::NoPrice, vec!["send a limit"]),
        (Rejection::LoggedOff, vec!["Adapter is Logged Off"]),
    ];
    for (rejection, parts) in examples {
        let text = rejection.to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(!rejection.hint().is_empty(), "{text}");
        let refusal = Refusal::from(rejection);
        assert_eq!((refusal.code(), refusal.to_string()), ("AB1007", text));
        assert_eq!(refusal.hint(), rejection.hint());
    }
}

#[test]
fn a_refusal_has_its_code_its_figures_and_a_hint() {
    let key = instrument("option").key;
    let (variety, order_type) = (Variety::Normal, OrderType::StopLimit);
    let (asked, of_order) = (Variety::Normal, Variety::StopLoss);
    let id = OrderId(260_105_000_000_001);
    let examples = [
        (Refusal::Instrument(key), "AB1009", vec!["NFO:43210"]),
        (Refusal::Listing(key), "AB1018", vec!["NFO:43210", "out of range"]),
        (Refusal::Variety { variety, order_type }, "AB1008", vec!["NORMAL", "STOPLOSS_LIMIT"]),
        (Refusal::OtherVariety { asked, of_order }, "AB1008", vec!["NORMAL", "STOPLOSS"]),
        (Refusal::Robo, "AB2002", vec!["ROBO", "blocked"]),
        (
            Refusal::Product { product: Product::Delivery, segment: Segment::Nfo },
            "AB1012",
            vec!["DELIVERY", "NFO"],
        ),
        (Refusal::Duration(Duration::Ioc), "AB1007", vec!["IOC", "not allowed"]),
        (Refusal::Prohibited("MARKET"), "AB1007", vec!["MARKET", "prohibited"]),
        (Refusal::Qty(Qty(-1)), "AB1007", vec!["-1", "from 1 to 1000000000"]),
        (Refusal::Price(Paise(-101)), "AB1007", vec!["-1.01", "from 0.01 to 1000000000.00"]),
        (
            Refusal::Disclosed { disclosed: Qty(-1), qty: Qty(75) },
            "AB1007",
            vec!["quantity -1", "0 to 75"],
        ),
        (Refusal::Tag(20), "AB4008", vec!["20", "19"]),
        (Refusal::Full(1_000), "AB1007", vec!["1000", "at most"]),
        (Refusal::Unknown(id), "AB1013", vec!["260105000000001"]),
        (Refusal::State(id, Status::Complete), "AB1007", vec!["260105000000001", "complete"]),
        (Refusal::Fixed("duration"), "AB1007", vec!["duration", "only type"]),
        (Refusal::Filled { qty: Qty(75), filled: Qty(150) }, "AB1007", vec!["75", "150"]),
        (Refusal::Position(key, Product::Intraday), "AB1016", vec!["NFO:43210", "INTRADAY"]),
        (Refusal::Conversion { qty: Qty(75), held: Qty(0) }, "AB1017", vec!["75", "0 are held"]),
        (Refusal::ConversionMargin(Qty(75)), "AB1017", vec!["75", "sell short"]),
        (
            Refusal::ConversionFunds { available: Money(93_700), required: Money(229_825) },
            "AB1017",
            vec!["937.00", "2298.25"],
        ),
    ];
    for (refusal, code, parts) in examples {
        let text = refusal.to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert_eq!(refusal.code(), code, "{text}");
        assert!(!refusal.hint().is_empty(), "{text}");
    }
}

#[test]
fn a_refused_rule_has_its_code_its_figure_and_a_hint() {
    let examples = [
        (RuleRefusal::Full(500), "AB9001", "500"),
        (RuleRefusal::State(RuleId(7), RuleStatus::Sent), "AB9001", "7 is SENTTOEXCHANGE"),
        (RuleRefusal::Qty(Qty(70)), "AB9006", "70"),
        (RuleRefusal::Disclosed(Qty(71)), "AB9007", "71"),
        (RuleRefusal::Price(ONE), "AB9008", "1.01"),
        (RuleRefusal::Trigger(ONE), "AB9009", "1.01"),
        (RuleRefusal::Token(instrument("share").key), "AB9011", "NSE:3045"),
        (RuleRefusal::Unknown(RuleId(7)), "AB9013", "7"),
        (RuleRefusal::Product(Product::Intraday), "AB9015", "INTRADAY"),
        (RuleRefusal::Days(0), "AB9016", "0 days"),
    ];
    for (refusal, code, part) in examples {
        let text = refusal.to_string();
        assert!(text.contains(part) && refusal.code() == code, "{text}");
        assert!(!refusal.hint().is_empty(), "{text}");
    }
}

#[test]
fn every_word_of_the_broker_is_read_back() {
    assert!(Status::ALL.iter().all(|one| Status::from_word(one.word()) == Some(*one)));
    assert!(Segment::ALL.iter().all(|one| Segment::from_word(&one.to_string()) == Some(*one)));
    assert_eq!(Product::from_word("delivery"), None);
}

fn request(key_of: &str, tag: &str) -> OrderRequest {
    OrderRequest {
        instrument: instrument(key_of).key,
        variety: Variety::Normal,
        side: Side::Buy,
        terms: Terms {
            order_type: OrderType::Limit,
            product: Product::Intraday,
            duration: Duration::Day,
            qty: Qty(75),
            price: Paise(5),
            trigger: Paise(0),
        },
        disclosed: Qty::ZERO,
        tag: tag.to_owned(),
    }
}

#[test]
fn unknown_instruments_and_long_tags_are_refused() {
    let now = time(0, Micros::minutes(600));
    let key = instrument("option").key;
    let mut bare = Venue::new(Rules::default());
    assert_eq!(bare.place(request("option", ""), now), Err(Refusal::Instrument(key)));
    let quoted = bare.on_quote(key, &quote(100, (95, 75), (105, 75)), now);
    assert_eq!(quoted, Err(Refusal::Instrument(key)));
    let mut venue = venue(Rules::default());
    let tag = "twenty characters it";
    assert_eq!(venue.place(request("option", tag), now), Err(Refusal::Tag(20)));
    assert!(venue.place(request("option", &tag[1..]), now).is_ok());
}

#[test]
fn instruments_that_cannot_be_traded_are_not_listed() {
    let sound = instrument("option");
    let unsound = [
        Instrument { lot: Qty(0), ..sound },
        Instrument { tick: Paise(0), ..sound },
        Instrument { freeze: Qty(74), ..sound },
        Instrument { lower_circuit: Paise(-1), ..sound },
        Instrument { lower_circuit: Paise(2), upper_circuit: Paise(1), ..sound },
    ];
    let mut venue = Venue::new(Rules::default());
    for instrument in unsound {
        assert_eq!(venue.list(instrument), Err(Refusal::Listing(sound.key)));
    }
    venue.list(sound).expect("sound");
    let narrow = Instrument { upper_circuit: Paise(500), ..sound };
    venue.list(narrow).expect("sound");
    assert_eq!(venue.instrument(sound.key), Some(&narrow));
}

#[test]
fn a_venue_has_room_for_so_many_instruments_and_orders() {
    let mut venue = Venue::new(Rules::default());
    let nth = |token: usize| {
        let key = engine::venue::Key { segment: Segment::Nfo, token: token as u64 };
        Instrument::new(key, Kind::IndexOption, Qty(75), Paise(5), Qty(1_800))
    };
    for token in 0..MOST_INSTRUMENTS {
        venue.list(nth(token)).expect("room");
    }
    assert_eq!(venue.list(nth(MOST_INSTRUMENTS)), Err(Refusal::Full(MOST_INSTRUMENTS)));
    venue.list(nth(0)).expect("known already");
    let now = time(0, Micros::minutes(600));
    let order = OrderRequest { instrument: nth(0).key, ..request("option", "") };
    for _ in 0..MOST_LIVE {
        venue.place(order.clone(), now).expect("room");
    }
    assert_eq!(venue.place(order.clone(), now), Err(Refusal::Full(MOST_LIVE)));
    let first = venue.orders().next().expect("an order").id;
    venue.cancel(first, Variety::Normal, now).expect("open");
    venue.place(order, now).expect("room again");
}

#[test]
fn senseless_quotes_change_nothing() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let key = instrument("option").key;
    let at = |last| quote(last, (i64::MAX, i64::MAX), (i64::MIN, i64::MIN));
    for last in [i64::MIN, -1, 0, i64::MAX] {
        venue.on_quote(key, &at(last), now).expect("listed");
        assert_eq!(venue.last(key), None);
    }
    venue.on_quote(key, &at(10_000), now).expect("listed");
    for side in [Side::Buy, Side::Sell] {
        let mut order = OrderRequest { side, ..request("option", "") };
        order.terms.price = Paise(10_000);
        venue.place(order, now).expect("taken");
    }
    assert_eq!((venue.last(key), venue.trades()), (Some(Paise(10_000)), &[][..]));
}

fn rule() -> RuleRequest {
    RuleRequest {
        instrument: instrument("option").key,
        side: Side::Buy,
        product: Product::Carryforward,
        qty: Qty(75),
        disclosed: Qty::ZERO,
        leg: Leg { price: Paise(9_500), trigger: Paise(9_550) },
        stop: None,
        days: None,
    }
}

#[test]
fn a_rule_is_changed_and_withdrawn_only_while_it_waits() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let key = rule().instrument;
    venue.on_quote(key, &quote(10_000, (9_995, 75), (10_005, 75)), now).expect("listed");
    let id = venue.create_rule(rule(), now).expect("taken");
    let leg = Leg { price: Paise(9_000), trigger: Paise(9_050) };
    let change =
        RuleChange { id, instrument: key, qty: Qty(150), disclosed: Qty::ZERO, leg, stop: None };
    venue.change_rule(change, now).expect("waits");
    let share = instrument("share").key;
    let elsewhere = RuleChange { instrument: share, ..change };
    assert_eq!(venue.change_rule(elsewhere, now), Err(RuleRefusal::Token(share)));
    let odd = RuleChange { qty: Qty(70), ..change };
    assert_eq!(venue.change_rule(odd, now), Err(RuleRefusal::Qty(Qty(70))));
    venue.on_quote(key, &quote(9_540, (9_535, 75), (9_545, 75)), now).expect("listed");
    assert_eq!(venue.gtt_rule(id).map(|rule| rule.status), Some(RuleStatus::Active));
    venue.on_quote(key, &quote(9_050, (9_045, 75), (9_055, 75)), now).expect("listed");
    let rule = *venue.gtt_rule(id).expect("kept");
    let order = rule.order.and_then(|order| venue.order(order)).expect("placed");
    assert_eq!((order.terms.qty, order.terms.price), (Qty(150), Paise(9_000)));
    let state = RuleRefusal::State(id, RuleStatus::Sent);
    assert_eq!(venue.cancel_rule(id, key, now), Err(state));
    assert_eq!(venue.change_rule(change, now), Err(state));
    let unknown = RuleId(id.0 + 1);
    assert_eq!(venue.cancel_rule(unknown, key, now), Err(RuleRefusal::Unknown(unknown)));
}

#[test]
fn a_rule_whose_order_is_refused_says_so_and_ends() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let key = rule().instrument;
    venue.on_quote(key, &quote(10_000, (9_995, 75), (10_005, 75)), now).expect("listed");
    let id = venue.create_rule(rule(), now).expect("taken");
    venue.on_quote(key, &quote(500, (495, 75), (505, 75)), now).expect("listed");
    let rule = venue.gtt_rule(id).expect("kept");
    assert_eq!(rule.status, RuleStatus::Cancelled);
    assert!(matches!(rule.refusal, Some(Refusal::Rejected(Rejection::Range { .. }))), "{rule:?}");
}

#[test]
fn there_is_room_for_so_many_rules_that_wait() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let days = |days| RuleRequest { days: Some(days), ..rule() };
    assert_eq!(venue.create_rule(days(0), now), Err(RuleRefusal::Days(0)));
    assert_eq!(venue.create_rule(days(366), now), Err(RuleRefusal::Days(366)));
    let disclosed = RuleRequest { disclosed: Qty(76), ..rule() };
    assert_eq!(venue.create_rule(disclosed, now), Err(RuleRefusal::Disclosed(Qty(76))));
    let first = venue.create_rule(rule(), now).expect("room");
    for _ in 1..MOST_RULES {
        venue.create_rule(rule(), now).expect("room");
    }
    assert_eq!(venue.create_rule(rule(), now), Err(RuleRefusal::Full(MOST_RULES)));
    venue.cancel_rule(first, rule().instrument, now).expect("waits");
    venue.create_rule(rule(), now).expect("room again");
    assert_eq!((venue.gtt_rules().count(), venue.gtt_rule(first)), (MOST_RULES, None));
}
