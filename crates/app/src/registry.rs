//! The strategies that a program knows, each with the commands made for it.

use engine::config::{Config, Schema};
use engine::tick_path::strategy::{Momentum, Strategy};

use crate::cli::{PerfArgs, ReplayArgs, TradeArgs};
use crate::failure::{Failure, Status};
use crate::{perf, replay, trade};

/// The strategies by name; `strategy.name` selects one.
pub struct Registry {
    entries: Vec<Entry>,
    schema: Schema,
}

type Run<A> = fn(&A, &Config) -> Result<Status, Failure>;

/// One strategy: its commands are compiled for its type, so the tick path has no indirection.
pub(crate) struct Entry {
    name: &'static str,
    pub(crate) perf: Run<PerfArgs>,
    pub(crate) trade: Run<TradeArgs>,
    pub(crate) replay: Run<ReplayArgs>,
}

impl Default for Registry {
    /// The strategies of this crate.
    fn default() -> Self {
        Self { entries: Vec::new(), schema: Schema::default() }.with::<Momentum>()
    }
}

impl Registry {
    /// Adds a strategy with its configuration keys.
    #[must_use]
    pub fn with<S: Strategy + Send + 'static>(mut self) -> Self {
        self.entries.push(Entry {
            name: S::NAME,
            perf: perf::run::<S>,
            trade: trade::run::<S>,
            replay: replay::run::<S>,
        });
        for keys in S::KEYS {
            self.schema = self.schema.with(keys);
        }
        self
    }

    /// Every key that a configuration may have.
    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The strategy that the configuration names.
    ///
    /// Errors: status 2 for a name that no strategy has.
    pub(crate) fn select(&self, config: &Config) -> Result<&Entry, Failure> {
        let name = &config.strategy.name;
        self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.entries.iter().map(|entry| entry.name).collect();
            Failure::usage(
                format!("strategy.name = {name:?}: there is no such strategy"),
                format!("set it to one of {}", known.join(", ")),
            )
        })
    }
}
