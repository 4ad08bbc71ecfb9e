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
}
