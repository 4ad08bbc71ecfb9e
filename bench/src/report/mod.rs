//! The tables of BENCHMARKS.md: what was compared, what came out, and whether that was good enough.

mod figures;

use std::fmt::Write as _;

use crate::stats::Spread;
pub use figures::{Limit, Unit};

/// How the two sides of a table are put into one figure, round by round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// How many times the other is ours: for what is to be faster.
    AOverB,
    /// How many times ours is the other: for what is to stay close.
    BOverA,
    /// What the second costs more, in nanoseconds.
    BMinusA,
    /// Which part of the second the first does not have, in percent.
    ShareOfB,
}

/// What a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    A,
    B,
    Compared,
}

/// A limit for one figure of a row.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    subject: Subject,
    limit: Limit,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    unit: Unit,
    /// What the rounds measured; a side that was not measured is `None`.
    pairs: Vec<(Option<f64>, Option<f64>)>,
    targets: Vec<Target>,
}

impl Row {
    /// A row of pairs: A and B of each round.
    pub fn pairs(
        what: impl Into<String>,
        unit: Unit,
        pairs: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Self::some_pairs(what, unit, pairs.into_iter().map(|(a, b)| (Some(a), Some(b))))
    }

    /// A row of pairs of which a side may be missing, where a sample was too small for it.
    pub fn some_pairs(
        what: impl Into<String>,
        unit: Unit,
        pairs: impl IntoIterator<Item = (Option<f64>, Option<f64>)>,
    ) -> Self {
        let pairs = pairs.into_iter().collect();
        Self { what: what.into(), unit, pairs, targets: Vec::new() }
    }

    /// A row of ours alone.
    pub fn single(
        what: impl Into<String>,
        unit: Unit,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        Self::some_pairs(what, unit, values.into_iter().map(|value| (None, Some(value))))
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, subject: Subject, limit: Limit) -> Self {
        self.targets.push(Target { subject, limit });
        self
    }

    /// A column's values over the rounds; `None` if any round lacks one.
    fn spread(&self, subject: Subject, comparison: Comparison) -> Option<Spread> {
        let value = |&(a, b): &(Option<f64>, Option<f64>)| match subject {
            Subject::A => a,
            Subject::B => b,
            Subject::Compared => Some(comparison.of(a?, b?)),
        };
        Spread::of(self.pairs.iter().map(value).collect::<Option<Vec<f64>>>()?)
    }

    /// Whether each target was met; `None` where there was nothing to judge.
    fn verdicts(&self, comparison: Comparison) -> impl Iterator<Item = Option<bool>> {
        self.targets.iter().map(move |target| {
            let spread = self.spread(target.subject, comparison)?;
            Some(target.limit.is_met(spread.median))
        })
    }
}

impl Comparison {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::AOverB => a / b,
            Self::BOverA => b / a,
            Self::BMinusA => b - a,
            Self::ShareOfB => (b - a) / b * 100.0,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::AOverB => "A ÷ B",
            Self::BOverA => "B ÷ A",
            Self::BMinusA => "B − A",
            Self::ShareOfB => "(B − A) ÷ B",
        }
    }

    const fn unit(self) -> Unit {
        match self {
            Self::AOverB | Self::BOverA => Unit::Times,
            Self::BMinusA => Unit::Nanos,
            Self::ShareOfB => Unit::Percent,
        }
    }
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    pub title: &'static str,
    pub a: &'static str,
    pub b: &'static str,
    pub comparison: Comparison,
    pub rows: Vec<Row>,
    /// What a reader has to know beside the figures.
    pub notes: Vec<String>,
}

