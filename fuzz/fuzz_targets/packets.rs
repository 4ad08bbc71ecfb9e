//! Any bytes as a market-data packet: no panic, and what decodes encodes to the bytes it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smartapi::packet::{Packet, WirePrice, decode, token_text};
use zerocopy::IntoBytes;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = decode(bytes) else { return };
    let encoded = match packet {
        Packet::Ltp(packet) => packet.as_bytes(),
        Packet::Quote(packet) => packet.as_bytes(),
        Packet::SnapQuote(packet) => packet.as_bytes(),
        Packet::Depth20(packet) => packet.as_bytes(),
    };
    assert_eq!(encoded, &bytes[..packet.mode().packet_len()]);
    if let Some(head) = packet.head() {
        assert!(!token_text(&head.token).contains(&0));
        let _ = WirePrice(head.ltp.get()).paise(head.exchange_type());
    }
});
