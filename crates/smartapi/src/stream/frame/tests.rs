//! Tests of the framing: every way to split the bytes, every rule of the header.

use proptest::prelude::*;

use super::*;

/// What a test keeps of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Binary(Vec<u8>),
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

impl From<Frame<'_>> for Owned {
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Binary(payload) => Self::Binary(payload.to_vec()),
            Frame::Text(text) => Self::Text(text.to_owned()),
            Frame::Ping(payload) => Self::Ping(payload.to_vec()),
            Frame::Pong(payload) => Self::Pong(payload.to_vec()),
            Frame::Close { code, reason } => Self::Close(code, reason.to_owned()),
        }
    }
}

fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ ..=125 => out.push(len as u8),
        len @ ..=0xffff => {
            out.push(126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(payload);
    out
}

fn drain(reader: &mut FrameReader, into: &mut Vec<Owned>) -> Result<(), WsError> {
    while let Some((frame, _)) = reader.next_frame()? {
        into.push(frame.into());
    }
    Ok(())
}

/// Feeds `bytes` in reads of the given lengths, round and round.
fn feed(reader: &mut FrameReader, bytes: &[u8], reads: &[usize]) -> Result<Vec<Owned>, WsError> {
    let (mut frames, mut rest) = (Vec::new(), bytes);
    let mut lengths = reads.iter().cycle();
    while !rest.is_empty() {
        let space = reader.space();
        assert!(!space.is_empty(), "a reader whose frames are taken always has room");
        let len = lengths.next().copied().unwrap_or(1).clamp(1, rest.len().min(space.len()));
        space[..len].copy_from_slice(&rest[..len]);
        reader.fill(len);
        rest = &rest[len..];
        drain(reader, &mut frames)?;
    }
    Ok(frames)
}

fn error_of(bytes: &[u8]) -> WsError {
    let mut reader = FrameReader::new();
    feed(&mut reader, bytes, &[bytes.len()]).expect_err("these bytes break a rule")
}

#[test]
fn refuses_what_a_server_must_not_send() {
    assert_eq!(error_of(&[0xc2, 0]), WsError::Reserved(0xc2));
    assert_eq!(error_of(&[0x83, 0]), WsError::Opcode(3));
    assert_eq!(error_of(&[0x82, 0x80, 1, 2, 3, 4]), WsError::Masked(2));
    assert_eq!(error_of(&[0x82, 126, 0, 125]), WsError::LongForm(125));
    assert_eq!(error_of(&[0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255]), WsError::LongForm(65535));
    assert_eq!(
        error_of(&[0x82, 127, 0, 0, 0, 0, 0, 16, 0, 1]),
        WsError::TooLong { was: 1_048_577 }
    );
    assert_eq!(
        error_of(&[0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0]),
        WsError::TooLong { was: 255 << 56 }
    );
    assert_eq!(error_of(&[0x89, 126, 0, 126]), WsError::ControlLength { was: 126 });
    assert_eq!(error_of(&[0x09, 0]), WsError::ControlFragment(9));
    assert_eq!(error_of(&[0x80, 0]), WsError::Continuation);
    assert_eq!(error_of(&[0x02, 1, 7, 0x82, 0]), WsError::Interleaved(2));
    assert_eq!(error_of(&[0x81, 2, b'a', 0xff]), WsError::Utf8 { valid: 1 });
    assert_eq!(error_of(&[0x88, 1, 3]), WsError::Close { len: 1, code: 0 });
    assert_eq!(error_of(&[0x88, 2, 0, 9]), WsError::Close { len: 2, code: 9 });
}

#[test]
fn takes_control_frames_between_fragments() {
    let mut bytes = server_frame(0x02, b"one");
    bytes.extend(server_frame(0x89, b"?"));
    bytes.extend(server_frame(0x00, b"two"));
    bytes.extend(server_frame(0x8a, b""));
    bytes.extend(server_frame(0x80, b"three"));
    bytes.extend(server_frame(0x82, b"next"));
    let frames = feed(&mut FrameReader::new(), &bytes, &[2, 1]).expect("legal frames");
    let expected = [
        Owned::Ping(b"?".to_vec()),
        Owned::Pong(Vec::new()),
        Owned::Binary(b"onetwothree".to_vec()),
        Owned::Binary(b"next".to_vec()),
    ];
    assert_eq!(frames, expected);
}

#[test]
fn says_how_many_bytes_wait_behind_a_frame() {
    let mut reader = FrameReader::new();
    let parts = [server_frame(0x02, b"one"), server_frame(0x80, b"two"), server_frame(0x8a, b"")];
    let bytes = parts.concat();
    reader.push(&bytes);
    reader.push(&[0x82]);
    let rest =
        |reader: &mut FrameReader| reader.next_frame().map(|next| next.map(|(_, rest)| rest));
    assert_eq!(rest(&mut reader), Ok(Some(3)), "the pong and the beginning of another frame");
    assert_eq!(rest(&mut reader), Ok(Some(1)));
    assert_eq!(rest(&mut reader), Ok(None));
    reader.push(&[0]);
    assert_eq!(rest(&mut reader), Ok(Some(0)), "it ends with the last byte that was read");
}

#[test]
fn limits_the_sum_of_fragments() {
    let mut bytes = server_frame(0x02, &vec![0; MAX_MESSAGE]);
    bytes.extend(server_frame(0x80, b"x"));
    assert_eq!(error_of(&bytes), WsError::TooLong { was: MAX_MESSAGE as u64 + 1 });
}

#[test]
fn grows_for_one_long_message_and_no_further() {
    let mut reader = FrameReader::new();
    let longest = vec![9; MAX_MESSAGE];
    let bytes = server_frame(0x82, &longest);
    for _ in 0..3 {
        let frames = feed(&mut reader, &bytes, &[60_000]).expect("as long as allowed");
        assert_eq!(frames, [Owned::Binary(longest.clone())]);
    }
    assert!(reader.buffer.len() <= 2 * MAX_MESSAGE, "buffer is {}", reader.buffer.len());
}

#[test]
fn keeps_its_size_for_short_frames() {
    let mut reader = FrameReader::new();
    let bytes: Vec<u8> = (0..5000).flat_map(|_| server_frame(0x82, &[3; 379])).collect();
    for reads in [&[1][..], &[380, 3], &[65_536], &[4096, 1, 9999]] {
        assert_eq!(feed(&mut reader, &bytes, reads).map(|frames| frames.len()), Ok(5000));
    }
    assert_eq!(reader.buffer.len(), FIRST_SIZE);
}

#[test]
fn ignores_what_follows_a_close() {
    let mut bytes = server_frame(0x88, &[0x03, 0xe9, b'b', b'y', b'e']);
    bytes.extend([0xff; 20]);
    let frames = feed(&mut FrameReader::new(), &bytes, &[1]).expect("a close is no error");
    assert_eq!(frames, [Owned::Close(Some(1001), "bye".to_owned())]);
}

/// Undoes the mask of one client frame: opcode and payload, and the bytes it took.
fn unmask(bytes: &[u8]) -> (u8, Vec<u8>, usize) {
    let (len, at) = match bytes[1] & 0x7f {
        126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
        short => (usize::from(short), 2),
    };
    assert_eq!(bytes[0] & 0xf0, 0x80);
    assert_eq!(bytes[1] & 0x80, 0x80, "a client masks");
    let (mask, payload) = (&bytes[at..at + 4], &bytes[at + 4..at + 4 + len]);
    let payload = payload.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]).collect();
    (bytes[0] & 0x0f, payload, at + 4 + len)
}

