//! `/orders/…`.

mod cancellation;
mod late_payment;
mod payment;
mod read;
mod refund;
