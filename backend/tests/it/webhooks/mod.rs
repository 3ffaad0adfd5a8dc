//! `/webhooks/…`.

mod stripe;