#[test]
fn masks_client_frames_of_every_length_form() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let text = "x".repeat(len);
        let mut out = Vec::new();
        encode(ClientFrame::Text(&text), [1, 2, 3, 4], &mut out);
        encode(ClientFrame::Close(1000), [5, 6, 7, 8], &mut out);
        let (opcode, payload, taken) = unmask(&out);
        assert_eq!((opcode, payload), (1, text.into_bytes()));
        assert_eq!(unmask(&out[taken..]), (8, vec![0x03, 0xe8], 8));
    }
}

#[test]
fn rfc_example_of_a_masked_hello() {
    let mut out = Vec::new();
    encode(ClientFrame::Text("Hello"), [0x37, 0xfa, 0x21, 0x3d], &mut out);
    let expected = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(out, expected);
}

/// A legal frame or fragmented message, as bytes and as what should come out.
fn message() -> impl Strategy<Value = (Vec<u8>, Vec<Owned>)> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..600);
    prop_oneof![
        bytes().prop_map(|b| (server_frame(0x82, &b), vec![Owned::Binary(b)])),
        "[a-z é]{0,80}".prop_map(|t| (server_frame(0x81, t.as_bytes()), vec![Owned::Text(t)])),
        proptest::collection::vec(any::<u8>(), 0..126)
            .prop_map(|b| (server_frame(0x89, &b), vec![Owned::Ping(b)])),
        (bytes(), bytes(), bytes()).prop_map(|(a, b, c)| {
            let mut out = server_frame(0x02, &a);
            out.extend(server_frame(0x8a, b"mid"));
            out.extend(server_frame(0x00, &b));
            out.extend(server_frame(0x80, &c));
            (out, vec![Owned::Pong(b"mid".to_vec()), Owned::Binary([a, b, c].concat())])
        }),
        (65_000_usize..70_000).prop_map(|len| {
            (server_frame(0x82, &vec![7; len]), vec![Owned::Binary(vec![7; len])])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_into_reads_gives_the_same_frames(
        messages in proptest::collection::vec(message(), 1..12),
        reads in proptest::collection::vec(1_usize..3000, 1..8),
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let expected: Vec<Owned> = messages.into_iter().flat_map(|(_, frames)| frames).collect();
        prop_assert_eq!(feed(&mut FrameReader::new(), &bytes, &reads), Ok(expected.clone()));
        let (mut pushed, mut reader) = (Vec::new(), FrameReader::new());
        for part in bytes.chunks(reads[0]) {
            reader.push(part);
            drain(&mut reader, &mut pushed).expect("legal frames");
        }
        prop_assert_eq!(pushed, expected);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        reads in proptest::collection::vec(1_usize..50, 1..4),
    ) {
        let _ = feed(&mut FrameReader::new(), &bytes, &reads);
    }
}