impl Table {
    /// The table in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        if !self.a.is_empty() {
            let _ = writeln!(text, "A: {}.", self.a);
        }
        let _ = writeln!(text, "B: {}.\n", self.b);
        let _ = writeln!(text, "| what | A | B | {} | target | met |", self.comparison.heading());
        text += "|---|---|---|---|---|---|\n";
        self.rows.iter().for_each(|row| self.line(row, &mut text));
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    fn line(&self, row: &Row, text: &mut String) {
        let cell = |subject| {
            let spread = row.spread(subject, self.comparison);
            let mut limits =
                row.targets.iter().filter(|target| target.subject == subject).map(|t| t.limit);
            spread.map_or("–".to_owned(), |spread| {
                figures::spread(spread, self.unit(row, subject), limits.next())
            })
        };
        let target = |target: &Target| {
            let name = match target.subject {
                Subject::A => "A",
                Subject::B => "B",
                Subject::Compared => self.comparison.heading(),
            };
            format!("{name} {}", figures::limit(target.limit, self.unit(row, target.subject)))
        };
        let verdict = |met| match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "**not measured**",
        };
        let targets: Vec<String> = row.targets.iter().map(target).collect();
        let verdicts: Vec<&str> = row.verdicts(self.comparison).map(verdict).collect();
        let [a, b, compared] = [Subject::A, Subject::B, Subject::Compared].map(cell);
        let (targets, verdicts) = (targets.join("; "), verdicts.join("; "));
        let what = &row.what;
        let _ = writeln!(text, "| {what} | {a} | {b} | {compared} | {targets} | {verdicts} |");
    }

    fn unit(&self, row: &Row, subject: Subject) -> Unit {
        if subject == Subject::Compared { self.comparison.unit() } else { row.unit }
    }

    /// How many targets there are, and how many were met.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let verdicts = || self.rows.iter().flat_map(|row| row.verdicts(self.comparison));
        (verdicts().count(), verdicts().filter(|met| *met == Some(true)).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(comparison: Comparison, row: Row) -> Table {
        let notes = vec!["A note.".to_owned()];
        Table { title: "One", a: "theirs", b: "ours", comparison, rows: vec![row], notes }
    }

    #[test]
    fn a_table_shows_medians_ranges_and_verdicts() {
        let pairs = [(20_000.0, 10.0), (30_000.0, 12.0), (24_000.0, 11.0)];
        let row = Row::pairs("a packet", Unit::Nanos, pairs)
            .target(Subject::B, Limit::AtMost(20.0))
            .target(Subject::Compared, Limit::AtLeast(2_400.0));
        let table = table(Comparison::AOverB, row);
        assert_eq!(
            table.markdown(),
            "## One\n\nA: theirs.\nB: ours.\n\n\
             | what | A | B | A ÷ B | target | met |\n|---|---|---|---|---|---|\n\
             | a packet | 24.0 µs (20.0 – 30.0) | 11.0 ns (10.0 – 12.0) | \
             2,182 × (2,000 – 2,500) | B ≤ 20 ns; A ÷ B ≥ 2,400 × | met; **missed** |\n\
             \nA note.\n"
        );
        assert_eq!(table.score(), (2, 1));
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        let row = Row::pairs("x", Unit::Nanos, [(10.0, 20.0), (100.0, 110.0), (1.0, 9.0)]);
        let median =
            |comparison| row.spread(Subject::Compared, comparison).map(|spread| spread.median);
        assert_eq!(median(Comparison::BOverA), Some(2.0));
        assert_eq!(median(Comparison::AOverB), Some(0.5));
        assert_eq!(median(Comparison::BMinusA), Some(10.0));
        assert_eq!(median(Comparison::ShareOfB), Some(50.0));
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let pairs = [(Some(1.0), None), (Some(1.0), Some(1.0))];
        let row =
            Row::some_pairs("x", Unit::Nanos, pairs).target(Subject::Compared, Limit::AtMost(2.0));
        let table = table(Comparison::BOverA, row);
        assert_eq!(table.score(), (1, 0));
        assert!(table.markdown().contains("| – | – | B ÷ A ≤ 2 × | **not measured** |"));
    }
}
