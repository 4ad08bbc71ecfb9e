//! The recorder as a whole: what it is given comes back, whatever ends it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use smartapi::packet::{Depth20, FromZeros as _, IntoBytes as _, SnapQuote, token_field};

use super::*;

/// 09:36:00 in India on Monday, 6 Oct 2025, in milliseconds.
const MONDAY_MS: i64 = 1_759_723_560_000;
const DAY_MS: i64 = 86_400_000;
/// Names the folder of a recorder that a test runs in a process of its own.
const CHILD_FOLDER: &str = "RECORDER_TEST_FOLDER";

/// A counter that stands at zero on a Wednesday, so that Monday and Tuesday are over.
fn options() -> Options {
    let offset_ns = (MONDAY_MS + 2 * DAY_MS) * 1_000_000;
    let offset = WallOffset { offset_ns, bracket_ns: 0 };
    Options { interval: Duration::from_secs(3600), ..Options::new(Cycles::new(), offset) }
}

fn packet(sequence: i64, exchange_ts_ms: i64) -> Vec<u8> {
    let mut packet = SnapQuote::new_zeroed();
    let head = &mut packet.quote.head;
    (head.mode, head.exchange_type) = (3, 2);
    head.token = token_field("47338").expect("fits");
    head.sequence.set(sequence);
    head.exchange_ts_ms.set(exchange_ts_ms);
    head.ltp.set(12_345 + sequence);
    packet.quote.last_traded_qty.set(75);
    packet.as_bytes().to_vec()
}

fn record(folder: &Path, packets: &[Vec<u8>]) -> RecorderReport {
    let (mut tap, recorder) =
        Recorder::start(folder, Label::example(), options()).expect("started");
    (1..).zip(packets).for_each(|(read_ns, packet)| tap.record(packet, read_ns * 1000));
    recorder.finish(tap)
}

/// All that a recording holds: receive times, and frames.
fn replayed(mut recording: Recording) -> (Vec<u64>, Vec<Vec<u8>>) {
    let (mut times, mut frames) = (Vec::new(), Vec::new());
    while let Some(packet) = recording.next_packet().expect("readable") {
        times.push(packet.receive_ns);
        frames.push(packet.payload.to_vec());
    }
    assert_eq!(recording.packets(), frames.len() as u64);
    (times, frames)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("text")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Frames of all kinds: packets of three modes, noise, cut, unknown and longer than any packet.
fn frames() -> Vec<Vec<u8>> {
    let mut depth = Depth20::new_zeroed();
    (depth.mode, depth.exchange_type) = (4, 2);
    depth.exchange_ts_ms.set(MONDAY_MS);
    let mut ltp = packet(5, MONDAY_MS)[..51].to_vec();
    ltp[0] = 1;
    let mut foreign = packet(6, MONDAY_MS);
    foreign[2..4].copy_from_slice(&[0xFF, 0xFE]);
    let mut long = packet(7, MONDAY_MS);
    long.resize(5000, 9);
    vec![
        packet(1, MONDAY_MS),
        Vec::new(),
        b"pong".to_vec(),
        packet(2, MONDAY_MS)[..378].to_vec(),
        vec![77; 100],
        depth.as_bytes().to_vec(),
        ltp,
        foreign,
        long,
        packet(8, i64::MIN),
        packet(9, MONDAY_MS + 1),
    ]
}

#[test]
fn every_frame_comes_back_byte_for_byte_with_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let frames = frames();
    let report = record(folder.path(), &frames);
    let file = folder.path().join("2025-10-06-47338.parquet");
    assert_eq!(report.files, std::slice::from_ref(&file));
    assert_eq!((report.packets, report.written, report.dropped), (11, 11, 0));
    assert!(report.alarm.is_none() && report.bytes > 0, "{report:?}");
    assert!((1..=report.capacity).contains(&report.max_depth), "{report:?}");
    assert_eq!(names(folder.path()), ["2025-10-06-47338.parquet"], "no part is left");
    assert!(is_recording(&file));
    let recording = Recording::open(&file).expect("readable");
    assert_eq!(recording.label(), &Label::example());
    assert_eq!(recording.unfinished(), 0);
    assert_eq!(replayed(recording), ((1..=11).map(|n| n * 1000).collect(), frames));
}

