//! Why a sandbox does not start.

use std::io;
use std::path::PathBuf;

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to play.
    #[error("tape has no rows ({skipped} were unreadable), playback needs at least 1")]
    EmptyTape {
        /// Rows that the reader of the recording left out.
        skipped: u64,
    },
    /// The speed is not a positive number.
    #[error("playback speed was {speed}, it must be a finite number above 0")]
    Speed {
        /// As given.
        speed: f64,
    },
    /// The rate is zero.
    #[error("playback rate was 0 packets per second, it must be at least 1")]
    Rate,
    /// At full speed no packet is due at a time, so none can be late.
    #[error(
        "scenario has a latency of the stream, and playback at full speed has no times to add it to"
    )]
    LatencyAtFullSpeed,
    /// The instrument cannot be carried by REST, scrip master and packets alike.
    #[error(
        "instrument has exchange type {exchange_type}, lot size {lot_size}, a price step of \
         {tick_paise} paise and token {token:?}; needed are a segment with prices in paise, a lot of \
         1 to 1,000,000, a step of 1 to 100,000 paise and a token of 1 to 25 bytes"
    )]
    Instrument {
        /// The stream's number of the segment.
        exchange_type: u8,
        /// As given.
        token: String,
        /// As given.
        lot_size: i64,
        /// As given.
        tick_paise: i64,
    },
    /// The given TOTP secret is not base32.
    #[error("given TOTP secret is not base32 text")]
    TotpSecret,
    /// The port is taken or forbidden.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// As given; 0 asked for a free one.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate could not be made.
    #[error("cannot make the sandbox's certificate: {reason}")]
    Certificate {
        /// What the maker said.
        reason: String,
    },
    /// The certificate could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system gave no random bytes for the credentials.
    #[error("the operating system gave no random bytes")]
    Random,
    /// A thread or the runtime on it could not be started.
    #[error("cannot start the sandbox's thread: {0}")]
    Thread(io::Error),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::EmptyTape { .. } => "check the header and rows of the file given to --ticks-file",
            Self::Speed { .. } => "give --speed 1 for the recorded pace, or a factor such as 10",
            Self::Rate => "give --rate 1 or more",
            Self::LatencyAtFullSpeed => "give a --rate, or leave [latency.stream] out",
            Self::Instrument { .. } => {
                "play NSE, NFO, BSE, BFO, MCX or NCDEX with token, lot and tick of the scrip master"
            }
            Self::TotpSecret => "use only the letters A to Z and digits 2 to 7, or give no secret",
            Self::Listen { .. } => "give --port 0 to take a free port, or end what holds this one",
            Self::Certificate { .. } => "start with --plain to do without TLS",
            Self::Write { .. } => "choose a folder that exists and may be written",
            Self::Random => "make /dev/urandom readable, or give the credentials yourself",
            Self::Thread(_) => "raise the limit of processes and open files (ulimit -u, ulimit -n)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_hint() {
        let io = || io::Error::other("why");
        let all = [
            Error::EmptyTape { skipped: 3 },
            Error::Speed { speed: -1.0 },
            Error::Rate,
            Error::LatencyAtFullSpeed,
            Error::Instrument { exchange_type: 13, token: "1".into(), lot_size: 1, tick_paise: 5 },
            Error::TotpSecret,
            Error::Listen { port: 1, source: io() },
            Error::Certificate { reason: "why".into() },
            Error::Write { path: "x".into(), source: io() },
            Error::Random,
            Error::Thread(io()),
        ];
        for error in all {
            assert!(!error.hint().is_empty() && !error.to_string().ends_with('.'), "{error}");
        }
    }
}
