//! What the packet tests know: sizes, offsets, and that foreign bytes never panic.

use proptest::prelude::*;

use super::*;

#[test]
fn packets_have_the_lengths_of_the_wire() {
    let lengths = [Mode::Ltp, Mode::Quote, Mode::SnapQuote, Mode::Depth20].map(Mode::packet_len);
    assert_eq!(lengths, [51, 123, 379, 443]);
    assert_eq!(size_of::<DepthRow>(), 20);
    assert_eq!(size_of::<Depth20Row>(), 10);
}

#[test]
fn fields_lie_at_the_offsets_of_the_wire() {
    use std::mem::offset_of;
    let head = [offset_of!(Ltp, sequence), offset_of!(Ltp, exchange_ts_ms), offset_of!(Ltp, ltp)];
    assert_eq!(head, [27, 35, 43]);
    let quote = [offset_of!(Quote, last_traded_qty), offset_of!(Quote, previous_close)];
    assert_eq!(quote, [51, 115]);
    let snap = [
        offset_of!(SnapQuote, last_traded_ts_s),
        offset_of!(SnapQuote, depth),
        offset_of!(SnapQuote, upper_circuit),
        offset_of!(SnapQuote, low_52w),
    ];
    assert_eq!(snap, [123, 147, 347, 371]);
    assert_eq!([offset_of!(Depth20, buys), offset_of!(Depth20, sells)], [43, 243]);
}

#[test]
fn keep_alive_noise_is_told_from_broken_packets() {
    for noise in [&b""[..], b"\0", b"x", b"pong"] {
        assert_eq!(decode(noise).unwrap_err(), FrameError::Noise { was: noise.len() });
    }
    assert_eq!(decode(&[0; 51]).unwrap_err(), FrameError::Mode(0));
    assert_eq!(decode(&[5; 443]).unwrap_err(), FrameError::Mode(5));
    let short = FrameError::Length { mode: 2, was: 122, needs: 123 };
    assert_eq!(decode(&[2; 122]).unwrap_err(), short);
    assert_eq!(short.to_string(), "frame was 122 bytes, mode 2 needs 123");
}

#[test]
fn tokens_end_at_the_first_nul_or_fill_the_field() {
    assert_eq!(token_text(&token_field("47338").expect("fits")), b"47338");
    let longest = "1234567890123456789012345";
    assert_eq!(token_text(&token_field(longest).expect("fits")), longest.as_bytes());
    assert_eq!(token_field("12345678901234567890123456"), None);
    let mut after_nul = token_field("12").expect("fits");
    after_nul[10] = b'9';
    assert_eq!(token_text(&after_nul), b"12");
}

#[test]
fn currency_prices_do_not_become_paise() {
    assert_eq!(WirePrice(32_525).paise(ExchangeType::NSE_FO), Some(32_525));
    assert_eq!(WirePrice(839_125_000).paise(ExchangeType::CDE_FO), None);
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        if let Ok(packet) = decode(&bytes) {
            prop_assert_eq!(packet.mode() as u8, bytes[0]);
            prop_assert!(bytes.len() >= packet.mode().packet_len());
        }
    }

    #[test]
    fn decoding_what_was_encoded_gives_the_same_bytes(
        mode in 1u8..=4, bytes in prop::collection::vec(any::<u8>(), 443)
    ) {
        let mut frame = bytes;
        frame[0] = mode;
        let packet = decode(&frame).expect("long enough");
        let again = match packet {
            Packet::Ltp(packet) => packet.as_bytes(),
            Packet::Quote(packet) => packet.as_bytes(),
            Packet::SnapQuote(packet) => packet.as_bytes(),
            Packet::Depth20(packet) => packet.as_bytes(),
        };
        prop_assert_eq!(again, &frame[..packet.mode().packet_len()]);
    }

    #[test]
    fn what_is_encoded_is_decoded_in_every_mode(
        token in "[0-9]{1,25}", exchange: u8, whole in prop::collection::vec(any::<i64>(), 60),
        double: f64,
    ) {
        let mut numbers = whole.iter().copied().cycle();
        let head = head(&token, exchange, &mut numbers);
        let quote = quote(head, double, &mut numbers);
        let snap = snap(quote, double, &mut numbers);
        let depth20 = depth20(&token, exchange, &mut numbers);
        let frames = [head.as_bytes(), quote.as_bytes(), snap.as_bytes(), depth20.as_bytes()];
        let expected =
            [fields_of_ltp(&head), fields_of_quote(&quote), fields_of_snap(&snap), fields_of_depth20(&depth20)];
        for (frame, expected) in frames.into_iter().zip(expected) {
            let frame = [frame, b"after it"].concat();
            let fields = match decode(&frame).expect("a packet") {
                Packet::Ltp(packet) => fields_of_ltp(packet),
                Packet::Quote(packet) => fields_of_quote(packet),
                Packet::SnapQuote(packet) => fields_of_snap(packet),
                Packet::Depth20(packet) => fields_of_depth20(packet),
            };
            prop_assert_eq!(&fields, &expected);
            prop_assert_eq!(fields[0], i64::from(frame[0]));
        }
        prop_assert_eq!(token_text(&snap.quote.head.token), token.as_bytes());
    }
}