#[test]
fn the_columns_say_what_the_packets_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = record(folder.path(), &frames());
    let file = std::fs::File::open(&report.files[0]).expect("there");
    let reader = SerializedFileReader::new(file).expect("readable");
    let rows = reader.get_row_iter(None).expect("rows");
    let text: Vec<String> = rows.map(|row| row.expect("a row").to_string()).collect();
    let wall = "2025-10-08 04:06:00.000";
    for (row, expected) in [
        (0, format!("receive_wall_us: {wall}001 +00:00, receive_ns: 1000")),
        (0, "exchange_ts_ms: 2025-10-06 04:06:00.000 +00:00, sequence: 1".to_owned()),
        (0, "exchange_type: 2, token: \"47338\", mode: 3, ltp: 12346, last_traded_qty: 75".into()),
        (1, "exchange_ts_ms: null, sequence: null, exchange_type: null, token: null".into()),
        (5, "sequence: null, exchange_type: 2, token: \"\", mode: 4, ltp: null".into()),
        (6, "sequence: 5, exchange_type: 2, token: \"47338\", mode: 1, ltp: 12350".into()),
        (6, "last_traded_qty: null".into()),
        (7, "sequence: 6, exchange_type: 2, token: null".into()),
        (9, "exchange_ts_ms: null, sequence: 8".into()),
    ] {
        assert!(text[row].contains(&expected), "row {row}: {} lacks {expected}", text[row]);
    }
}

#[test]
fn a_day_has_a_file_of_its_own_and_wrong_stamps_have_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let stamps = [0, DAY_MS, 0, 30 * DAY_MS, DAY_MS + 1].map(|after| MONDAY_MS + after);
    let packets: Vec<_> = (1..).zip(stamps).map(|(sequence, ts)| packet(sequence, ts)).collect();
    let report = record(folder.path(), &packets);
    assert_eq!(names(folder.path()), ["2025-10-06-47338.parquet", "2025-10-07-47338.parquet"]);
    let [monday, tuesday] = [0, 1].map(|n| Recording::open(&report.files[n]).expect("readable"));
    assert_eq!(replayed(monday).1, packets[..1]);
    assert_eq!(replayed(tuesday).1, packets[1..]);
    let mut both = Recording::open(&report.files[1]).expect("readable");
    both.add(&report.files[0]).expect("of the same instrument");
    assert_eq!(replayed(both).1, packets, "in the order of their first packets");
}

#[test]
fn a_recording_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    for sequence in 1..=3 {
        record(folder.path(), &[packet(sequence, MONDAY_MS)]);
    }
    let stem = "2025-10-06-47338";
    for (number, suffix) in [(1, ""), (2, "-2"), (3, "-3")] {
        let file = folder.path().join(format!("{stem}{suffix}.parquet"));
        let recording = Recording::open(&file).expect("readable");
        assert_eq!(replayed(recording).1, [packet(number, MONDAY_MS)]);
    }
}

#[test]
fn a_run_without_packets_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = record(folder.path(), &[]);
    assert_eq!((report.packets, report.files.len()), (0, 0));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn at_full_speed_every_packet_is_written_or_counted_as_dropped() {
    const PACKETS: u64 = 200_000;
    let folder = tempfile::tempdir().expect("a folder");
    let capacity = ring::room_for(500, 379);
    let options = Options { capacity, ..options() };
    let (mut tap, recorder) =
        Recorder::start(folder.path(), Label::example(), options).expect("started");
    let mut packet = packet(1, MONDAY_MS);
    for sequence in 0..PACKETS {
        packet[27..35].copy_from_slice(&sequence.to_le_bytes());
        tap.record(&packet, sequence);
    }
    let report = recorder.finish(tap);
    assert!(report.dropped > 0, "the ring is small: {report:?}");
    assert_eq!(report.written + report.dropped, PACKETS);
    assert!(report.max_depth <= report.capacity && report.alarm.is_none(), "{report:?}");
    let (times, frames) = replayed(Recording::open(&report.files[0]).expect("readable"));
    assert_eq!(frames.len() as u64, report.written);
    assert!(times.is_sorted_by(|one, next| one < next), "in order, and none twice");
}

#[test]
fn more_than_a_row_group_holds_comes_back_too() {
    const PACKETS: u64 = 40_000;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut tap, recorder) =
        Recorder::start(folder.path(), Label::example(), options()).expect("started");
    let packet = packet(1, MONDAY_MS);
    (0..PACKETS).for_each(|read_ns| tap.record(&packet, read_ns));
    let report = recorder.finish(tap);
    assert_eq!((report.written, report.dropped), (PACKETS, 0), "{report:?}");
    let file = std::fs::File::open(&report.files[0]).expect("there");
    let reader = SerializedFileReader::new(file).expect("readable");
    assert!(reader.metadata().num_row_groups() > 1);
    let (times, _) = replayed(Recording::open(&report.files[0]).expect("readable"));
    assert!(times.into_iter().eq(0..PACKETS));
}

