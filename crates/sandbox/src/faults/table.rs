//! Table: every fault by its name: what it meets, which keys it takes, and what a client sees.

use super::fault::{
    AccountFault, Answer, Fault, LineFault, PacketFault, RequestFault, UpdateFault,
};
use super::written::Written;

/// What a fault waits for once its moment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meets {
    /// An attempt to open a stream.
    Door,
    /// An open connection of a stream.
    Connection,
    /// A packet of the market stream.
    Packet,
    /// A REST request.
    Request,
    /// An order update.
    Update,
    /// Nothing: it holds at once.
    Account,
}

/// A fault as a scenario names it.
#[derive(Debug)]
pub struct FaultRow {
    pub name: &'static str,
    pub meets: Meets,
    /// Its own keys; the first may stand without its name in the short form.
    pub takes: &'static [&'static str],
    /// Whether it takes the key `carried_out`: it is another answer to a request.
    pub may_be_carried_out: bool,
    /// What a client sees.
    pub effect: &'static str,
    pub(super) make: fn(&Written) -> Result<Fault, String>,
}

/// A fault's own part of a scenario, or what it lacks.
type Made = Result<Fault, String>;

const fn row(
    name: &'static str,
    meets: Meets,
    takes: &'static [&'static str],
    effect: &'static str,
    make: fn(&Written) -> Made,
) -> FaultRow {
    FaultRow { name, meets, takes, may_be_carried_out: false, effect, make }
}

/// A row of a fault that answers in the place of the route.
const fn answer_row(
    name: &'static str,
    takes: &'static [&'static str],
    effect: &'static str,
    make: fn(&Written) -> Made,
) -> FaultRow {
    FaultRow { may_be_carried_out: true, ..row(name, Meets::Request, takes, effect, make) }
}

fn line(written: &Written, fault: LineFault) -> Made {
    Ok(Fault::Line { stream: written.stream(), fault })
}

fn hold(written: &Written, pongs: bool) -> Made {
    line(written, LineFault::Hold { lasting: written.lasting(), pongs })
}

fn packet(fault: PacketFault) -> Made {
    Ok(Fault::Packet(fault))
}

fn answer(written: &Written, answer: Answer) -> Made {
    Ok(Fault::Request(RequestFault::Answer { answer, carried_out: written.carried_out() }))
}

fn lost(carried_out: bool) -> Made {
    Ok(Fault::Request(RequestFault::Lost { carried_out }))
}

