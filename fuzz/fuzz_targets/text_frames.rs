//! Any bytes as WebSocket frames, in pieces of any size, and any text in them as the broker's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smartapi::stream::frame::{Frame, FrameReader};
use smartapi::stream::request::ServerText;

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else { return };
    let mut whole = Vec::new();
    let mut reader = FrameReader::new();
    reader.push(bytes);
    read(&mut reader, &mut whole);
    // The same bytes in pieces give the same frames.
    let mut pieces = Vec::new();
    let mut reader = FrameReader::new();
    for part in bytes.chunks(usize::from(piece).max(1)) {
        reader.push(part);
        if !read(&mut reader, &mut pieces) {
            break;
        }
    }
    assert_eq!(whole, pieces);
});

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
