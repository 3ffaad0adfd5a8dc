//! Use cases of payments, one file each.

mod apply;
mod cancel;
mod close;
mod fulfil;
mod receive;
mod refund;
mod release;
mod return_order;
mod start;

pub use apply::apply_gateway_event;
pub use cancel::cancel;
pub use close::close_order;
pub use receive::{ReceiveRefused, receive};
pub use refund::{end_session, refund};
pub use return_order::return_order;
pub use start::{Started, start};