/// Every fault, in the order of `--help`.
pub static FAULTS: [FaultRow; 30] = [
    row(
        "refuse",
        Meets::Door,
        &["status"],
        "HTTP `status` (default 401) instead of the stream",
        |w| Ok(Fault::Refusal { stream: w.stream(), status: w.status(401)? }),
    ),
    row("drop", Meets::Connection, &[], "the socket ends without a close frame", |w| {
        line(w, LineFault::Drop)
    }),
    row("close", Meets::Connection, &[], "a close frame, then the end of the socket", |w| {
        line(w, LineFault::Close)
    }),
    row(
        "stall",
        Meets::Connection,
        &["for"],
        "silence for the time, or for ever; pings are answered; packets scheduled meanwhile come late",
        |w| hold(w, true),
    ),
    row(
        "freeze",
        Meets::Connection,
        &["for"],
        "as stall, but pings are not answered either",
        |w| hold(w, false),
    ),
    row("one-byte-frame", Meets::Connection, &[], "a binary frame of one zero byte", |w| {
        line(w, LineFault::OneByteFrame)
    }),
    row(
        "text-error",
        Meets::Connection,
        &["code"],
        "an error as text, `code` (default E1001)",
        |w| line(w, LineFault::TextError(w.code("E1001"))),
    ),
    row(
        "gap",
        Meets::Packet,
        &[],
        "the packet never comes, its sequence number is missing",
        |_| packet(PacketFault::Gap),
    ),
    row("duplicate", Meets::Packet, &[], "the packet comes twice", |_| {
        packet(PacketFault::Duplicate)
    }),
    row("reorder", Meets::Packet, &[], "the packet comes after the one that follows it", |_| {
        packet(PacketFault::Reorder)
    }),
    row(
        "wrong-length",
        Meets::Packet,
        &["bytes"],
        "the packet comes with so many bytes (default one too few); zeros fill a longer one",
        |w| packet(PacketFault::Length(w.bytes()?)),
    ),
    row("huge-price", Meets::Packet, &[], "the packet's last price is 2^32 paise higher", |_| {
        packet(PacketFault::HugePrice)
    }),
    row("long-token", Meets::Packet, &[], "the packet's token fills all 25 characters", |_| {
        packet(PacketFault::LongToken)
    }),
    answer_row("server-error", &["status"], "HTTP `status` (default 503) with plain text", |w| {
        answer(w, Answer::Status(w.server_status(503)?))
    }),
    row(
        "rate-limit",
        Meets::Request,
        &["form"],
        "`form` text (default): HTTP 403 and text; json: HTTP 200 and AB1021; http-429: HTTP 429",
        |w| answer(w, w.form()),
    ),
    answer_row("html-page", &[], "HTTP 200 and the firewall's page \"Request Rejected\"", |w| {
        answer(w, Answer::Html)
    }),
    answer_row("empty-body", &[], "HTTP 200 without a body", |w| answer(w, Answer::Empty)),
    answer_row("null-body", &[], "HTTP 200 and the JSON text null", |w| answer(w, Answer::Null)),
    row(
        "truncated-body",
        Meets::Request,
        &[],
        "the right answer, but only the first half of it",
        |_| Ok(Fault::Request(RequestFault::Truncated)),
    ),
    answer_row(
        "failure",
        &["code"],
        "HTTP 200 and the usual envelope with status false and `code` (default AB1004)",
        |w| answer(w, Answer::Failure(w.code("AB1004"))),
    ),
    answer_row(
        "gateway-failure",
        &["code"],
        "HTTP 200 and the gateway's envelope: success false, errorCode `code` (default AG8001)",
        |w| answer(w, Answer::Gateway(w.code("AG8001"))),
    ),
    answer_row(
        "status-as-text",
        &[],
        "HTTP 200 and a failure whose status is the text \"false\" and whose data the text \"null\"",
        |w| answer(w, Answer::StatusAsText),
    ),
    row("slow-answer", Meets::Request, &["for"], "the right answer, so much later", |w| {
        Ok(Fault::Request(RequestFault::Slow(w.needed_time()?)))
    }),
    row(
        "lost-request",
        Meets::Request,
        &[],
        "no answer, the connection ends; nothing was done",
        |_| lost(false),
    ),
    row(
        "lost-answer",
        Meets::Request,
        &[],
        "no answer, the connection ends; but it was done",
        |_| lost(true),
    ),
    row("lost-update", Meets::Update, &[], "the order update never comes", |_| {
        Ok(Fault::Update(UpdateFault::Lost))
    }),
    row("duplicate-update", Meets::Update, &[], "the order update comes twice", |_| {
        Ok(Fault::Update(UpdateFault::Duplicate))
    }),
    row("late-update", Meets::Update, &["for"], "the order update comes so much later", |w| {
        Ok(Fault::Update(UpdateFault::Late(w.needed_time()?)))
    }),
    row("expire-tokens", Meets::Account, &[], "every token given out so far has expired", |_| {
        Ok(Fault::Account(AccountFault::ExpireTokens))
    }),
    row(
        "clock-skew",
        Meets::Account,
        &["by"],
        "the broker's date, which one-time codes and tokens follow, is wrong `by` so much; 0s ends it",
        |w| Ok(Fault::Account(AccountFault::Skew(w.needed_shift()?))),
    ),
];
