//! What `myquant sandbox --help` says beyond its options: enough to use it with any program.

use std::fmt::Write as _;

use sandbox::{FAULTS, Meets};

/// What is played, and when.
const PLAYED: &str = "\
Without flags it plays one option of NFO (exchangeType 2 of the stream): the NIFTY 26000 call of
the nearest expiry, token 47338, lot 75. --exchange and --symbol play another: a symbol, or an
underlying such as SENSEX (BFO), CRUDEOIL (MCX) or SBIN (NSE), whose token, lot and tick come from
the list that it serves. A symbol that is not listed needs --token, --lot-size and --tick-size.
What is played is said on stderr, and by GET /state.

The ticks begin at 09:36:00 of the last weekday on which it is past that time in India, and the list
is today's; with --day both are of that day, with --ticks-file of the recording's. Quotes, candles,
order times and the hours of the exchange follow the ticks; logins and tokens follow the clock.
The market stands still at its first tick until anybody subscribes to it; --start-now or POST /start
lets it move without. It moves as fast as recorded, or by --speed or --rate. The index NIFTY 50
(exchangeType 1, token 99926000) streams beside the instrument, invented from its price.

scrip_master_url takes ?rows=N, and ?answer=null, half or page: what the broker serves in outages.";

/// How to reach it, and how to make other programs do so.
const REACH: &str = "\
When it is ready it prints one line of JSON: rest_url, stream_url, order_stream_url,
scrip_master_url, control_url, api_key, client_id, password (the PIN), totp_secret and ca_file.
The credentials are made at each start, or given by flags, and are worthless anywhere else. Log in
as at the broker: client_id, PIN and the one-time code (TOTP: SHA-1, 6 digits, 30 s) of totp_secret.
Tokens end at midnight in India, or at 05:00 with --tokens-end. Without --plain everything is TLS by
an authority that exists for this start only: trust ca_file, or start with --plain for http and ws.

The official SDKs need no change to their files (URLs from that line; easiest with --plain):
  Python      from SmartApi import SmartConnect
              from SmartApi.smartWebSocketV2 import SmartWebSocketV2
              from SmartApi.smartWebSocketOrderUpdate import SmartWebSocketOrderUpdate
              SmartConnect._rootUrl = rest_url
              SmartConnect(api_key, root=rest_url)
              SmartWebSocketV2.ROOT_URI = stream_url
              SmartWebSocketOrderUpdate.WEBSOCKET_URI = order_stream_url
              with TLS also: REQUESTS_CA_BUNDLE=<ca_file> in the environment
  JavaScript  const { CONSTANTS } = require('smartapi-javascript/config/constant')
              CONSTANTS.websocketURL = stream_url
              CONSTANTS.wsclientupdatesURL = order_stream_url
              new SmartAPI({ api_key, root: rest_url })
              with TLS also: NODE_EXTRA_CA_CERTS=<ca_file> in the environment
              without a network: node --unhandled-rejections=warn";

/// What the account can do.
const TRADE: &str = "\
Every REST route of SmartAPI is served, and each step of an order comes by the order stream. An
order takes what the five levels of the stream's depth offer at its limit or better; what rests
trades when later levels reach its limit, or when trades print beyond it. The exchange's time is
that of the recording (--market-hours wall: the clock's, so that after 16:00 an order waits for the
next session). Charges, protection prices and rate limits are the documented ones. One instrument is
played; orders, quotes, candles and calculators for any other are refused. searchScrip finds all
that is listed. Holdings are those of --holding.";

