//! Where WebSocket frames end, and nothing else about them.

/// The buffer's size, which is that of our client's.
const BUFFER: usize = 64 << 10;
/// Less room than this is not worth a read.
const LEAST_SPACE: usize = 4 << 10;
/// The opcode of a frame that carries a packet.
const BINARY: u8 = 2;

/// The read buffer, and how far its frames were walked.
pub(super) struct Frames {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; BUFFER], start: 0, end: 0 }
    }

    /// Room for the next read.
    #[inline]
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.buffer.len() - self.end < LEAST_SPACE {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.buffer[self.end..]
    }

    /// Says that so many bytes were read.
    #[inline]
    pub(super) fn fill(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// The bytes that were not walked yet.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Passes over bytes that are no frames.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Walks over the next whole frame: its payload if it is binary; `None` if no frame is whole.
    #[inline]
    pub(super) fn walk(&mut self) -> Option<Option<&[u8]>> {
        let waiting = &self.buffer[self.start..self.end];
        let (opcode, header, payload) = head(waiting)?;
        let frame = self.start..self.start + header + payload;
        if frame.end > self.end {
            return None;
        }
        self.start = frame.end;
        Some((opcode == BINARY).then(|| &self.buffer[frame.start + header..frame.end]))
    }
}

/// A server's frame: opcode, length of the header, length of the payload.
#[inline]
fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let opcode = first & 0x0f;
    match second & 0x7f {
        126 => rest.first_chunk().map(|long| (opcode, 4, u16::from_be_bytes(*long) as usize)),
        127 => rest.first_chunk().map(|long| (opcode, 10, u64::from_be_bytes(*long) as usize)),
        short => Some((opcode, 2, short as usize)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smartapi::stream::frame::{Frame, FrameReader};

    use super::*;

    /// A server's whole frame.
    fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80 | opcode];
        match payload.len() {
            short @ ..126 => bytes.push(short as u8),
            long => {
                bytes.push(126);
                bytes.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    /// The binary payloads, each with the number of bytes that had been read when it was whole.
    type Ends = Vec<(usize, Vec<u8>)>;

    fn of_ours(chunks: &[&[u8]]) -> Ends {
        let (mut reader, mut read, mut ends) = (FrameReader::new(), 0, Vec::new());
        for chunk in chunks {
            reader.push(chunk);
            read += chunk.len();
            while let Some(frame) = reader.next_frame().expect("good frames") {
                if let (Frame::Binary(payload), _) = frame {
                    ends.push((read, payload.to_vec()));
                }
            }
        }
        ends
    }

    fn of_bare(chunks: &[&[u8]]) -> Ends {
        let (mut frames, mut read, mut ends) = (Frames::new(), 0, Vec::new());
        for chunk in chunks {
            frames.space()[..chunk.len()].copy_from_slice(chunk);
            frames.fill(chunk.len());
            read += chunk.len();
            while let Some(payload) = frames.walk() {
                ends.extend(payload.map(|payload| (read, payload.to_vec())));
            }
        }
        ends
    }

    proptest! {
        #[test]
        fn finds_the_same_frame_ends_as_the_client(
            payloads in prop::collection::vec(
                (prop_oneof![4 => Just(2u8), 1 => Just(1), 1 => Just(9), 1 => Just(10)],
                 prop_oneof![0usize..130, Just(379usize), 370usize..3000]),
                1..200,
            ),
            cuts in prop::collection::vec(1usize..4000, 1..40),
        ) {
            let bytes: Vec<u8> = payloads.iter().enumerate().flat_map(|(number, &(opcode, length))| {
                let length = if opcode >= 8 { length.min(125) } else { length };
                frame(opcode, &vec![b'0' + number as u8 % 10; length])
            }).collect();
            let (mut rest, mut chunks) = (bytes.as_slice(), Vec::new());
            for cut in cuts.iter().cycle() {
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(of_bare(&chunks), of_ours(&chunks));
        }
    }
}
