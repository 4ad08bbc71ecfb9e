//! docs/faults.md shows every scenario with what the user sees, and each scenario is a test.

use std::fmt::Write as _;

use crate::stage::Case;
use crate::{instruments, login, market_stream, order_stream, orders, reads};

/// The subjects, their tables and the files with their tests.
const SUBJECTS: [(&str, &[Case], &str); 6] = [
    ("The login", login::CASES, include_str!("login.rs")),
    ("Reads", reads::CASES, include_str!("reads.rs")),
    ("Orders", orders::CASES, include_str!("orders.rs")),
    ("The market stream", market_stream::CASES, include_str!("market_stream.rs")),
    ("The order stream", order_stream::CASES, include_str!("order_stream.rs")),
    ("The list of instruments", instruments::CASES, include_str!("instruments.rs")),
];

pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    SUBJECTS.iter().flat_map(|(_, cases, _)| *cases)
}

fn row(case: &Case) -> String {
    let faults: Vec<String> = case.faults.iter().map(|fault| format!("`{fault}`")).collect();
    let says = match (case.says, case.hint) {
        ("", _) => "nothing".to_owned(),
        (says, "") => format!("\"{says}\""),
        (says, hint) => format!("\"{says}\"<br>*{hint}*"),
    };
    let name = case.name.replace('_', " ");
    format!("| {name} | {} | {says} | {} |", faults.join("<br>"), case.then)
}

/// The tables as the page has them.
fn tables() -> String {
    let mut text = String::new();
    for (subject, cases, _) in SUBJECTS {
        let head = "| fault | asked for by | the user sees | and then |\n|---|---|---|---|\n";
        write!(text, "\n## {subject}\n\n{head}").expect("a string");
        cases.iter().for_each(|case| text = format!("{text}{}\n", row(case)));
    }
    text
}

#[test]
fn the_page_shows_what_the_scenarios_show() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md");
    let page = std::fs::read_to_string(path).expect("reads");
    let shown = page.find("\n## ").map_or("", |start| &page[start..]);
    assert!(
        shown == tables(),
        "docs/faults.md should go on after its first words with:\n{}",
        tables()
    );
}

#[test]
fn each_scenario_is_a_test_of_its_name() {
    for (subject, cases, file) in SUBJECTS {
        let after = |text: &str| text.split_once('(').map(|(name, _)| name.to_owned());
        let tests: Vec<String> = file.split("#[test]\nfn ").skip(1).filter_map(after).collect();
        let named: Vec<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(tests, named, "{subject}: in the same order");
        for name in named {
            assert_eq!(file.matches(name).count(), 3, "{name}: its row, its test and its stage");
        }
    }
    assert!(cases().count() >= 44);
}
