//! Money has a currency and no `+`; rates have a named rounding.
#![deny(clippy::arithmetic_side_effects)]

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Currency {
    /// Euro.
    #[serde(rename = "EUR")]
    Eur,
}

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Currency::Eur => "EUR",
        }
    }

    /// Reads the three letters, in either case.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        code.eq_ignore_ascii_case("EUR").then_some(Currency::Eur)
    }
}

/// An amount with its two digits, as people read it: a NUMERIC column gives back 0 for 0.00.
#[must_use]
pub fn with_cents(mut amount: Decimal) -> Decimal {
    amount.rescale(2);
    amount
}

/// An amount in one currency, in whole cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

/// Why money cannot be what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    /// More than two decimals.
    #[error("an amount has whole cents")]
    Fraction,
    /// Two currencies in one sum.
    #[error("amounts of two currencies cannot be added")]
    Mixed,
    /// Larger than any price can be.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// An amount in whole cents.
    ///
    /// # Errors
    /// [`BadMoney::Fraction`] when it has a part of a cent.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, BadMoney> {
        if amount.round_dp(2) != amount {
            return Err(BadMoney::Fraction);
        }
        Ok(Self {
            amount: with_cents(amount),
            currency,
        })
    }

    /// Nothing.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self {
            amount: Decimal::new(0, 2),
            currency,
        }
    }

    /// The amount, for a NUMERIC column or a decimal string.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The sum, if both are of one currency.
    ///
    /// # Errors
    /// [`BadMoney::Mixed`] or [`BadMoney::TooLarge`].
    pub fn plus(self, other: Money) -> Result<Money, BadMoney> {
        if self.currency != other.currency {
            return Err(BadMoney::Mixed);
        }
        let amount = self.amount.checked_add(other.amount).ok_or(BadMoney::TooLarge)?;
        Ok(Money {
            amount,
            currency: self.currency,
        })
    }

    /// The amount in minor units, as Stripe counts.
    ///
    /// # Errors
    /// [`BadMoney::TooLarge`] beyond 64 bits.
    pub fn cents(&self) -> Result<i64, BadMoney> {
        let cents = self
            .amount
            .checked_mul(Decimal::ONE_HUNDRED)
            .ok_or(BadMoney::TooLarge)?;
        i64::try_from(cents).map_err(|_| BadMoney::TooLarge)
    }

    /// An amount of minor units, as Stripe counts.
    #[must_use]
    pub fn from_cents(cents: i64, currency: Currency) -> Self {
        Self {
            amount: Decimal::new(cents, 2),
            currency,
        }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} {}", self.amount, self.currency.code())
    }
}

/// A percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Decimal);

impl Rate {
    /// So many per cent.
    #[must_use]
    pub fn percent(percent: Decimal) -> Self {
        Self(percent)
    }

    /// This rate of `base`, rounded half away from zero to the cent (decision "Money").
    ///
    /// # Errors
    /// [`BadMoney::TooLarge`].
    pub fn of(self, base: Money) -> Result<Money, BadMoney> {
        let exact = base.amount.checked_mul(self.0).ok_or(BadMoney::TooLarge)?;
        Ok(Money {
            amount: to_cents(divide(exact, Decimal::ONE_HUNDRED)?),
            currency: base.currency,
        })
    }

    /// The tax contained in `gross` at this rate, rounded half away from zero to the cent: prices shown include VAT.
    ///
    /// # Errors
    /// [`BadMoney::TooLarge`].
    pub fn contained_in(self, gross: Money) -> Result<Money, BadMoney> {
        let exact = gross.amount.checked_mul(self.0).ok_or(BadMoney::TooLarge)?;
        let whole = Decimal::ONE_HUNDRED
            .checked_add(self.0)
            .ok_or(BadMoney::TooLarge)?;
        Ok(Money {
            amount: to_cents(divide(exact, whole)?),
            currency: gross.currency,
        })
    }
}

fn divide(dividend: Decimal, divisor: Decimal) -> Result<Decimal, BadMoney> {
    dividend.checked_div(divisor).ok_or(BadMoney::TooLarge)
}

fn to_cents(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(text: &str) -> Money {
        Money::new(text.parse().unwrap(), Currency::Eur).unwrap()
    }

    fn percent(text: &str) -> Rate {
        Rate::percent(text.parse().unwrap())
    }

    #[test]
    fn a_fee_is_rounded_half_away_from_zero() {
        assert_eq!(percent("6").of(eur("40.00")).unwrap(), eur("2.40"));
        assert_eq!(percent("5").of(eur("0.10")).unwrap(), eur("0.01"));
        assert_eq!(percent("5").of(eur("0.30")).unwrap(), eur("0.02"));
    }

    #[test]
    fn vat_is_taken_out_of_the_shown_price() {
        assert_eq!(percent("25").contained_in(eur("2.40")).unwrap(), eur("0.48"));
        assert_eq!(percent("5").contained_in(eur("40.00")).unwrap(), eur("1.90"));
        assert_eq!(percent("0").contained_in(eur("40.00")).unwrap(), eur("0.00"));
    }

    #[test]
    fn a_part_of_a_cent_is_no_money() {
        assert_eq!(
            Money::new("1.005".parse().unwrap(), Currency::Eur),
            Err(BadMoney::Fraction)
        );
    }

    #[test]
    fn cents_survive_the_trip() {
        assert_eq!(eur("42.40").cents().unwrap(), 4240);
        assert_eq!(Money::from_cents(4240, Currency::Eur), eur("42.40"));
    }
}
