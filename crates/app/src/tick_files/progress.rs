//! The progress bar of a replay: how far, how fast, how long still.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::RunArgs;

/// Drawn at most so often a second.
const DRAWS_PER_SECOND: u8 = 10;

/// A bar on the terminal, if there is one and a person reads it; it vanishes when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    ticks: Arc<AtomicU64>,
}

impl Progress {
    /// Begins at zero; without a terminal, with `--quiet` and with `--json` nothing is drawn.
    pub(crate) fn start(total_bytes: u64, args: &RunArgs) -> Self {
        let target = if args.quiet || args.json {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND)
        };
        let ticks = Arc::new(AtomicU64::new(0));
        let bar = ProgressBar::with_draw_target(Some(total_bytes), target);
        bar.set_style(style(Arc::clone(&ticks)));
        Self { bar, ticks }
    }

    /// So far; call it once a batch, not once a tick.
    pub(crate) fn at(&self, bytes: u64, ticks: u64) {
        self.ticks.store(ticks, Ordering::Relaxed);
        self.bar.set_position(bytes);
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {}
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(ticks: Arc<AtomicU64>) -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {percent:>3} %  {ticks}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("ticks", move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{}", Rate(&ticks, state.elapsed().as_secs_f64()));
        })
}

/// Ticks so far and the seconds they took, shown as ticks a second.
struct Rate<'count>(&'count AtomicU64, f64);

impl fmt::Display for Rate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.load(Ordering::Relaxed) as f64;
        let millions = ticks / 1e6;
        write!(f, "{millions:.1} M ticks, {:.1} M ticks/s", millions / self.1.max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn the_rate_counts_ticks_a_second() {
        let rate = Rate(&AtomicU64::new(30_000_000), 1.5).to_string();
        assert_eq!(rate, "30.0 M ticks, 20.0 M ticks/s");
    }

    #[test]
    fn the_template_is_valid_and_the_bar_follows() {
        assert!(
            ProgressStyle::with_template("{bar:30} {percent:>3} %  {ticks}  {eta} left").is_ok()
        );
        let Ok(Cli { command: Command::Replay(args) }) =
            Cli::try_parse_from(["myquant", "replay", "--quiet", "a.csv"])
        else {
            panic!("no command line")
        };
        let progress = Progress::start(100, &args.run);
        progress.at(50, 10);
        assert_eq!((progress.bar.position(), progress.bar.is_hidden()), (50, true));
        progress.finish();
    }
}
