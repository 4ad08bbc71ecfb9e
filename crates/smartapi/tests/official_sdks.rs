//! The official SDKs' parsers, unmodified, and our decoder read 100,000 generated packets alike.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Map, Value, json};
use smartapi::packet::{DepthRow, Ltp, Packet, Quote, SnapQuote, decode, token_text};
use zerocopy::IntoBytes as _;

const PACKETS: u64 = 100_000;

/// Where `conformance/install` has put the SDKs.
fn sdks() -> PathBuf {
    // Tests that need it are left out where it is not set; see `check`.
    #[allow(clippy::disallowed_methods)]
    let folder = std::env::var_os("MYQUANT_SDKS").map(PathBuf::from);
    folder.expect("MYQUANT_SDKS names the folder that conformance/install was given")
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(path)
}

/// The same numbers for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Mostly numbers as a market has them; one in eight is any 64 bits.
    fn integer(&mut self) -> i64 {
        let bits = self.next();
        if bits.is_multiple_of(8) { self.next() as i64 } else { (bits >> 20) as i64 % 5_000_000 }
    }

    fn double(&mut self) -> f64 {
        let any = f64::from_bits(self.next());
        if any.is_finite() { any } else { (self.next() >> 40) as f64 }
    }

    fn ltp(&mut self, mode: u8) -> Ltp {
        let mut token = [0; 25];
        let digits = 1 + (self.next() % 25) as usize;
        token[..digits].fill_with(|| b'0' + (self.next() % 10) as u8);
        Ltp {
            mode,
            exchange_type: [1, 2, 3, 4, 5, 7, 13][(self.next() % 7) as usize],
            token,
            sequence: self.integer().into(),
            exchange_ts_ms: self.integer().into(),
            ltp: self.integer().into(),
        }
    }

    fn quote(&mut self, mode: u8) -> Quote {
        Quote {
            head: self.ltp(mode),
            last_traded_qty: self.integer().into(),
            average_price: self.integer().into(),
            day_volume: self.integer().into(),
            total_buy_qty: self.double().into(),
            total_sell_qty: self.double().into(),
            open: self.integer().into(),
            high: self.integer().into(),
            low: self.integer().into(),
            previous_close: self.integer().into(),
        }
    }

    fn snap(&mut self) -> SnapQuote {
        SnapQuote {
            quote: self.quote(3),
            last_traded_ts_s: self.integer().into(),
            open_interest: self.integer().into(),
            open_interest_change_pct: self.double().into(),
            // Five buys, then five sells: the one order on which both SDKs agree.
            depth: std::array::from_fn(|row| DepthRow {
                flag: u16::from(row < 5).into(),
                qty: self.integer().into(),
                px: self.integer().into(),
                orders: (self.next() as u16).into(),
            }),
            upper_circuit: self.integer().into(),
            lower_circuit: self.integer().into(),
            high_52w: self.integer().into(),
            low_52w: self.integer().into(),
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        match self.next() % 4 {
            0 => self.ltp(1).as_bytes().to_vec(),
            1 => self.quote(2).as_bytes().to_vec(),
            _ => self.snap().as_bytes().to_vec(),
        }
    }
}

fn packets(seed: u64) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    (0..PACKETS).map(|_| random.packet()).collect()
}

/// Runs a script that prints a line for each packet on its standard input.
fn lines(mut command: Command, packets: &[Vec<u8>], mut each: impl FnMut(usize, Value)) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the script starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let bytes: Vec<u8> = packets
        .iter()
        .flat_map(|packet| [&(packet.len() as u32).to_le_bytes(), packet.as_slice()].concat())
        .collect();
    let writer = thread::spawn(move || stdin.write_all(&bytes));
    let mut count = 0;
    for line in stdout.lines() {
        let line = line.expect("text");
        each(count, serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in {line}")));
        count += 1;
    }
    writer.join().expect("no panic").expect("all was read");
    assert!(child.wait().expect("its status").success());
    assert_eq!(count, packets.len());
}

fn token(head: &Ltp) -> String {
    String::from_utf8_lossy(token_text(&head.token)).into_owned()
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

fn mode_name(mode: u8) -> &'static str {
    ["LTP", "QUOTE", "SNAP_QUOTE"][usize::from(mode) - 1]
}

/// What the Python SDK must say of a packet that we have decoded.
fn in_python(packet: &Packet<'_>) -> Map<String, Value> {
    let head = packet.head().expect("modes 1 to 3");
    let mut all = object(json!({
        "subscription_mode": head.mode, "exchange_type": head.exchange_type, "token": token(head),
        "sequence_number": head.sequence.get(), "exchange_timestamp": head.exchange_ts_ms.get(),
        "last_traded_price": head.ltp.get(),
        "subscription_mode_val": mode_name(head.mode),
    }));
    let (quote, snap) = parts(packet);
    if let Some(quote) = quote {
        all.extend(object(json!({
            "last_traded_quantity": quote.last_traded_qty.get(),
            "average_traded_price": quote.average_price.get(),
            "volume_trade_for_the_day": quote.day_volume.get(),
            "total_buy_quantity": quote.total_buy_qty.get().to_bits(),
            "total_sell_quantity": quote.total_sell_qty.get().to_bits(),
            "open_price_of_the_day": quote.open.get(), "high_price_of_the_day": quote.high.get(),
            "low_price_of_the_day": quote.low.get(), "closed_price": quote.previous_close.get(),
        })));
    }
    if let Some(snap) = snap {
        let row = |row: &DepthRow| {
            json!({"flag": row.flag.get(), "quantity": row.qty.get(), "price": row.px.get(),
                   "no of orders": row.orders.get()})
        };
        let side = |rows: &[DepthRow]| rows.iter().map(row).collect::<Vec<_>>();
        all.extend(object(json!({
            "last_traded_timestamp": snap.last_traded_ts_s.get(),
            "open_interest": snap.open_interest.get(),
            // The SDK is wrong: it reads the double's bytes as an integer.
            "open_interest_change_percentage": snap.open_interest_change_pct.get().to_bits() as i64,
            "upper_circuit_limit": snap.upper_circuit.get(),
            "lower_circuit_limit": snap.lower_circuit.get(),
            "52_week_high_price": snap.high_52w.get(), "52_week_low_price": snap.low_52w.get(),
            "best_5_buy_data": side(snap.buys()), "best_5_sell_data": side(snap.sells()),
        })));
    }
    all
}

