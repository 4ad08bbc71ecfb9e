//! One WebSocket connection on its own thread: it never blocks, and sleeps only in [`Line::wait`].
//!
//! Timers of an async runtime tick in milliseconds; here the thread sleeps in `poll` until shortly
//! before a packet is due and spins through the rest, so that packets leave on time.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::faults::Stream;
use crate::playback::schedule::now_ns;
use crate::socket::Socket;
use crate::twin::Twin;

/// How long before a due packet the thread stops to sleep: what a wake-up takes on a busy machine.
const SPIN_NS: u64 = 60_000;
/// More than a batch of packets, so that the frames of a batch leave in one write.
pub(super) const WRITE_BUFFER: usize = 256 * 1024;
/// A client that makes the server answer and never reads is cut off here.
const MOST_UNSENT: usize = 1024 * 1024;
/// Requests are small, but the official Python SDK doubles its list of tokens each time that it
/// subscribes again. Room for it is made only for a message that is so long.
const LONGEST_MESSAGE: usize = 16 * 1024 * 1024;
/// How long a closing connection waits for the client's own close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// No sleep is longer; whoever waits comes back.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);
/// What a client that has gone shows to one who does not read.
#[cfg(target_os = "linux")]
const GONE: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const GONE: PollFlags = PollFlags::HUP;

/// The connection has ended, or everything is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// One WebSocket connection.
///
/// Call [`Line::receive`] until it has nothing more, [`Line::queue`] what is to be sent unless
/// [`Line::is_blocked`], then [`Line::flush`], then [`Line::wait`].
pub(crate) struct Line {
    socket: WebSocket<Socket>,
    bell: UnixStream,
    clock: quanta::Clock,
    blocked: bool,
    /// Whether the end comes without a word.
    cut: bool,
    /// When the client is taken for dead.
    idle_at: u64,
    idle_ns: u64,
}

impl Line {
    /// A line over `socket`, of which `early` was already read. Belongs on the thread that serves it.
    ///
    /// Errors: the system has no descriptors left.
    pub(crate) fn new(
        socket: Socket,
        early: Vec<u8>,
        stream: Stream,
        session: u64,
        twin: &Twin,
    ) -> io::Result<Self> {
        wake_precisely();
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(MOST_UNSENT)
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        let socket = WebSocket::from_partially_read(socket, early, Role::Server, Some(config));
        let idle_ns = twin.idle_timeout.as_nanos() as u64;
        let idle_at = now_ns(&twin.clock).saturating_add(idle_ns);
        let (bell, clock) = (twin.threads.bell(stream, session)?, twin.clock.clone());
        Ok(Self { socket, bell, clock, blocked: false, cut: false, idle_at, idle_ns })
    }

    /// The reading of the shared clock.
    pub(crate) fn now(&self) -> u64 {
        now_ns(&self.clock)
    }

    /// The next message, or `None` if there is none yet. PING frames are answered on the way.
    pub(crate) fn receive(&mut self) -> Result<Option<Message>, Ended> {
        match self.socket.read() {
            Ok(message) => {
                self.idle_at = self.now().saturating_add(self.idle_ns);
                Ok(Some(message))
            }
            Err(error) if would_block(&error) => Ok(None),
            Err(_) => Err(Ended),
        }
    }

    /// Puts a message behind those that wait; it leaves with the next [`Line::flush`].
    pub(crate) fn queue(&mut self, message: Message) -> Result<(), Ended> {
        match self.socket.write(message) {
            Ok(()) => Ok(()),
            Err(error) if would_block(&error) => {
                self.blocked = true;
                Ok(())
            }
            Err(_) => Err(Ended),
        }
    }

    /// Sends what waits, as far as the client takes it.
    pub(crate) fn flush(&mut self) -> Result<(), Ended> {
        match self.socket.flush() {
            Ok(()) => self.blocked = false,
            Err(error) if would_block(&error) => self.blocked = true,
            Err(_) => return Err(Ended),
        }
        Ok(())
    }

    /// Whether the client must read before more may be queued.
    pub(crate) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Sleeps until the socket has news or `due` has come; a blocked line waits for its reader.
    pub(crate) fn wait(&mut self, due: Option<u64>) -> Result<(), Ended> {
        let now = self.now();
        if now >= self.idle_at {
            return self.close();
        }
        let due = due.filter(|_| !self.blocked);
        let wake = due.map_or(self.idle_at, |due| due.saturating_sub(SPIN_NS).min(self.idle_at));
        let news = self.sleep(Duration::from_nanos(wake.saturating_sub(now)))?;
        // A signal may have ended the sleep early: then the caller comes back.
        let near = self.now().saturating_add(SPIN_NS);
        if let Some(due) = due.filter(|&due| !news && due <= near) {
            while self.now() < due {
                std::hint::spin_loop();
            }
        }
        Ok(())
    }

    /// Neither reads nor writes until `until`; ends early if the client has gone.
    pub(crate) fn freeze(&mut self, until: u64) -> Result<(), Ended> {
        let left = Duration::from_nanos(until.saturating_sub(self.now()));
        let [gone, _bell] = self.poll(GONE, left)?;
        // Its silence is not the client's.
        self.idle_at = self.now().saturating_add(self.idle_ns);
        if gone { self.cut() } else { Ok(()) }
    }

    /// Ends without a word, once what waits is sent as far as the client takes it.
    pub(crate) fn cut<T>(&mut self) -> Result<T, Ended> {
        self.flush()?;
        self.cut = true;
        Err(Ended)
    }

    /// Says goodbye, and leaves when the client has, or after a second.
    pub(crate) fn close<T>(&mut self) -> Result<T, Ended> {
        let until = self.now().saturating_add(FAREWELL.as_nanos() as u64);
        // A full socket is no error here: the loop goes on flushing.
        let _ = self.socket.close(None);
        loop {
            self.flush()?;
            let left = until.saturating_sub(self.now());
            if left == 0 {
                return Err(Ended);
            }
            if self.receive()?.is_none() {
                self.sleep(Duration::from_nanos(left))?;
            }
        }
    }

    /// Waits for news of the socket or the bell; says whether there are any.
    fn sleep(&mut self, at_most: Duration) -> Result<bool, Ended> {
        let wanted = if self.blocked { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        Ok(self.poll(wanted, at_most)?.contains(&true))
    }

    /// Polls the socket and the bell; says which of them has news.
    fn poll(&mut self, wanted: PollFlags, at_most: Duration) -> Result<[bool; 2], Ended> {
        let mut fds =
            [PollFd::new(self.socket.get_ref(), wanted), PollFd::new(&self.bell, PollFlags::IN)];
        let timeout = Timespec::try_from(at_most.min(LONGEST_SLEEP)).map_err(|_| Ended)?;
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(Ended),
        }
        let [socket, bell] = fds.map(|fd| !fd.revents().is_empty());
        if bell {
            self.answer_bell()?;
        }
        Ok([socket, bell])
    }

    /// Silences the bell, or ends with everything.
    fn answer_bell(&mut self) -> Result<(), Ended> {
        match self.bell.read(&mut [0; 64]) {
            Ok(0) => Err(Ended),
            _ => Ok(()),
        }
    }
}

impl Drop for Line {
    /// The socket closes; what it takes at once still says so.
    fn drop(&mut self) {
        if self.cut {
            return;
        }
        if self.socket.can_write() {
            let _ = self.socket.close(None);
        }
        self.socket.get_mut().end();
    }
}

fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(io) if io.kind() == io::ErrorKind::WouldBlock)
}

/// Asks for timers without the usual slack of 50 µs; a system without that wakes a little later.
fn wake_precisely() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}
