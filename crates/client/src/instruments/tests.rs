//! Tests of the kept list against a server on this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use smartapi::instruments::{Day, FileFault, sample};
use smartapi::packet::ExchangeType;
use tokio::net::TcpListener;

use super::*;
use crate::broker::BrokerError;
use crate::servers::Servers;
use crate::state::StateError;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Monday, 24 Nov 2025, 09:00 in India.
const MONDAY_MS: u64 = 1_763_955_000_000;

type Answer = (u16, Vec<u8>);

/// A server that answers as it is told, and the date of whoever asks.
struct World {
    address: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    now: Arc<AtomicU64>,
    folder: tempfile::TempDir,
}

/// Of a day after all that are told here, so that nothing in it has expired.
fn list(rows: usize) -> Vec<u8> {
    let today = Day::new(2025, 12, 20).expect("a day");
    sample::json(&sample::Recipe { seed: 1, today, rows })
}

impl World {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let answer = Arc::new(Mutex::new((200, list(1_000))));
        let asked = Arc::new(AtomicUsize::new(0));
        let (told, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        let app = Router::new().fallback(move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let (status, bytes) = told.lock().expect("whole").clone();
            (StatusCode::from_u16(status).expect("a status"), bytes)
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let folder = tempfile::tempdir().expect("a folder");
        Self { address, answer, asked, now: Arc::new(AtomicU64::new(MONDAY_MS)), folder }
    }

    fn answer(&self, status: u16, bytes: impl Into<Vec<u8>>) {
        *self.answer.lock().expect("whole") = (status, bytes.into());
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn pass(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        Clock::Jumping(Arc::clone(&self.now))
    }

    fn server(&self, path: &str) -> ListServer {
        ListServer::at(&format!("http://{}{path}", self.address), None).expect("local")
    }

    fn state(&self) -> StateFolder {
        StateFolder::at(self.folder.path().join("state"))
    }

    async fn open(&self) -> Result<Instruments, InstrumentsError> {
        Instruments::open_by(&self.clock(), &self.server("/list"), &self.state()).await
    }

    async fn refresh(&self) -> Result<Instruments, InstrumentsError> {
        Instruments::refresh_by(&self.clock(), &self.server("/list"), &self.state()).await
    }

    fn kept_file(&self) -> PathBuf {
        let listed = fs::read_dir(self.folder.path().join("state")).expect("a folder");
        let mut paths: Vec<_> = listed.map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(paths.len(), 1, "one kept list and nothing beside it");
        paths.remove(0)
    }
}

fn words(list: &Instruments) -> Vec<String> {
    list.notices.iter().map(ToString::to_string).collect()
}

fn error(result: Result<Instruments, InstrumentsError>) -> InstrumentsError {
    result.err().expect("refused")
}

#[tokio::test]
async fn the_list_is_downloaded_once_a_trading_day() {
    let world = World::start().await;
    let first = world.open().await.expect("downloaded");
    assert_eq!((first.index.len(), world.asked()), (1_000, 1));
    assert!(first.notices.is_empty() && first.source.ends_with("/list"));
    assert_eq!(first.fetched(), "24 Nov 2025 09:00 IST");
    assert_eq!(first.fetched_unix_s(), MONDAY_MS / 1000);
    world.pass(10 * 60 * MINUTE_MS);
    let second = world.open().await.expect("kept");
    assert_eq!(world.asked(), 0, "the same day");
    assert!(second.index == first.index && second.fetched() == first.fetched());
    world.pass(13 * 60 * MINUTE_MS + 29 * MINUTE_MS);
    world.open().await.expect("kept");
    assert_eq!(world.asked(), 0, "the next morning before half past eight");
    world.pass(MINUTE_MS);
    assert_eq!(world.open().await.expect("downloaded").fetched(), "25 Nov 2025 08:30 IST");
    assert_eq!(world.asked(), 1);
    world.pass(3 * DAY_MS);
    world.open().await.expect("downloaded");
    assert_eq!(world.asked(), 1, "on Friday");
    world.pass(2 * DAY_MS);
    world.open().await.expect("kept");
    assert_eq!(world.asked(), 0, "on Sunday");
    world.now.store(MONDAY_MS, Ordering::SeqCst);
    world.open().await.expect("downloaded");
    assert_eq!(world.asked(), 1, "a list from the future is none to rely on");
}

#[tokio::test]
async fn a_failed_renewal_keeps_the_old_list_and_says_its_age() {
    let world = World::start().await;
    world.open().await.expect("downloaded");
    world.pass(DAY_MS);
    let mut half = list(1_000);
    half.truncate(half.len() / 2);
    for (status, bytes, why) in [
        (500, Vec::new(), "answered HTTP 500"),
        (200, b"null".to_vec(), "was null (from http://127.0.0.1:"),
        (200, b"<html>".to_vec(), "a web page"),
        (200, half, "ends within row"),
        (200, list(30), "no rows of NFO, the last one had"),
    ] {
        world.answer(status, bytes);
        let old = world.open().await.expect("the old one");
        assert_eq!((old.index.len(), old.fetched()), (1_000, "24 Nov 2025 09:00 IST".to_owned()));
        let said = words(&old);
        assert!(
            said[0].starts_with("the list of instruments is of 24 Nov 2025 09:00 IST, 24 h old")
        );
        assert!(said.len() == 1 && said[0].contains(why), "{said:?}");
        assert!(old.notices[0].hint().is_some_and(|hint| !hint.is_empty()));
    }
    world.pass(3 * DAY_MS);
    let old = world.open().await.expect("the old one");
    assert!(words(&old)[0].contains("4 days old"), "{:?}", words(&old));
}

#[tokio::test]
async fn without_a_kept_list_a_failed_download_is_an_error_with_a_way_out() {
    let world = World::start().await;
    world.answer(200, "null");
    let missing = error(world.open().await);
    assert!(matches!(missing, InstrumentsError::Missing { .. }));
    let said = missing.to_string();
    assert!(said.starts_with("no list of instruments is kept, and the list"), "{said}");
    assert!(missing.hint().contains("during outages"), "{}", missing.hint());
    let nobody = ListServer::at("http://127.0.0.1:9/list", None).expect("local");
    let missing = error(Instruments::open_by(&world.clock(), &nobody, &world.state()).await);
    assert!(missing.to_string().contains("127.0.0.1:9 cannot be reached while downloading"));
    assert!(!world.folder.path().join("state").exists(), "nothing is written");
}

#[tokio::test]
async fn a_damaged_kept_list_is_noticed_and_downloaded_again() {
    let world = World::start().await;
    world.open().await.expect("downloaded");
    let path = world.kept_file();
    let whole = fs::read(&path).expect("readable");
    let head = whole.iter().position(|byte| *byte == b'\n').expect("a first line");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other_form =
        String::from_utf8_lossy(&whole[..=head]).replace("\"schema\":1", "\"schema\":9");
    for (bytes, why) in [
        (flipped(whole.len() - 1), "its checksum is wrong"),
        (flipped(head + 100), "its checksum is wrong"),
        (whole[..whole.len() - 9].to_vec(), "bytes and must have"),
        (whole[..head / 2].to_vec(), "its first line has no end"),
        (flipped(0), "its first line is damaged"),
        (other_form.into_bytes(), "its form was 9 and must be 1"),
    ] {
        world.asked();
        fs::write(&path, bytes).expect("written");
        let renewed = world.open().await.expect("downloaded");
        let said = words(&renewed);
        assert!(said.len() == 1 && said[0].contains(why), "{said:?}");
        assert!(said[0].contains("instruments_127.0.0.1%3a"), "{said:?}");
        assert_eq!((world.asked(), renewed.index.len()), (1, 1_000));
        assert!(words(&world.open().await.expect("kept")).is_empty(), "it was replaced");
    }
    fs::write(&path, flipped(0)).expect("written");
    world.answer(500, "");
    let said = error(world.open().await).to_string();
    assert!(said.contains("was not used: its first line is damaged, and 127.0.0.1:"), "{said}");
    assert!(said.contains("answered HTTP 500"), "{said}");
    world.answer(200, list(1_000));
    world.refresh().await.expect("downloaded, whatever was kept");
}

#[tokio::test]
async fn a_list_of_another_address_is_not_taken() {
    let world = World::start().await;
    world.open().await.expect("downloaded");
    world.answer(200, list(900));
    let other = world.server("/other");
    let list = Instruments::open_by(&world.clock(), &other, &world.state()).await.expect("taken");
    assert_eq!((list.index.len(), world.asked()), (900, 2));
}

#[tokio::test]
async fn a_refresh_downloads_at_once_and_refuses_what_shrank() {
    let world = World::start().await;
    world.open().await.expect("downloaded");
    world.answer(200, list(950));
    assert_eq!(world.refresh().await.expect("downloaded").index.len(), 950);
    assert_eq!(world.open().await.expect("kept").index.len(), 950);
    world.answer(200, list(30));
    let refused = error(world.refresh().await);
    assert!(matches!(refused, InstrumentsError::File { cause: FileFault::SegmentGone { .. }, .. }));
    let path = world.kept_file().display().to_string();
    assert!(refused.hint().ends_with(&format!("refresh: `rm '{path}'`")), "{}", refused.hint());
    fs::remove_file(world.kept_file()).expect("removed as the hint says");
    assert_eq!(world.refresh().await.expect("taken").index.len(), 30);
}

#[tokio::test]
async fn a_part_of_the_brokers_own_list_is_refused_where_nothing_is_kept() {
    let world = World::start().await;
    let brokers = world.server("/list").into_brokers();
    let (clock, state) = (world.clock(), world.state());
    let part = error(Instruments::open_by(&clock, &brokers, &state).await);
    assert!(part.to_string().contains("had 1000 rows, the broker's has at least 50000"), "{part}");
    assert!(part.hint().contains("during outages"), "{}", part.hint());
    assert!(!world.folder.path().join("state").exists(), "nothing is kept");
    let own = ListServer::at("https://margincalculator.angelone.in/x", None).expect("an address");
    assert!(own.is_brokers() && Servers::angel_one().expect("servers").list().is_brokers());
    for other in ["https://angelone.in.example.com/x", "https://notangelone.in/x"] {
        assert!(!ListServer::at(other, None).expect("an address").is_brokers(), "{other}");
    }
}

#[tokio::test]
async fn an_old_list_that_is_served_as_new_says_so_and_is_asked_for_again() {
    let world = World::start().await;
    let of = |date: (u16, u8, u8)| {
        let today = Day::new(date.0, date.1, date.2).expect("a day");
        sample::json(&sample::Recipe { seed: 1, today, rows: 1_000 })
    };
    // Monday's list has no contracts of Thursday, last Wednesday's has.
    world.answer(200, of((2025, 11, 19)));
    let old = world.open().await.expect("downloaded");
    let stale = "the list of instruments holds contracts that expired on 20 Nov 2025: it was made by \
                 then, 4 days ago";
    assert_eq!(words(&old), [stale]);
    assert!(old.notices[0].hint().is_some_and(|hint| hint.contains("instruments refresh")));
    assert_eq!(old.days_old(Day::in_india(MONDAY_MS / 1000)), 4);
    world.pass(29 * MINUTE_MS);
    assert_eq!(words(&world.open().await.expect("kept")), [stale]);
    assert_eq!(world.asked(), 1, "not at every use");
    world.pass(MINUTE_MS);
    world.answer(200, of((2025, 11, 24)));
    let new = world.open().await.expect("downloaded");
    assert_eq!((world.asked(), words(&new)), (1, Vec::new()));
    assert_eq!(new.days_old(Day::in_india(MONDAY_MS / 1000)), 0);
    world.pass(8 * 60 * MINUTE_MS);
    assert!(world.open().await.expect("kept").notices.is_empty());
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn contracts_of_yesterday_make_no_list_old_before_the_next_is_due() {
    let world = World::start().await;
    // Thursday, 27 Nov 2025, with a week of Sensex options that ends that day.
    world.pass(3 * DAY_MS);
    let today = Day::new(2025, 11, 27).expect("a day");
    world.answer(200, sample::json(&sample::Recipe { seed: 1, today, rows: 1_000 }));
    assert!(world.open().await.expect("downloaded").notices.is_empty());
    world.pass(12 * 60 * MINUTE_MS);
    assert!(words(&world.open().await.expect("kept")).is_empty(), "after the contracts' last hour");
    world.pass(11 * 60 * MINUTE_MS);
    let friday = world.open().await.expect("kept");
    assert!(friday.notices.is_empty(), "before the new list is due: {:?}", words(&friday));
    assert_eq!(friday.days_old(Day::new(2025, 11, 28).expect("a day")), 1);
}

#[tokio::test]
async fn rows_left_out_and_a_list_that_cannot_be_kept_are_said() {
    let world = World::start().await;
    let spoilt = String::from_utf8(list(1_000)).expect("text");
    world.answer(200, spoilt.replacen("\"exch_seg\":\"NSE\"", "\"exch_seg\":\"NXX\"", 2));
    fs::write(world.folder.path().join("state"), "no folder").expect("written");
    let list = world.open().await.expect("downloaded");
    let said = words(&list);
    assert_eq!((list.index.len(), said.len()), (998, 3));
    assert!(said[0].contains("was not used: it cannot be read"), "{said:?}");
    assert_eq!(
        said[1],
        "2 of 1000 rows of the list were left out: 2 unknown segment (number 0, NXX Nifty 50)"
    );
    assert!(said[2].starts_with("the list of instruments is not kept: could not make the folder"));
    assert!(list.notices[2].hint().is_some());
    let unkept = error(world.refresh().await);
    assert!(matches!(unkept, InstrumentsError::State(StateError::Io { .. })));
    assert!(!unkept.hint().is_empty());
}

#[tokio::test]
async fn a_file_of_the_users_own_is_read_and_its_age_said() {
    let world = World::start().await;
    let path = world.folder.path().join("OpenAPIScripMaster.json");
    let write = |bytes: &[u8], ms: u64| {
        let mut file = File::create(&path).expect("made");
        file.write_all(bytes).expect("written");
        file.set_modified(UNIX_EPOCH + Duration::from_millis(ms)).expect("dated");
    };
    write(&list(1_000), MONDAY_MS);
    let list = Instruments::of_file_by(&world.clock(), &path).expect("read");
    assert!(list.notices.is_empty() && list.source == path.display().to_string());
    assert!(list.index.by_symbol(ExchangeType::NSE_CM, "SBIN-EQ").is_some());
    world.pass(3 * DAY_MS);
    let list = Instruments::of_file_by(&world.clock(), &path).expect("read");
    assert_eq!(words(&list), ["the list of instruments is of 24 Nov 2025 09:00 IST, 3 days old"]);
    assert!(list.notices[0].hint().is_some());
    write(b"[{\"token\":", MONDAY_MS);
    let truncated = error(Instruments::of_file_by(&world.clock(), &path));
    assert!(truncated.to_string().contains("within row 0"));
    assert!(
        truncated.to_string().contains("OpenAPIScripMaster.json") && !truncated.hint().is_empty()
    );
    let gone = error(Instruments::of_file(&world.folder.path().join("none.json")));
    assert!(gone.to_string().starts_with("cannot read ") && gone.hint().contains("--file"));
}

/// A server that answers every connection with these bytes and then closes it.
async fn blunt(answer: &'static [u8]) -> ListServer {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let _ = socket.write_all(answer).await;
        }
    });
    ListServer::at(&format!("http://{address}/list"), None).expect("local")
}

#[tokio::test]
async fn a_download_that_breaks_off_or_is_huge_is_refused() {
    let cut = blunt(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"token\"").await;
    let broken = download::download(&cut).await.expect_err("cut");
    assert!(matches!(broken, InstrumentsError::Download(BrokerError::Broken { .. })));
    let huge = blunt(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n[").await;
    let huge = download::download(&huge).await.expect_err("huge");
    assert!(matches!(huge, InstrumentsError::Download(BrokerError::TooLarge { .. })));
    let moved = blunt(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
    let moved = download::download(&moved).await.expect_err("moved");
    assert!(moved.to_string().contains("answered HTTP 302"), "{moved}");
    for refused in [broken, huge, moved] {
        assert!(!refused.hint().is_empty());
    }
}
