//! docs/sandbox.md names what there is, and shows nothing that is refused.

use sandbox::{FAULTS, FaultRow, Scenario, Step};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md");
    std::fs::read_to_string(path).unwrap()
}

/// The fenced blocks of a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn its_table_has_every_fault_with_its_keys_and_effect() {
    let page = page();
    let wanted = |row: &FaultRow| {
        let keys: Vec<String> = row.takes.iter().map(|key| format!("`{key}`")).collect();
        format!("| `{}` | {} | {} |", row.name, keys.join(", "), row.effect)
    };
    for row in &FAULTS {
        assert!(page.lines().any(|line| line == wanted(row)), "{}", wanted(row));
    }
    let carried_out = page.lines().find(|line| line.starts_with("| `carried_out`")).unwrap();
    for row in FAULTS.iter().filter(|row| row.may_be_carried_out) {
        assert!(carried_out.contains(&format!("`{}`", row.name)), "{}", row.name);
    }
}

#[test]
fn its_scenarios_short_forms_and_bodies_are_read() {
    let page = page();
    let [toml, text, json] = ["toml", "text", "json"].map(|language| blocks(&page, language));
    assert_eq!((toml.len(), text.len(), json.len()), (1, 1, 1));
    Scenario::from_toml(toml[0]).unwrap();
    for fault in text[0].lines() {
        fault.parse::<Step>().unwrap();
    }
    serde_json::from_str::<Vec<Step>>(json[0]).unwrap();
}
