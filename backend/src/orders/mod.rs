//! Orders: a cart with names and prices, from checkout to its one end (E4-F5, E4-F8).
//!
//! Owns: `orders`, `order_lines`. Publishes: `order.completed`, `order.refunded` (by the payment that ends it). Invariants:
//! one order per cart (`orders_one_per_cart`), one per key (`orders_one_per_key`); an ended order never opens again.
//! Lock order: order → payment → buyer → identities → seats → ticket.

mod actions;
pub mod http;
mod store;

pub use store::{Line, Order, find_order, list_lines, lock_order, save_end, save_line_seat};