const CONTROL: &str = "\
Control address, below control_url; no login; bodies and answers are JSON:
  GET    /state                       the instrument, its first time, rows, packets sent and due,
                                      whether it has started and is over
  POST   /start                       lets the market move, whether or not anybody subscribes
  GET    /over                        answers when the recording is over
  GET    /schedule?from=1&count=1000  when each packet is due, and left: monotonic ns
  GET    /clock                       that clock now, and the broker's date
  PUT    /clock                       another date from now on: {\"wall_s\": 1795869000}
  PUT    /latency                     other latencies from now on, and none that is not named:
                                      {\"rest\": {\"constant\": \"20ms\"}, \"stream\": {…}}
  GET    /faults                      every fault, how often it was met and still will be
  POST   /faults                      adds a fault, or a list of them, with the keys below
  DELETE /faults                      calls all faults off and ends what lasts
  POST   /order-update                sends the body to the order stream, as an update";

const WHEN: &str = "\
When (at most one; none is at once, and numbers count from when the fault was added):
  @500           after_packets = 500     once 500 packets of the tape were sent: the next is met
  @2.5s          at = \"2.5s\"             so long after the first subscription
  @start+2s      after_start = \"2s\"      so long after the start
  @connection2   on_connection = 2       from the second attempt to open the stream on
  @placeOrder#3  on_request = 3, route = \"placeOrder\"
                                         at the third request of the route; @placeOrder is its
                                         first, @#3 the third of any REST route
  @update2       on_update = 2           at the second order update

More keys:
  times          how often it is met from then on (1)
  stream         market (default) or order, for faults of doors and connections
  route          only requests of this route: its last word, such as placeOrder or getProfile, or
                 its whole path. Without it every REST route is meant, and not the scrip master,
                 whose name is OpenAPIScripMaster.json";

const VALUES: &str = "\
Times are text: 200ms, 2.5s, 1m. Of several faults for one packet or request the first is met.";

const SHORT: &str = "\
--fault takes the short form NAME[@WHEN][:VALUE,KEY=VALUE…]; VALUE is the fault's first key:
  --fault stall@500:200ms
  --fault refuse@connection2:429
  --fault lost-answer@placeOrder#3
  --fault gap@1000:times=5
  --fault server-error@cancelOrder:502,carried_out=true
POST /faults takes the keys as JSON: {\"do\": \"stall\", \"after_packets\": 500, \"for\": \"200ms\"}
--scenario FILE takes them as TOML, with the latencies of answers and packets:
";

/// A scenario that shows every part of one.
const SCENARIO: &str = r#"
seed = 7               # what the latencies are drawn by

[[fault]]
after_packets = 500
do = "stall"
for = "200ms"

[[fault]]
on_request = 3
route = "placeOrder"
do = "lost-answer"

[latency.rest]         # of every REST answer
p50 = "20ms"           # a middle and a tail (log-normal), or one of: constant = "20ms",
p99 = "120ms"          # uniform = ["10ms", "30ms"], list = ["12ms", "15ms", "80ms"]

[latency.stream]       # of every packet and order update, which keep their order
constant = "5ms""#;

/// All of it.
pub(crate) fn text() -> String {
    let mut text = format!("{PLAYED}\n\n{REACH}\n\n{TRADE}\n\n{CONTROL}\n");
    for (meets, heading) in [
        (Meets::Door, "Faults of the attempt to open a stream:"),
        (Meets::Connection, "Faults of an open stream:"),
        (Meets::Packet, "Faults of a packet of the market stream:"),
        (Meets::Request, "Faults of a REST request:"),
        (Meets::Update, "Faults of an order update:"),
        (Meets::Account, "Faults of the account, which hold at once:"),
    ] {
        let _ = writeln!(text, "\n{heading}");
        for row in FAULTS.iter().filter(|row| row.meets == meets) {
            let head = format!("  {:<18}{:<8}", row.name, row.takes.join(" "));
            text += &wrapped(&head, row.effect);
        }
    }
    let answers = FAULTS.iter().filter(|row| row.may_be_carried_out);
    let names: Vec<&str> = answers.map(|row| row.name).collect();
    let carried_out = format!(
        "true: the request is carried out all the same, and only its answer is wrong ({})",
        names.join(", ")
    );
    let _ = write!(text, "\n{WHEN}\n{}", wrapped("  carried_out    ", &carried_out));
    let _ = write!(text, "{VALUES}\n\n{SHORT}");
    for line in SCENARIO.lines() {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
    text
}

/// A head and its text in lines that fit; further lines begin below the text.
fn wrapped(head: &str, text: &str) -> String {
    const WIDTH: usize = 98;
    let mut lines = vec![head.to_owned()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line + word.chars().count() > WIDTH {
            lines.push(" ".repeat(head.len()));
        }
        if let Some(line) = lines.last_mut() {
            *line += word;
            line.push(' ');
        }
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use sandbox::{Scenario, Step};

    use super::*;

    #[test]
    fn the_scenario_and_the_short_forms_that_it_shows_are_read() {
        Scenario::from_toml(SCENARIO).expect("a scenario");
        let shown: Vec<&str> =
            SHORT.lines().filter_map(|line| line.trim().strip_prefix("--fault ")).collect();
        assert!(shown.len() >= 5);
        for fault in shown.iter().filter(|fault| !fault.starts_with("takes")) {
            fault.parse::<Step>().expect(fault);
        }
        let json = SHORT.split_once("JSON: ").and_then(|(_, rest)| rest.lines().next());
        serde_json::from_str::<Step>(json.expect("an example")).expect("a fault");
    }

    #[test]
    fn it_names_every_fault_with_its_keys_and_fits_a_terminal() {
        let text = text();
        for row in &FAULTS {
            let head = format!("  {} ", row.name);
            let line = text.lines().find(|line| line.starts_with(&head));
            let line = line.unwrap_or_else(|| panic!("{} is missing", row.name));
            assert!(row.takes.iter().all(|key| line.contains(key)), "{line}");
        }
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}");
    }
}
