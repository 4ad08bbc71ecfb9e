//! Every packet that the official SDK's parser was shown, decoded to its canonical meaning.

use std::path::PathBuf;

use serde_json::{Value, json};
use smartapi::packet::{
    Depth20, Depth20Row, DepthRow, FrameError, Ltp, Packet, Quote, SnapQuote, decode, token_text,
};

fn vectors() -> Vec<Value> {
    // The one place where a test of this crate reads the environment.
    #[allow(clippy::disallowed_methods)]
    let shared = std::env::var_os("MYQUANT_TESTDATA").map(PathBuf::from);
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let path = shared.unwrap_or_else(own).join("vectors/ws2_vectors.json");
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).expect("a list of vectors")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn bits(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

fn ltp(packet: &Ltp, len: usize) -> Value {
    json!({
        "mode": packet.mode, "exchange_type": packet.exchange_type, "len": len,
        "token": String::from_utf8_lossy(token_text(&packet.token)),
        "sequence_number": packet.sequence.get(),
        "exchange_timestamp_ms": packet.exchange_ts_ms.get(),
        "ltp_raw": packet.price().0,
    })
}

fn quote(packet: &Quote, len: usize) -> Value {
    let mut all = ltp(&packet.head, len);
    extend(
        &mut all,
        json!({
            "last_traded_quantity": packet.last_traded_qty.get(),
            "average_traded_price_raw": packet.average_price.get(),
            "volume": packet.day_volume.get(),
            "total_buy_quantity_f64_bits_be": bits(packet.total_buy_qty.get()),
            "total_sell_quantity_f64_bits_be": bits(packet.total_sell_qty.get()),
            "open_raw": packet.open.get(), "high_raw": packet.high.get(),
            "low_raw": packet.low.get(), "close_raw": packet.previous_close.get(),
        }),
    );
    all
}

fn snap(packet: &SnapQuote, len: usize) -> Value {
    let mut all = quote(&packet.quote, len);
    let whole =
        |row: &DepthRow| json!([row.flag.get(), row.qty.get(), row.px.get(), row.orders.get()]);
    extend(
        &mut all,
        json!({
            "last_traded_timestamp_s": packet.last_traded_ts_s.get(),
            "open_interest": packet.open_interest.get(),
            "open_interest_change_pct_f64_bits_be": bits(packet.open_interest_change_pct.get()),
            "packets": packet.depth.iter().map(whole).collect::<Vec<_>>(),
            "upper_circuit_raw": packet.upper_circuit.get(),
            "lower_circuit_raw": packet.lower_circuit.get(),
            "high_52w_raw": packet.high_52w.get(), "low_52w_raw": packet.low_52w.get(),
        }),
    );
    all
}

fn depth20(packet: &Depth20, len: usize) -> Value {
    let row = |row: &Depth20Row| json!([row.qty.get(), row.px.get(), row.orders.get()]);
    json!({
        "mode": packet.mode, "exchange_type": packet.exchange_type, "len": len,
        "token": String::from_utf8_lossy(token_text(&packet.token)),
        "exchange_timestamp_ms": packet.exchange_ts_ms.get(),
        "packet_received_time_ms": packet.received_ts_ms.get(),
        "buy": packet.buys.iter().map(row).collect::<Vec<_>>(),
        "sell": packet.sells.iter().map(row).collect::<Vec<_>>(),
    })
}

fn extend(all: &mut Value, more: Value) {
    let (Value::Object(all), Value::Object(more)) = (all, more) else { panic!("objects") };
    all.extend(more);
}

#[test]
fn every_vector_decodes_to_its_canonical_meaning() {
    let mut decoded = 0;
    for vector in vectors() {
        let (name, frame) = (&vector["name"], bytes(vector["hex"].as_str().expect("hex")));
        let canonical = vector["canonical"].as_object().filter(|c| c.contains_key("token"));
        let known_mode = (1..=4).contains(&vector["mode"].as_i64().unwrap_or(0));
        let Some(canonical) = canonical.filter(|_| known_mode) else { continue };
        let ours = match decode(&frame).unwrap_or_else(|e| panic!("{name}: {e}")) {
            Packet::Ltp(packet) => ltp(packet, frame.len()),
            Packet::Quote(packet) => quote(packet, frame.len()),
            Packet::SnapQuote(packet) => snap(packet, frame.len()),
            Packet::Depth20(packet) => depth20(packet, frame.len()),
        };
        for (field, expected) in canonical {
            let Some(our_value) = ours.get(field) else {
                let derived = ["ltp_rupees", "buy", "sell"].contains(&field.as_str());
                assert!(derived, "{name}: {field} = {expected} is not compared");
                continue;
            };
            assert_eq!(our_value, expected, "{name}: {field}");
        }
        decoded += 1;
    }
    assert!(decoded >= 133, "only {decoded} vectors were decoded");
}

#[test]
fn every_malformed_vector_says_what_is_wrong() {
    let mut refused = Vec::new();
    for vector in vectors() {
        let frame = bytes(vector["hex"].as_str().expect("hex"));
        if let Err(error) = decode(&frame) {
            let malformed = vector.get("expected_error").is_some() || vector["group"] == "shape";
            assert!(malformed, "{}: {error}", vector["name"]);
            if let FrameError::Length { mode, was, needs } = error {
                assert_eq!((mode, was), (frame[0], frame.len()));
                assert!(was < needs);
            }
            refused.push(error);
        }
    }
    for expected in [
        FrameError::Length { mode: 1, was: 50, needs: 51 },
        FrameError::Length { mode: 3, was: 347, needs: 379 },
        FrameError::Length { mode: 4, was: 442, needs: 443 },
        FrameError::Mode(0),
        FrameError::Mode(5),
        FrameError::Noise { was: 4 },
        FrameError::Noise { was: 1 },
        FrameError::Noise { was: 0 },
    ] {
        assert!(refused.contains(&expected), "{expected:?} is missing from {refused:?}");
    }
}
