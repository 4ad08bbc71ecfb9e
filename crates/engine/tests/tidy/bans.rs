//! What may not be written where, and what to write instead.

use super::finding::{Finding, finds, none_of};
use super::paths::{Named, named};
use super::project::{Source, paths, read, sources, sources_under};
use super::syntax::{functions, line_at, words};

/// Words that may not stand in some part of the code.
struct Ban {
    words: &'static [&'static str],
    instead: &'static str,
}

const fn ban(words: &'static [&'static str], instead: &'static str) -> Ban {
    Ban { words, instead }
}

/// In `tick_path`, besides the lints of its `mod.rs`.
const TICK_PATH: [Ban; 8] = [
    ban(
        &["format!", "String", ".to_string()", ".to_owned()"],
        "a `Copy` enum with the numbers; whoever shows it makes the text",
    ),
    ban(
        &["println!", "eprintln!", "print!", "eprint!", "log::", "tracing::"],
        "count it, and let a snapshot show the count",
    ),
    ban(&["Mutex", "RwLock", "Condvar", "mpsc"], "the path is one thread: own the value"),
    ban(&["async", ".await"], "direct calls; tokio runs beside the path"),
    ban(&["Instant", "SystemTime"], "time is an argument: `EventTime`, or a mark of the probe"),
    ban(&["HashMap", "HashSet"], "an index into a `Vec`; a hash map's order differs between runs"),
    ban(
        &[".unwrap()", ".expect(", "panic!", "unreachable!"],
        "`?`, `let … else`, or a refusal that is counted",
    ),
    ban(
        &[".collect(", ".collect::", ".to_vec()", "Rc", "Arc"],
        "borrow, or a buffer made by `new`",
    ),
];

/// In `tick_path`, but free to constructors.
const ALLOCATIONS: Ban = ban(
    &["Vec::new", "with_capacity", "vec!", "VecDeque::new", "Box::new", "BTreeMap::new"],
    "reserve it in `fn new`: the path does not allocate after set-up",
);

/// In all code.
const EVERYWHERE: [Ban; 3] = [
    ban(&["unsafe"], "safe code; ARCHITECTURE.md would have to name the exception"),
    ban(&["todo!", "unimplemented!", "dbg!"], "finish it or leave it out"),
    ban(
        &["#[ignore", "allow(dead_code", "expect(dead_code", "allow(unused"],
        "delete it; a test asserts today's answer and says why",
    ),
];

/// In all code but tests.
const GLOBALS: [Ban; 2] = [
    ban(&["static mut", "thread_local!", "lazy_static!"], "a value that its user owns"),
    ban(
        &["install_default", "set_global_default", "set_hook", "set_var", "set_current_dir"],
        "hand it to whoever needs it; two runs have to fit into one process",
    ),
];

/// In tests, unless a loop looks for what has no event, under a deadline.
const SLEEPS: [Ban; 1] = [ban(
    &["thread::sleep", "time::sleep"],
    "wait for the event itself; where there is none, look again until a `deadline`",
)];

fn banned(path: &str, code: &str, bans: &[Ban]) -> Vec<Finding> {
    let mut found = Vec::new();
    for ban in bans {
        for word in ban.words {
            let at = words(code, word).map(|at| line_at(code, at));
            found.extend(at.map(|line| Finding::new(path, line, format!("`{word}`"), ban.instead)));
        }
    }
    found.sort_by_key(|finding| finding.line);
    found
}

/// Breaches on the tick path; constructors may allocate.
fn on_the_path(source: &Source) -> Vec<Finding> {
    let mut found = banned(&source.path, &source.live, &TICK_PATH);
    let mut constructors = source.live.clone();
    for function in functions(&source.live).into_iter().filter(|function| function.name == "new") {
        let lines = source.live[function.span.clone()].matches('\n').count();
        constructors.replace_range(function.span.clone(), &blank(function.span.len(), lines));
    }
    found.extend(banned(&source.path, &constructors, &[ALLOCATIONS]));
    found
}

/// So many bytes, so many of them ends of lines.
fn blank(length: usize, lines: usize) -> String {
    "\n".repeat(lines) + &" ".repeat(length - lines)
}

#[test]
fn the_tick_path_neither_allocates_formats_logs_locks_waits_nor_panics() {
    none_of(sources_under("crates/engine/src/tick_path/").iter().flat_map(on_the_path));
}

