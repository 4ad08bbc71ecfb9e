//! Faults by name: the real client meets each at a real sandbox, and its user sees exactly this.

mod instruments;
mod login;
mod market_stream;
mod order_stream;
mod orders;
mod page;
mod reads;
mod stage;
