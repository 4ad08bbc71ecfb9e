//! The comparisons, one table each.

mod chain;
mod floor;
mod parser;
mod saturated;
mod stamp;
mod steady;
mod trace;

use crate::fault::Fault;
use crate::plan::{Part, Plan};
use crate::processes::Python;
use crate::report::Table;

/// Measures one part.
///
/// Errors: [`Fault`] if the part could not be measured to its end.
pub fn run(part: Part, plan: Plan, python: &Python) -> Result<Vec<Table>, Fault> {
    match part {
        Part::Parser => parser::run(plan, python).map(|table| vec![table]),
        Part::Chain => chain::run(plan, python).map(|table| vec![table]),
        Part::Floor => floor::run(plan).map(|table| vec![table]),
        Part::Saturated => saturated::run(plan).map(|table| vec![table]),
        Part::Stamp => stamp::run(plan).map(|table| vec![table]),
        Part::Trace => trace::run(plan),
        Part::Steady => steady::run(plan).map(|table| vec![table]),
    }
}