fn parts<'a>(packet: &Packet<'a>) -> (Option<&'a Quote>, Option<&'a SnapQuote>) {
    match *packet {
        Packet::Quote(quote) => (Some(quote), None),
        Packet::SnapQuote(snap) => (Some(&snap.quote), Some(snap)),
        _ => (None, None),
    }
}

/// What the JavaScript SDK must say; it gives every number as text.
fn in_javascript(packet: &Packet<'_>) -> Map<String, Value> {
    let head = packet.head().expect("modes 1 to 3");
    let (quote, snap) = parts(packet);
    // The SDK is wrong: modes 2 and 3 read these three as unsigned, and mode 1 only half of the price.
    let number = |value: i64| match quote {
        Some(_) => (value as u64).to_string(),
        None => value.to_string(),
    };
    let price = head.ltp.get();
    let price = if quote.is_some() { number(price) } else { (price as i32).to_string() };
    let mut all = object(json!({
        "subscription_mode": head.mode.to_string(), "exchange_type": head.exchange_type.to_string(),
        "token": format!("\"{}\"", token(head)), "sequence_number": number(head.sequence.get()),
        "exchange_timestamp": number(head.exchange_ts_ms.get()), "last_traded_price": price,
    }));
    let text = |value: i64| value.to_string();
    if let Some(quote) = quote {
        all.extend(object(json!({
            "last_traded_quantity": text(quote.last_traded_qty.get()),
            "avg_traded_price": text(quote.average_price.get()),
            "vol_traded": text(quote.day_volume.get()),
            "total_buy_quantity": quote.total_buy_qty.get().to_bits(),
            "total_sell_quantity": quote.total_sell_qty.get().to_bits(),
            "open_price_day": text(quote.open.get()), "high_price_day": text(quote.high.get()),
            "low_price_day": text(quote.low.get()), "close_price": text(quote.previous_close.get()),
        })));
    }
    if let Some(snap) = snap {
        // The SDK is wrong: counts of orders above 32,767 come out negative.
        let row = |row: &DepthRow| {
            json!({"flag": row.flag.get().to_string(), "quantity": text(row.qty.get()),
                   "price": text(row.px.get()), "no_of_orders": (row.orders.get() as i16).to_string()})
        };
        let side = |rows: &[DepthRow]| rows.iter().map(row).collect::<Vec<_>>();
        all.extend(object(json!({
            "last_traded_timestamp": text(snap.last_traded_ts_s.get()),
            "open_interest": text(snap.open_interest.get()),
            "open_interest_change": snap.open_interest_change_pct.get().to_bits(),
            "best_5_buy_data": side(snap.buys()), "best_5_sell_data": side(snap.sells()),
            "upper_circuit": text(snap.upper_circuit.get()),
            "lower_circuit": text(snap.lower_circuit.get()),
            "fiftytwo_week_high": text(snap.high_52w.get()),
            "fiftytwo_week_low": text(snap.low_52w.get()),
        })));
    }
    all
}

#[test]
fn with_official_sdks_the_python_parser_agrees_on_100_000_packets() {
    let seed = 20_251_128;
    let packets = packets(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(sdks().join("python/bin/python"));
    command.arg(script("python/parse.py")).arg(folder.path());
    lines(command, &packets, |place, parsed| {
        let ours = in_python(&decode(&packets[place]).expect("a packet"));
        assert_eq!(object(parsed), ours, "packet {place} of seed {seed}");
    });
}

#[test]
fn with_official_sdks_the_javascript_parser_agrees_on_100_000_packets() {
    let seed = 20_251_129;
    let packets = packets(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("node");
    command.arg(script("javascript/parse.js")).current_dir(folder.path());
    command.env("NODE_PATH", sdks().join("javascript/node_modules"));
    lines(command, &packets, |place, parsed| {
        let mut parsed = object(parsed);
        for name in ["total_buy_quantity", "total_sell_quantity", "open_interest_change"] {
            if let Some(text) = parsed.get_mut(name) {
                let double: f64 =
                    text.as_str().and_then(|text| text.parse().ok()).expect("a number");
                *text = json!(double.to_bits());
            }
        }
        let ours = in_javascript(&decode(&packets[place]).expect("a packet"));
        assert_eq!(parsed, ours, "packet {place} of seed {seed}");
    });
}