/// A recorder that writes a part at once.
fn start_quick(folder: &Path) -> (Tap, Recorder) {
    let options = Options { interval: Duration::from_millis(1), ..options() };
    Recorder::start(folder, Label::example(), options).expect("started")
}

fn wait_for_the_first_part(recorder: &Recorder) {
    let clock = Cycles::new();
    let deadline = clock.now_ns() + 30_000_000_000;
    while recorder.status().written == 0 {
        assert!(clock.now_ns() < deadline, "{:?}", recorder.status());
        std::thread::yield_now();
    }
}

#[test]
fn a_part_is_written_when_its_time_has_come_although_nothing_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut tap, recorder) = start_quick(folder.path());
    tap.record(&packet(1, MONDAY_MS), 1);
    wait_for_the_first_part(&recorder);
    // The run goes on, and the part can be read already by the name of the file that it will be.
    let file = folder.path().join("2025-10-06-47338.parquet");
    assert!(!file.exists() && is_recording(&file) && is_recording(&parts::parts_of(&file)));
    let recording = Recording::open(&file).expect("readable");
    assert_eq!(replayed(recording).1, [packet(1, MONDAY_MS)]);
    assert_eq!(recorder.finish(tap).files, [file]);
}

/// The test executable again, to run one test in a process of its own.
fn child(test: &str, folder: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    let test = format!("recorder::tests::{test}");
    let run = format!("{before} exec \"$0\" --exact {test} --nocapture");
    command.args(["-c", &run]).arg(std::env::current_exe().expect("a test executable"));
    command.env(CHILD_FOLDER, folder);
    command
}

/// The folder that a child is given; a run of all tests gives none.
fn child_folder() -> Option<PathBuf> {
    client::process_environment(CHILD_FOLDER).map(PathBuf::from)
}

/// Records for ever and says what has reached the disk.
#[test]
fn as_a_child_records_until_it_is_killed() {
    let Some(folder) = child_folder() else { return };
    let (mut tap, recorder) = start_quick(&folder);
    let mut said = 0;
    for sequence in 1.. {
        tap.record(&packet(sequence, MONDAY_MS), sequence as u64);
        // Not so far ahead that the ring could be full.
        while said == 0 || sequence as u64 > said + 5000 {
            let written = recorder.status().written;
            if written > said {
                said = written;
                writeln!(std::io::stdout(), "\nwritten {written}").expect("somebody listens");
            }
            std::thread::yield_now();
        }
    }
}

#[test]
fn whatever_had_reached_the_disk_is_read_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = child("as_a_child_records_until_it_is_killed", folder.path(), "")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let lines = lines.map(|line| line.expect("text"));
    let written = lines.filter_map(|line| line.strip_prefix("written ")?.parse::<u64>().ok());
    let written = written.take(20).last().expect("it wrote");
    child.kill().expect("SIGKILL");
    child.wait().expect("gone");
    let file = folder.path().join("2025-10-06-47338.parquet");
    let recording = Recording::open(&file).expect("readable without repair");
    assert!(recording.packets() >= written, "{} of {written}", recording.packets());
    let expected = 1..=recording.packets();
    let (times, frames) = replayed(recording);
    assert!(times.into_iter().eq(expected.clone()), "all from the first on");
    assert!(frames.into_iter().eq(expected.map(|sequence| packet(sequence as i64, MONDAY_MS))));
}

/// Records into files that may not grow beyond what the shell allows.
#[test]
fn as_a_child_records_on_a_full_disk() {
    let Some(folder) = child_folder() else { return };
    let (mut tap, recorder) =
        Recorder::start(&folder, Label::example(), options()).expect("started");
    let mut packet = packet(1, MONDAY_MS);
    // Packets that do not compress: what fits into a file is what the shell says.
    let mut noise = 1u64;
    for sequence in 0..100_000u64 {
        for byte in &mut packet[147..] {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (noise >> 56) as u8;
        }
        tap.record(&packet, sequence);
    }
    let report = recorder.finish(tap);
    assert_eq!(report.packets, 100_000, "{report:?}");
    assert_eq!(report.written + report.dropped, 100_000, "{report:?}");
    assert!(report.dropped > 0 && report.written == 0 && report.files.is_empty(), "{report:?}");
    let alarm = report.alarm.expect("an alarm");
    assert!(alarm.contains("File too large") && alarm.contains("free space"), "{alarm}");
    assert_eq!(names(&folder), [""; 0], "nothing half-written is left");
}

