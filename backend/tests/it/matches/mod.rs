//! `/matches/…`.

mod cart;
mod cart_races;
mod checkout;
mod checkout_holders;
mod join_grant;
mod stock;
mod zones;
