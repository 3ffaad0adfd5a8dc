//! `/users/…`.

mod profile;
