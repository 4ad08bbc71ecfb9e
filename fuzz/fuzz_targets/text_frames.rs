//! Any bytes as the answer to an upgrade and as WebSocket frames, in pieces of any size, and any text in
//! them as the broker's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smartapi::stream::frame::{Frame, FrameReader};
use smartapi::stream::request::ServerText;
use smartapi::stream::upgrade;

/// Sixteen bytes that are to be random; the seeds know them.
const NONCE: [u8; 16] = [0; 16];

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else { return };
    let piece = usize::from(piece).max(1);
    let mut whole = Vec::new();
    let mut reader = FrameReader::new();
    reader.push(bytes);
    reader.skip(head(reader.waiting()));
    read(&mut reader, &mut whole);
    // The same bytes in pieces give the same frames, whichever way they come into the buffer.
    assert_eq!(whole, in_pieces(bytes, piece, FrameReader::push));
    assert_eq!(whole, in_pieces(bytes, piece, written));
});

/// The length of the answer to the upgrade that the bytes begin with; 0 if it is none, or cut off.
fn head(bytes: &[u8]) -> usize {
    match upgrade::answer(bytes, NONCE) {
        Ok(Some(head)) => {
            assert!(head <= bytes.len());
            head
        }
        Ok(None) => 0,
        Err(error) => {
            assert!(!error.hint().is_empty() && !error.to_string().contains('\n'));
            0
        }
    }
}

/// The frames of bytes that come so many at a time.
fn in_pieces(bytes: &[u8], piece: usize, put: fn(&mut FrameReader, &[u8])) -> Vec<String> {
    let mut frames = Vec::new();
    let mut reader = FrameReader::new();
    for part in bytes[head(bytes)..].chunks(piece) {
        put(&mut reader, part);
        if !read(&mut reader, &mut frames) {
            break;
        }
    }
    frames
}

/// Writes bytes into the buffer as a read of a socket does.
fn written(reader: &mut FrameReader, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let space = reader.space();
        assert!(!space.is_empty(), "there is room after all frames were taken");
        let len = space.len().min(bytes.len());
        space[..len].copy_from_slice(&bytes[..len]);
        reader.fill(len);
        bytes = &bytes[len..];
    }
}

/// Takes all frames that are whole; `false` after bytes that are none.
fn read(reader: &mut FrameReader, into: &mut Vec<String>) -> bool {
    loop {
        match reader.next_frame() {
            Ok(Some((frame, _))) => {
                if let Frame::Text(text) = frame {
                    let _ = ServerText::read(text);
                }
                into.push(format!("{frame:?}"));
            }
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