#[test]
fn a_full_disk_stops_the_recording_with_an_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = "trap '' XFSZ; ulimit -f 64;";
    let output = child("as_a_child_records_on_a_full_disk", folder.path(), limits).output();
    let output = output.expect("a process");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn parts_that_cannot_be_joined_stay_and_are_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut tap, recorder) = start_quick(folder.path());
    tap.record(&packet(1, MONDAY_MS), 1);
    wait_for_the_first_part(&recorder);
    // The file's name is taken meanwhile, by a folder that cannot be replaced.
    let file = folder.path().join("2025-10-06-47338.parquet");
    std::fs::create_dir_all(file.join("taken")).expect("made");
    let report = recorder.finish(tap);
    assert_eq!((report.written, report.dropped), (1, 0));
    let parts = parts::parts_of(&file);
    assert_eq!(report.files, std::slice::from_ref(&parts));
    let alarm = report.alarm.expect("an alarm");
    assert!(alarm.contains("complete but in parts"), "{alarm}");
    let recording = Recording::open(&parts).expect("readable");
    assert_eq!(replayed(recording).1, [packet(1, MONDAY_MS)]);
}

/// A folder of so many parts of one packet each.
fn killed(folder: &Path, number: i64) -> PathBuf {
    let mut parts = parts::Parts::create(folder, "2025-10-06-47338").expect("made");
    for sequence in 1..=number {
        let mut rows = rows::Rows::default();
        let frame = packet(sequence, MONDAY_MS);
        rows.push(sequence, sequence as u64, &frame, &rows::Seen::of(&frame));
        parts.write(&mut rows, &Label::example()).expect("written");
    }
    parts.folder
}

#[test]
fn a_last_part_that_was_cut_off_is_counted_and_the_others_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = killed(folder.path(), 3);
    let last = parts.join("000003.parquet");
    let bytes = std::fs::read(&last).expect("there");
    std::fs::write(&last, &bytes[..bytes.len() / 2]).expect("cut");
    std::fs::write(parts.join("unfinished.tmp"), b"PAR1").expect("begun");
    let recording = Recording::open(&parts).expect("readable");
    assert_eq!(recording.unfinished(), 2);
    assert_eq!(replayed(recording).1, [packet(1, MONDAY_MS), packet(2, MONDAY_MS)]);
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| Recording::open(path).map(|_| ()).expect_err("refused").to_string();
    let missing = folder.path().join("missing.parquet");
    assert!(open(&missing).contains("cannot read"), "{}", open(&missing));
    let foreign = folder.path().join("foreign.parquet");
    std::fs::write(&foreign, "timestamp,price").expect("written");
    assert!(open(&foreign).contains("damaged"), "{}", open(&foreign));
    assert!(!is_recording(&missing) && !is_recording(&foreign));
    let parts = killed(folder.path(), 3);
    std::fs::remove_file(parts.join("000002.parquet")).expect("removed");
    assert!(open(&parts).contains("lacks its part 000002"), "{}", open(&parts));
    std::fs::remove_file(parts.join("000001.parquet")).expect("removed");
    std::fs::rename(parts.join("000003.parquet"), parts.join("000001.parquet")).expect("moved");
    let one = parts.join("000001.parquet");
    assert!(is_recording(&one) && Recording::open(&one).is_ok(), "a part is a recording");
    std::fs::write(&one, b"PAR1").expect("cut");
    assert!(open(&parts).contains("damaged"), "{}", open(&parts));
    std::fs::rename(&one, parts.join("unfinished.tmp")).expect("moved");
    assert!(open(&parts).contains("no complete part, 1 unfinished"), "{}", open(&parts));
}

#[test]
fn recordings_of_two_instruments_are_not_replayed_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = record(folder.path(), &[packet(1, MONDAY_MS)]);
    let other = Label { token: "1".to_owned(), ..Label::example() };
    let (mut tap, recorder) = Recorder::start(folder.path(), other, options()).expect("started");
    tap.record(&packet(1, MONDAY_MS), 1);
    let second = recorder.finish(tap);
    let mut recording = Recording::open(&first.files[0]).expect("readable");
    let error = recording.add(&second.files[0]).expect_err("refused").to_string();
    assert!(error.contains("of 2:1 in mode 3, the first is of 2:47338 in mode 3"), "{error}");
}
