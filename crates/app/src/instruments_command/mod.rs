//! `myquant instruments`: what the broker lists, found by words, and the list itself.

mod table;

use std::io::Write as _;
use std::time::Duration;

use client::{Instruments, InstrumentsError, ListServer, Servers, ServersError, StateFolder};
use smartapi::instruments::{Contracts, Day, Index};
use smartapi::packet::ExchangeType;

use crate::background::Background;
use crate::cli::{FindArgs, InstrumentsCommand, ListArgs};
use crate::failure::{Failure, Status};
use crate::run_folder::since_epoch;
use crate::signals::Signals;

/// A person who waits longer is told what for.
const LONG: Duration = Duration::from_secs(1);
/// Names and expiries that a hint holds.
const MOST_HINTS: usize = 4;

/// Runs the command.
pub(crate) fn run(command: &InstrumentsCommand) -> Result<Status, Failure> {
    match command {
        InstrumentsCommand::Find(args) => find(args),
        InstrumentsCommand::Refresh(args) => refresh(args),
    }
}

/// Why there is no list: status 2 for a folder that cannot be used, else 4.
pub(crate) fn refused(error: &InstrumentsError) -> Failure {
    let status = match error {
        InstrumentsError::State(_) => Status::Usage,
        _ => Status::Feed,
    };
    Failure::new(status, error, error.hint())
}

/// Says what a person should know about a list that can be used.
pub(crate) fn say_notices(list: &Instruments) {
    let mut err = std::io::stderr().lock();
    for notice in &list.notices {
        let _ = writeln!(err, "note: {notice}");
        if let Some(hint) = notice.hint() {
            let _ = writeln!(err, "hint: {hint}");
        }
    }
}

/// Today in India by this machine's date.
pub(crate) fn today() -> Day {
    Day::in_india(since_epoch().as_secs())
}

fn find(args: &FindArgs) -> Result<Status, Failure> {
    let list = match &args.file {
        Some(path) => Some(
            Instruments::of_file(path)
                .map_err(|error| Failure::new(Status::Data, &error, error.hint()))?,
        ),
        None => downloaded(&args.list, Wanted::Kept)?,
    };
    let Some(list) = list else { return Ok(Status::Interrupted) };
    say_notices(&list);
    let (words, today) = (args.words.join(" "), today());
    let found = list.index.find(&words, args.exchange, today);
    let shown = found.get(..args.limit as usize).unwrap_or(&found);
    let mut out = std::io::stdout().lock();
    if args.list.json {
        let _ = writeln!(out, "{}", table::json(&list, found.len(), shown));
    } else if !shown.is_empty() {
        let _ = write!(out, "{}", table::text(shown));
    }
    if found.is_empty() {
        let what = format!("no instrument of {} fits {words:?}", list.source);
        return Err(Failure::usage(what, nothing_found(&list.index, &words, args.exchange, today)));
    }
    if !args.list.quiet {
        let number = list.index.len();
        let dated = format!("list of {} with {number} instruments", list.fetched());
        let _ = writeln!(std::io::stderr(), "{} of {} shown; {dated}", shown.len(), found.len());
    }
    Ok(Status::Done)
}

fn refresh(args: &ListArgs) -> Result<Status, Failure> {
    let Some(list) = downloaded(args, Wanted::New)? else { return Ok(Status::Interrupted) };
    say_notices(&list);
    let mut out = std::io::stdout().lock();
    if args.json {
        let _ = writeln!(out, "{}", table::json(&list, 0, &[]));
        return Ok(Status::Done);
    }
    let _ =
        writeln!(out, "{} instruments of {}, {}", list.index.len(), list.source, list.fetched());
    for (segment, number) in list.index.segments() {
        let _ = writeln!(out, "{segment:<6}{number:>9}");
    }
    Ok(Status::Done)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The kept list if it is today's.
    Kept,
    New,
}

/// The kept list or a new one; `None` if a signal came first.
fn downloaded(args: &ListArgs, wanted: Wanted) -> Result<Option<Instruments>, Failure> {
    let server = server(args)?;
    let state = StateFolder::of_user(&client::process_environment)
        .map_err(|error| Failure::usage(&error, error.hint()))?;
    let background = Background::start()?;
    let signals = Signals::listen(background.handle())?;
    let list = async {
        match wanted {
            Wanted::Kept => Instruments::open(&server, &state).await.map_err(|error| {
                let hint = format!("{}; or take a downloaded one with --file", error.hint());
                Failure::new(Status::Feed, error, hint)
            }),
            Wanted::New => {
                Instruments::refresh(&server, &state).await.map_err(|error| refused(&error))
            }
        }
    };
    let word = async {
        tokio::time::sleep(LONG).await;
        if !args.quiet {
            let _ = writeln!(std::io::stderr(), "downloading the list from {}", server.url());
        }
        std::future::pending::<()>().await;
    };
    background.handle().block_on(async {
        tokio::select! {
            () = word => Ok(None),
            list = list => list.map(Some),
            () = signals.wait() => Ok(None),
        }
    })
}

fn server(args: &ListArgs) -> Result<ListServer, Failure> {
    let failed = |error: ServersError| Failure::usage(&error, error.hint());
    let Some(url) = &args.url else { return Ok(Servers::angel_one().map_err(failed)?.list()) };
    let authority = args.ca_file.as_ref().map(std::fs::read).transpose().map_err(|error| {
        let what = format!("cannot read the certificate given to --ca-file: {error}");
        Failure::usage(what, "give the `ca_file` that the sandbox names when it is ready")
    })?;
    ListServer::at(url, authority.as_deref()).map_err(failed)
}

/// What to try when nothing fits.
pub(crate) fn nothing_found(
    index: &Index,
    words: &str,
    exchange: Option<ExchangeType>,
    today: Day,
) -> String {
    if index.lacks_price(words, today) {
        return "say at which price, as in: nifty atm+1 ce at 26012".to_owned();
    }
    if let Some(expired) = index.find_expired(words, exchange, today).last()
        && let Some(day) = expired.expiry
    {
        return format!("{} expired on {day}", expired.symbol);
    }
    let elsewhere = index.find(words, None, today);
    if let Some(other) = exchange.and(elsewhere.first()) {
        return format!("{} of {} fits: leave out --exchange", other.symbol, other.segment());
    }
    let close = index.close_names(words, today, MOST_HINTS);
    let typed = words.split_whitespace();
    let known = close.iter().find(|name| typed.clone().any(|word| word.eq_ignore_ascii_case(name)));
    if let Some(name) = known {
        let expiries = expiries(index, name, today);
        if !expiries.is_empty() {
            return format!("options on {name} expire on {expiries}");
        }
    }
    if close.is_empty() {
        return "use the broker's name and few words: nifty 28 nov 26000 ce, banknifty fut, sbin"
            .to_owned();
    }
    format!("did you mean {}?", close.join(" or "))
}

/// The next expiries of a name's options, on whichever exchange has them.
fn expiries(index: &Index, name: &str, today: Day) -> String {
    let of = |(exchange, _)| index.expiries(exchange, name, Contracts::Options);
    let days = ExchangeType::NAMED.into_iter().flat_map(of).filter(|day| *day >= today);
    days.take(MOST_HINTS).map(|day| day.to_string()).collect::<Vec<_>>().join(", ")
}