type Numbers<'a> = &'a mut dyn Iterator<Item = i64>;

fn next(numbers: Numbers<'_>) -> i64 {
    numbers.next().expect("endless")
}

fn head(token: &str, exchange: u8, numbers: Numbers<'_>) -> Ltp {
    Ltp {
        mode: Mode::Ltp as u8,
        exchange_type: exchange,
        token: token_field(token).expect("fits"),
        sequence: next(numbers).into(),
        exchange_ts_ms: next(numbers).into(),
        ltp: next(numbers).into(),
    }
}

fn quote(head: Ltp, double: f64, numbers: Numbers<'_>) -> Quote {
    Quote {
        head: Ltp { mode: Mode::Quote as u8, ..head },
        last_traded_qty: next(numbers).into(),
        average_price: next(numbers).into(),
        day_volume: next(numbers).into(),
        total_buy_qty: double.into(),
        total_sell_qty: (-double).into(),
        open: next(numbers).into(),
        high: next(numbers).into(),
        low: next(numbers).into(),
        previous_close: next(numbers).into(),
    }
}

fn snap(quote: Quote, double: f64, numbers: Numbers<'_>) -> SnapQuote {
    let head = Ltp { mode: Mode::SnapQuote as u8, ..quote.head };
    SnapQuote {
        quote: Quote { head, ..quote },
        last_traded_ts_s: next(numbers).into(),
        open_interest: next(numbers).into(),
        open_interest_change_pct: double.into(),
        depth: std::array::from_fn(|_| DepthRow {
            flag: (next(numbers) as u16).into(),
            qty: next(numbers).into(),
            px: next(numbers).into(),
            orders: (next(numbers) as u16).into(),
        }),
        upper_circuit: next(numbers).into(),
        lower_circuit: next(numbers).into(),
        high_52w: next(numbers).into(),
        low_52w: next(numbers).into(),
    }
}

fn depth20(token: &str, exchange: u8, numbers: Numbers<'_>) -> Depth20 {
    let row = |numbers: Numbers<'_>| Depth20Row {
        qty: (next(numbers) as i32).into(),
        px: (next(numbers) as i32).into(),
        orders: (next(numbers) as i16).into(),
    };
    Depth20 {
        mode: Mode::Depth20 as u8,
        exchange_type: exchange,
        token: token_field(token).expect("fits"),
        exchange_ts_ms: next(numbers).into(),
        received_ts_ms: next(numbers).into(),
        buys: std::array::from_fn(|_| row(numbers)),
        sells: std::array::from_fn(|_| row(numbers)),
    }
}

/// All numbers of a packet in the order of the wire, doubles by their bits.
fn fields_of_ltp(packet: &Ltp) -> Vec<i64> {
    let [mode, exchange] = [packet.mode, packet.exchange_type].map(i64::from);
    vec![mode, exchange, packet.sequence.get(), packet.exchange_ts_ms.get(), packet.ltp.get()]
}

fn bits(value: f64) -> i64 {
    i64::from_ne_bytes(value.to_bits().to_ne_bytes())
}

fn fields_of_quote(packet: &Quote) -> Vec<i64> {
    let mut fields = fields_of_ltp(&packet.head);
    let three = [packet.last_traded_qty, packet.average_price, packet.day_volume];
    fields.extend(three.map(|field| field.get()));
    fields.extend([packet.total_buy_qty, packet.total_sell_qty].map(|field| bits(field.get())));
    let four = [packet.open, packet.high, packet.low, packet.previous_close];
    fields.extend(four.map(|field| field.get()));
    fields
}

fn fields_of_snap(packet: &SnapQuote) -> Vec<i64> {
    let mut fields = fields_of_quote(&packet.quote);
    fields.extend([packet.last_traded_ts_s.get(), packet.open_interest.get()]);
    fields.push(bits(packet.open_interest_change_pct.get()));
    for row in packet.buys().iter().chain(packet.sells()) {
        let (flag, orders) = (i64::from(row.flag.get()), i64::from(row.orders.get()));
        fields.extend([flag, row.qty.get(), row.px.get(), orders]);
    }
    let four = [packet.upper_circuit, packet.lower_circuit, packet.high_52w, packet.low_52w];
    fields.extend(four.map(|field| field.get()));
    fields
}

fn fields_of_depth20(packet: &Depth20) -> Vec<i64> {
    let mut fields = [packet.mode, packet.exchange_type].map(i64::from).to_vec();
    fields.extend([packet.exchange_ts_ms, packet.received_ts_ms].map(|field| field.get()));
    for row in packet.buys.iter().chain(&packet.sells) {
        let [qty, px] = [row.qty, row.px].map(|field| i64::from(field.get()));
        fields.extend([qty, px, i64::from(row.orders.get())]);
    }
    fields
}
