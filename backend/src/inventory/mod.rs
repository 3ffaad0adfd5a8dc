//! Seats: who holds which, until when. **Here a seat could be sold twice; this is what prevents it:**
//!
//! 1. `locking::lock_free_seats`: a free seat is taken only under its row lock (`FOR NO KEY UPDATE SKIP LOCKED`), and only if
//!    no live lock is on it. Two lanes, two processes: one of them gets the row, the other one does not see it.
//! 2. `match_buyers`: the buyer's row is locked first, so that 500 parallel requests of one account share one allowance.
//! 3. `seats::lock_for_sale`, at payment: the seats are locked and must still be the order's, or free.
//! 4. `tickets_one_live_per_seat`: whatever the code above does, Postgres refuses a second live ticket.
//!
//! Owns: `match_seat_inventory`, `carts`, `match_buyers`, `match_identities`. Publishes: nothing: holds are not business
//! facts. Invariants: `double_sold`, `over_limit_buyers`, `duplicate_holders`, `false_sold_out`. Lock order: buyer → identities →
//! seats; only lanes, and a late payment that looks for equal seats, lock seats in snake order, and only with SKIP LOCKED.

pub mod actions;
pub mod buyers;
mod claim;
mod giving;
pub mod http;
pub mod identities;
mod labels;
mod lane;
pub mod lanes;
mod locking;
mod prospects;
pub mod seats;
mod start;
mod store;
mod writes;

pub use seats::{Stock, count_stock};
pub use store::{Cart, CartEnd, SeatLabel, end_cart, find_cart, list_labels, save_cart_until};
