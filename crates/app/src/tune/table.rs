//! The comparison on the terminal.

use std::fmt::Write as _;

use super::{Best, Figure, Row, Tune};
use crate::report::table::time;

/// The table, and what follows from it.
pub(super) fn of(tune: &Tune) -> String {
    let mut out = format!("{:<32}", "tuning");
    for figure in Figure::ALL {
        let _ = write!(out, " {:>28}", figure.name());
    }
    out.push('\n');
    for row in &tune.rows {
        let _ = write!(out, "{:<32}", row.name);
        for (figure, best) in Figure::ALL.into_iter().zip(&tune.best) {
            let _ = write!(out, " {:>28}", cell(row, figure, best));
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "\nthe median of {} rounds of {} ticks, and the lowest and highest round; * = better than the \
         defaults in every round",
        tune.rounds, tune.ticks
    );
    if let Some(row) = tune.rows.first() {
        let _ = writeln!(
            out,
            "tuning.no_delay stays {}: it concerns what is sent, and a tick is received",
            row.tuning.no_delay
        );
    }
    for refused in &tune.refused {
        let _ = writeln!(out, "left out: {}", refused.trim_start_matches("error: "));
    }
    for best in &tune.best {
        let name = best.figure.name();
        let _ = match &best.row {
            None => writeln!(out, "{name}: no difference seen"),
            Some(row) => {
                let sets = best.settings.iter().map(|set| format!(" --set {set}"));
                writeln!(out, "{name}: {row} is better:{}", sets.collect::<String>())
            }
        };
    }
    out
}

/// The median of the rounds and how far they are apart.
fn cell(row: &Row, figure: Figure, best: &Best) -> String {
    let Some(mut values) = row.values(figure).filter(|values| !values.is_empty()) else {
        return "–".to_owned();
    };
    values.sort_unstable();
    let [least, .., most] = values[..] else { return time(values.first().copied()) };
    let median = values.get(values.len() / 2).copied();
    let mark = if best.row.as_deref() == Some(row.name.as_str()) { "*" } else { "" };
    format!("{mark}{} ({}–{})", time(median), time(Some(least)), time(Some(most)))
}

#[cfg(test)]
mod tests {
    use super::super::{Round, row};
    use super::*;
    use engine::config::Tuning;

    fn tune(busy_ns: u64) -> Tune {
        let round = |ns: u64| Round {
            total_p50_ns: Some(ns),
            total_p99_ns: Some(2 * ns),
            age_p50_ns: Some(3 * ns),
            age_p99_ns: None,
        };
        let plain = Tuning { pin: None, busy_poll: false, lock_memory: false, no_delay: true };
        let rows = [(plain, 20_000), (Tuning { busy_poll: true, pin: Some(1), ..plain }, busy_ns)];
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(tuning, ns)| {
                let rounds = [ns, ns + 1000, ns + 500].map(round).to_vec();
                Row { rounds, ..row(tuning) }
            })
            .collect();
        let best = Figure::ALL.map(|figure| super::super::best_in(figure, &rows)).to_vec();
        let refused = vec!["error: tuning.lock_memory = true: refused\nhint: x".to_owned()];
        Tune { schema: 1, ticks: 100, rounds: 3, rows, refused, best, interrupted: false }
    }

    #[test]
    fn a_better_row_is_marked_and_says_how_to_get_it() {
        let text = of(&tune(4_000));
        assert!(text.contains("*4500 ns (4000 ns–5000 ns)"), "{text}");
        let how = "total p50: busy_poll + pin 1 is better: --set tuning.busy_poll=true --set tuning.pin=1";
        assert!(text.contains(how), "{text}");
        assert!(text.contains("age p99: no difference seen"), "too few ticks for it: {text}");
        assert!(text.contains("left out: tuning.lock_memory = true: refused"), "{text}");
        assert!(text.contains("tuning.no_delay stays true: it concerns what is sent"), "{text}");
    }

    #[test]
    fn a_row_within_the_spread_is_not_marked() {
        let text = of(&tune(19_500));
        assert!(!text.contains("*1") && !text.contains("is better"), "{text}");
        assert_eq!(text.matches("no difference seen").count(), 4);
    }
}
