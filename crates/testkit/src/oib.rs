//! Valid OIBs (Croatian personal ids: 10 digits and a check digit by ISO 7064 MOD 11-10) for test people.

use rand::{Rng, RngExt};

/// Ten digits make ten thousand million people.
const BODIES: u64 = 10_000_000_000;

/// A random valid OIB.
pub fn random(rng: &mut impl Rng) -> String {
    from_number(rng.random_range(0..BODIES))
}

/// The OIB whose first ten digits are `number` (its last ten digits, zero-padded).
#[must_use]
pub fn from_number(number: u64) -> String {
    let body = format!("{:010}", number % BODIES);
    let check = check_digit(&body);
    format!("{body}{check}")
}

fn check_digit(body: &str) -> u32 {
    let remainder = body
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .fold(10, |carry, digit| {
            let sum = (carry + digit) % 10;
            (if sum == 0 { 10 } else { sum }) * 2 % 11
        });
    (11 - remainder) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_published_examples() {
        for published in ["94577403194", "12345678903", "33392005961"] {
            let number = published[..10].parse().unwrap();
            assert_eq!(from_number(number), published);
        }
    }

    #[test]
    fn random_ones_have_eleven_digits() {
        let mut rng = rand::rng();
        for _ in 0..1000 {
            let oib = random(&mut rng);
            assert!(
                oib.len() == 11 && oib.chars().all(|digit| digit.is_ascii_digit()),
                "{oib}"
            );
        }
    }
}