#[test]
fn notices_what_the_tick_path_may_not_do() {
    let text = "fn new() { Vec::with_capacity(1) }\nfn on_tick() {\n    x.unwrap(); // y.unwrap()\n\
                    let v = vec![1];\n    format!(\"\")\n}\n#[cfg(test)]\nmod tests { String }\n";
    finds(on_the_path(&Source::new("crates/engine/src/tick_path/a.rs", text)), &[3, 5, 4]);
    let each = TICK_PATH.iter().chain([&ALLOCATIONS]).flat_map(|ban| ban.words);
    for word in each {
        let source =
            Source::new("crates/engine/src/tick_path/a.rs", &format!("fn f() {{ {word} }}"));
        assert!(!on_the_path(&source).is_empty(), "{word} passes");
    }
}

/// What a pure crate cannot do.
const OUTSIDE: [&str; 7] =
    ["std::net", "std::fs", "std::env", "std::thread", "std::process", "std::io", "std::time"];
/// The one thing of `std::time` that is no clock.
const LENGTH_OF_TIME: &str = "std::time::Duration";

fn impure(source: &Source) -> Vec<Finding> {
    let outside = named(source).into_iter().filter(|named| {
        OUTSIDE.iter().any(|room| named.is_under(room)) && !named.is_under(LENGTH_OF_TIME)
    });
    let instead = "take the bytes or the time as an argument; client and app do I/O";
    let finding = |named: Named| {
        Finding::new(&source.path, line_at(&source.live, named.at), named.path, instead)
    };
    outside.map(finding).collect()
}

#[test]
fn the_protocol_and_the_engine_are_pure() {
    for room in ["crates/smartapi/src/", "crates/engine/src/"] {
        none_of(sources_under(room).iter().flat_map(impure));
    }
}

#[test]
fn notices_impurity() {
    let text =
        "use std::time::{Duration, Instant};\nuse std::{fmt, fs};\nfn f() {\n std::env::args() }";
    finds(impure(&Source::new("crates/engine/src/a.rs", text)), &[1, 2, 4]);
}

#[test]
fn nothing_is_unsafe_unfinished_or_switched_off() {
    none_of(sources().iter().flat_map(|source| banned(&source.path, &source.code, &EVERYWHERE)));
}

#[test]
fn notices_what_is_banned_everywhere() {
    let text = "// unsafe\nunsafe { }\n#[allow(dead_code)]\nfn f() { todo!() }\n#[ignore]\n";
    finds(banned("a.rs", text.replace("// unsafe", "").as_str(), &EVERYWHERE), &[2, 3, 4, 5]);
}

/// Sleeps in tests, but for those of functions with a deadline.
fn sleeps(source: &Source) -> Vec<Finding> {
    let mut tests = match source.is_test() {
        true => source.code.clone(),
        false => only_tests(&source.code, &source.live),
    };
    for function in functions(&source.code) {
        let body = &source.code[function.span.clone()];
        if words(body, "deadline").next().is_some() {
            let lines = body.matches('\n').count();
            tests.replace_range(function.span, &blank(body.len(), lines));
        }
    }
    banned(&source.path, &tests, &SLEEPS)
}

/// The code that is not live.
fn only_tests(code: &str, live: &str) -> String {
    let bytes = code.bytes().zip(live.bytes());
    let kept = bytes.map(|(code, live)| if code == live && code != b'\n' { b' ' } else { code });
    String::from_utf8_lossy(&kept.collect::<Vec<_>>()).into_owned()
}

#[test]
fn no_test_sleeps_and_hopes() {
    none_of(sources().iter().flat_map(sleeps));
}

#[test]
fn notices_a_test_that_sleeps() {
    let text = "fn f() { thread::sleep(x) }\n#[cfg(test)]\nmod tests {\n \
                fn g() { thread::sleep(x) }\n \
                fn h() { while now < deadline { thread::sleep(x) } }\n}\n";
    finds(sleeps(&Source::new("crates/a/src/b.rs", text)), &[4]);
    finds(sleeps(&Source::new("crates/a/tests/b.rs", text)), &[1, 4]);
}

/// Types that change behind a shared reference.
const CHANGEABLE: [&str; 8] =
    ["Mutex", "RwLock", "Atomic", "Once", "Lazy", "Cell", "UnsafeCell", "Box<dyn"];

