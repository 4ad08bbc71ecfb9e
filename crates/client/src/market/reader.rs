//! The one place where a live connection is read: the call, its stamp, and when the bytes came.

use std::io::{self, IoSliceMut, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use nix::sys::time::TimeSpec;
use quanta::Clock;

use super::connect::SLICE;
use super::transport::hung_up;
use super::{KernelStamp, NotBefore, Stamps};

/// The kernel's own delay before it stamps is a few milliseconds at most.
const PATIENCE: Duration = Duration::from_millis(500);

/// A socket, and what its earlier reads say of the next one.
pub(super) struct Reader {
    socket: TcpStream,
    /// Where the kernel puts its stamp.
    control: Vec<u8>,
    flags: MsgFlags,
    /// What the next read brings was not there yet at this moment.
    after: NotBefore,
    /// Bytes that were read so far.
    consumed: u64,
    /// A look at the queue that tells more once the bytes it saw are read.
    look: Option<Look>,
}

/// A look at what was waiting in the socket.
#[derive(Clone, Copy)]
struct Look {
    /// The raw clock before it.
    raw: u64,
    /// The bytes before this one were there, those from it on came later.
    end: u64,
}

/// One read call that brought something.
#[derive(Clone, Copy)]
pub(super) struct ReadCall {
    /// The raw clock right after the call.
    pub(super) returned: u64,
    /// Of the last byte that it brought.
    stamp: KernelStamp,
    after: NotBefore,
}

impl ReadCall {
    /// The stamps of a frame that this call completed.
    #[inline]
    pub(super) fn stamps(&self, is_last: bool, framed: u64) -> Stamps {
        let kernel = match self.stamp {
            KernelStamp::Own(_) if !is_last => KernelStamp::Shared,
            stamp => stamp,
        };
        Stamps { kernel, after: self.after, read: self.returned, framed }
    }
}

impl Reader {
    /// Takes over a socket from which nothing is expected before something is written to it.
    pub(super) fn new(socket: TcpStream, busy_poll: bool, clock: &Clock) -> Self {
        Self {
            socket,
            control: nix::cmsg_space!(TimeSpec),
            flags: if busy_poll { MsgFlags::MSG_DONTWAIT } else { MsgFlags::empty() },
            after: NotBefore { raw: clock.raw(), wall_ns: 0 },
            consumed: 0,
            look: None,
        }
    }

    /// The socket itself, for writing and for its options.
    pub(super) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Reads once, however often it has to try; `None` if nothing came in time.
    ///
    /// `before` is called before each try with the raw clock. The kernel keeps one stamp for what a
    /// call returned: that of the newest segment it took from. So a stamp is the last byte's own only
    /// if the call emptied the queue, which it did if it left some of `into` unused.
    #[inline]
    pub(super) fn receive(
        &mut self,
        into: &mut [u8],
        clock: &Clock,
        before: &mut impl FnMut(u64),
    ) -> io::Result<Option<(usize, ReadCall)>> {
        let begin = clock.raw();
        let mut entry = begin;
        loop {
            before(entry);
            let result = self.call(into);
            let returned = clock.raw();
            match result {
                Ok((0, _)) => return Err(hung_up()),
                Ok((bytes, wall_ns)) => {
                    let after = self.bound();
                    self.consumed += bytes as u64;
                    let stamp = if bytes < into.len() {
                        self.emptied(entry, wall_ns.unwrap_or_default());
                        wall_ns.map_or(KernelStamp::Missing, KernelStamp::Own)
                    } else {
                        self.look(returned);
                        wall_ns.map_or(KernelStamp::Missing, |_| KernelStamp::Shared)
                    };
                    return Ok(Some((bytes, ReadCall { returned, stamp, after })));
                }
                Err(error) if is_idle(&error) => {
                    self.emptied(entry, 0);
                    let spent = clock.delta_as_nanos(begin, returned);
                    if self.flags.is_empty() || u128::from(spent) >= SLICE.as_nanos() {
                        return Ok(None);
                    }
                    entry = returned;
                    std::hint::spin_loop();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The moment at which the bytes of a read that has just returned had not come.
    #[inline]
    fn bound(&mut self) -> NotBefore {
        if let Some(look) = self.look.take_if(|look| look.end <= self.consumed) {
            self.after = NotBefore { raw: look.raw, wall_ns: 0 };
        }
        self.after
    }

    /// A call that began at `entry` left nothing behind what it took.
    #[inline]
    fn emptied(&mut self, entry: u64, wall_ns: u64) {
        self.after = NotBefore { raw: entry, wall_ns };
        self.look = None;
    }

    /// A call left something behind: where more keeps coming, only the queue's length tells when.
    #[cold]
    fn look(&mut self, now: u64) {
        if self.look.is_none() {
            let waiting = rustix::io::ioctl_fionread(&self.socket).ok();
            self.look = waiting.map(|bytes| Look { raw: now, end: self.consumed + bytes });
        }
    }

    /// One call: the number of bytes, and the kernel's stamp in nanoseconds since 1970.
    #[inline]
    fn call(&mut self, into: &mut [u8]) -> io::Result<(usize, Option<u64>)> {
        let mut into = [IoSliceMut::new(into)];
        let control = Some(self.control.as_mut_slice());
        let message = recvmsg::<()>(self.socket.as_raw_fd(), &mut into, control, self.flags)?;
        let stamp = message.cmsgs().ok().and_then(|mut all| all.find_map(|one| wall_ns(&one)));
        Ok((message.bytes, stamp))
    }
}

#[cfg(target_os = "linux")]
#[inline]
fn wall_ns(message: &ControlMessageOwned) -> Option<u64> {
    let ControlMessageOwned::ScmTimestampns(time) = message else { return None };
    Some(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

#[cfg(not(target_os = "linux"))]
fn wall_ns(_: &ControlMessageOwned) -> Option<u64> {
    None
}

/// Asks the kernel to stamp what a socket receives.
#[cfg(target_os = "linux")]
pub(super) fn ask_for_stamps(socket: &TcpStream) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

/// Asks the kernel to stamp what a socket receives.
#[cfg(not(target_os = "linux"))]
pub(super) fn ask_for_stamps(_: &TcpStream) -> io::Result<()> {
    Err(io::Error::other("this system has no SO_TIMESTAMPNS"))
}

/// Keeps the kernel's receive stamps switched on.
///
/// The kernel stamps as long as any socket asks for it, and begins a moment after the first one did:
/// whoever wants the stamps of the first packets holds one of these while the stream connects.
pub struct KernelStamps {
    _reader: Reader,
}

impl KernelStamps {
    /// Switches them on, and waits until a TCP socket on the loopback got one.
    ///
    /// Errors: what was refused, or that no stamp came.
    pub fn switch_on(clock: &Clock) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut sender = TcpStream::connect(listener.local_addr()?)?;
        let (socket, _) = listener.accept()?;
        ask_for_stamps(&socket)?;
        socket.set_read_timeout(Some(SLICE))?;
        let mut reader = Reader::new(socket, false, clock);
        let begin = clock.raw();
        while u128::from(clock.delta_as_nanos(begin, clock.raw())) < PATIENCE.as_nanos() {
            sender.write_all(&[0])?;
            let received = reader.receive(&mut [0; 8], clock, &mut |_| {})?;
            let Some((_, call)) = received else { break };
            if matches!(call.stamp, KernelStamp::Own(_)) {
                return Ok(Self { _reader: reader });
            }
        }
        Err(io::Error::other("the kernel takes SO_TIMESTAMPNS but stamps nothing"))
    }
}

/// Whether a read only ran out of time, or was woken by a signal.
fn is_idle(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    fn wall_now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
    }

    /// Two ends of a connection whose second one the kernel stamps.
    fn pair(clock: &Clock, busy_poll: bool) -> (TcpStream, Reader) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let sender = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
        let (socket, _) = listener.accept().expect("accepts");
        ask_for_stamps(&socket).expect("Linux stamps");
        socket.set_read_timeout(Some(SLICE)).expect("a socket option");
        (sender, Reader::new(socket, busy_poll, clock))
    }

    fn take(reader: &mut Reader, most: usize, clock: &Clock) -> (usize, ReadCall) {
        let call = reader.receive(&mut vec![0; most], clock, &mut |_| {});
        call.expect("an open connection").expect("something came")
    }

    #[test]
    fn a_read_that_empties_the_queue_has_the_stamp_of_its_last_byte() {
        let clock = Clock::new();
        let _on = KernelStamps::switch_on(&clock).expect("Linux stamps");
        for busy_poll in [false, true] {
            let (mut sender, mut reader) = pair(&clock, busy_poll);
            let before = wall_now();
            sender.write_all(&[1; 250]).expect("sent");
            let (bytes, call) = take(&mut reader, 1000, &clock);
            assert_eq!(bytes, 250);
            let KernelStamp::Own(stamp) = call.stamp else { panic!("{:?}", call.stamp) };
            assert!((before..=wall_now()).contains(&stamp), "busy_poll {busy_poll}");
        }
    }

    #[test]
    fn a_read_that_fills_its_space_neither_owns_its_stamp_nor_moves_the_bound() {
        let clock = Clock::new();
        let _on = KernelStamps::switch_on(&clock).expect("Linux stamps");
        let (mut sender, mut reader) = pair(&clock, false);
        let bound = reader.after;
        sender.write_all(&[1; 250]).expect("sent");
        let written = clock.raw();
        for (wanted, stamp_is_own) in [(100, false), (100, false), (50, true)] {
            let (bytes, call) = take(&mut reader, 100, &clock);
            assert_eq!((bytes, matches!(call.stamp, KernelStamp::Own(_))), (wanted, stamp_is_own));
            assert_eq!(call.after, bound, "all of it came before the first of these reads");
        }
        assert!(reader.after.raw >= written && reader.after.wall_ns > bound.wall_ns);
    }

    #[test]
    fn where_no_read_empties_the_queue_a_look_at_its_length_moves_the_bound() {
        let clock = Clock::new();
        let (mut sender, mut reader) = pair(&clock, false);
        let bound = reader.after;
        sender.write_all(&[1; 250]).expect("sent");
        let written = clock.raw();
        let bound_of = |reader: &mut Reader| take(reader, 100, &clock).1.after;
        assert_eq!(bound_of(&mut reader), bound, "150 more were there then");
        let looked = clock.raw();
        sender.write_all(&[1; 200]).expect("sent");
        assert_eq!(bound_of(&mut reader), bound);
        assert_eq!(bound_of(&mut reader), bound, "one half of it was there already");
        let after = bound_of(&mut reader);
        assert_eq!(after.wall_ns, 0);
        assert!((written..=looked).contains(&after.raw), "all of it came after the look");
        assert_eq!(bound_of(&mut reader), after, "the second look saw these 50");
    }

    #[test]
    fn a_read_in_vain_moves_the_bound() {
        let clock = Clock::new();
        for busy_poll in [false, true] {
            let (_sender, mut reader) = pair(&clock, busy_poll);
            let begin = clock.raw();
            let mut tries = 0;
            let nothing = reader.receive(&mut [0; 8], &clock, &mut |_| tries += 1);
            assert!(nothing.expect("an open connection").is_none());
            assert!(reader.after.raw >= begin && reader.after.wall_ns == 0);
            assert_eq!(tries > 1, busy_poll);
            let spent = u128::from(clock.delta_as_nanos(begin, clock.raw()));
            assert!(spent >= SLICE.as_nanos() * 9 / 10, "busy_poll {busy_poll}: {spent} ns");
        }
    }

    #[test]
    fn only_the_frame_at_the_end_of_a_read_owns_its_stamp() {
        let after = NotBefore { raw: 1, wall_ns: 0 };
        let kernel =
            |stamp, is_last| ReadCall { returned: 2, stamp, after }.stamps(is_last, 3).kernel;
        assert_eq!(kernel(KernelStamp::Own(7), true), KernelStamp::Own(7));
        assert_eq!(kernel(KernelStamp::Own(7), false), KernelStamp::Shared);
        assert_eq!(kernel(KernelStamp::Missing, false), KernelStamp::Missing);
    }
}