/// Statics that can change after the program has started, and process-wide settings.
fn globals(source: &Source) -> Vec<Finding> {
    let statics = words(&source.live, "static").filter_map(|at| {
        let item = source.live[at..].split(['=', ';']).next()?;
        let kind = item.split_once(':')?.1;
        let changes = CHANGEABLE.iter().any(|word| kind.contains(word));
        let what = format!("`{}`", item.trim());
        let line = line_at(&source.live, at);
        changes.then(|| Finding::new(&source.path, line, what, GLOBALS[0].instead))
    });
    statics.chain(banned(&source.path, &source.live, &GLOBALS)).collect()
}

/// Files that set up what others have made to be process-wide, to compare with it.
const COMPARED: [&str; 1] = ["bench/src/groups/trace/spans.rs"];

#[test]
fn there_is_no_global_state() {
    let (compared, ours): (Vec<_>, Vec<_>) = sources()
        .into_iter()
        .filter(|source| source.in_src().is_some())
        .partition(|source| COMPARED.contains(&source.path.as_str()));
    none_of(ours.iter().flat_map(globals));
    let needed = compared.iter().filter(|source| !globals(source).is_empty()).count();
    assert_eq!(needed, COMPARED.len(), "an exception is not needed any more: delete it");
}

#[test]
fn notices_global_state() {
    let text = "static A: [u8; 2] = [1, 2];\nstatic B: OnceLock<u8> = OnceLock::new();\n\
                fn f(x: &'static AtomicU8) {}\nthread_local! {}\nstatic C: AtomicU8 = x;\n";
    finds(globals(&Source::new("crates/a/src/b.rs", text)), &[2, 5, 4]);
}

/// Where the log-in may be named: the protocol and its fuzzing, the one session, and the twin that
/// answers it.
const LOG_IN_PLACES: [&str; 7] = [
    "crates/smartapi/src/rest/",
    "crates/client/src/broker/",
    "crates/sandbox/src/rest/",
    "crates/sandbox/src/faults/routes.rs",
    "crates/sandbox/src/account/",
    "crates/sandbox/tests/",
    "fuzz/fuzz_targets/rest_bodies.rs",
];

fn log_ins(source: &Source) -> Vec<Finding> {
    if LOG_IN_PLACES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let route = concat!("login", "by", "password");
    let text = source.text.to_ascii_lowercase();
    let by_text = text.match_indices(route).map(|(at, _)| at);
    let by_name = ["LOGIN", "LoginRequest"].into_iter().flat_map(|name| words(&source.code, name));
    let places = by_text.chain(by_name).map(|at| line_at(&source.text, at));
    let instead = "ask client's session for its tokens: one place logs in";
    places.map(|line| Finding::new(&source.path, line, "names the log-in", instead)).collect()
}

#[test]
fn one_place_logs_in() {
    none_of(sources().iter().flat_map(log_ins));
}

#[test]
fn notices_a_second_log_in() {
    let text = format!("let path = \"{}\";\npost(routes::LOGIN)", concat!("LoginBy", "Password"));
    finds(log_ins(&Source::new("crates/app/src/a.rs", &text)), &[1, 2]);
    finds(log_ins(&Source::new("crates/client/src/broker/a.rs", &text)), &[]);
}

/// Folders of one machine; in pieces, so that this file does not name them.
const MACHINE: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
];

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let starts = |at: usize| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-~}".contains(letter))
    };
    let places = MACHINE.iter().flat_map(|folder| text.match_indices(folder));
    let instead = "a path from the project's root, or a temporary folder";
    let found = places.filter(|&(at, _)| starts(at)).map(|(at, folder)| {
        Finding::new(path, line_at(text, at), format!("`{folder}` of one machine"), instead)
    });
    found.collect()
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let written = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        !name.contains('.')
            || [".rs", ".toml", ".md", ".sh", ".yml", ".json"].iter().any(|end| name.ends_with(end))
    };
    let paths = paths();
    none_of(paths.iter().filter(written).flat_map(|path| machine_paths(path, &read(path))));
}

#[test]
fn notices_a_folder_of_one_machine() {
    let text = format!("https://a.in{0}x\n  \"{0}x\"\n..{0}\n({1}y)\n", MACHINE[3], MACHINE[0]);
    finds(machine_paths("a.md", &text), &[4, 2]);
}
