//! People: the documents that identify them, and what a ticketing profile must hold (E1).

use chrono::NaiveDate;

/// A Croatian personal id: 11 digits with a valid check digit (ISO 7064 MOD 11-10, E1-F5). Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Oib(String);

impl std::fmt::Debug for Oib {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Oib(…)")
    }
}

/// Why a text is no OIB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOib {
    /// Not 11 characters.
    #[error("an OIB has 11 digits")]
    Length,
    /// Something else than a digit.
    #[error("an OIB has digits only")]
    NotDigits,
    /// The check digit does not fit.
    #[error("the check digit of the OIB is wrong")]
    CheckDigit,
}

impl Oib {
    /// Checks length, digits and check digit.
    ///
    /// # Errors
    /// [`BadOib`], by what is wrong.
    pub fn parse(text: &str) -> Result<Self, BadOib> {
        if text.chars().count() != 11 {
            return Err(BadOib::Length);
        }
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
        let digits = digits.ok_or(BadOib::NotDigits)?;
        let (body, check) = digits.split_at(10);
        let remainder = body.iter().fold(10, |carry, digit| {
            let sum = (carry + digit) % 10;
            (if sum == 0 { 10 } else { sum }) * 2 % 11
        });
        let expected = (11 - remainder) % 10;
        if check.first() != Some(&expected) {
            return Err(BadOib::CheckDigit);
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits: only to encrypt or to index.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What a passport number may be: 5 to 20 letters and digits, upper case. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PassportNumber(String);

impl std::fmt::Debug for PassportNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassportNumber(…)")
    }
}

impl PassportNumber {
    /// Drops spaces, upper-cases, checks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_uppercase();
        let fits = (5..=20).contains(&number.len()) && number.chars().all(|c| c.is_ascii_alphanumeric());
        fits.then_some(Self(number))
    }
}

/// Which document identifies a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "document_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentKind {
    /// Croatian personal id.
    Oib,
    /// Any other country's passport.
    Passport,
}

/// The document that identifies a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Croatian personal id.
    Oib(Oib),
    /// Any other country's passport, with the nationality that issued it.
    Passport(PassportNumber, Nationality),
}

impl Document {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> DocumentKind {
        match self {
            Document::Oib(_) => DocumentKind::Oib,
            Document::Passport(..) => DocumentKind::Passport,
        }
    }

    /// The number: only to encrypt.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Document::Oib(oib) => &oib.0,
            Document::Passport(number, _) => &number.0,
        }
    }

    /// What the blind index is taken of: two documents are the same person's if and only if this is the same.
    #[must_use]
    pub fn index_text(&self) -> String {
        match self {
            Document::Oib(oib) => format!("OIB:{}", oib.0),
            Document::Passport(number, country) => format!("PASSPORT:{}:{}", country.0, number.0),
        }
    }
}

/// ISO 3166-1 alpha-2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nationality(String);

impl Nationality {
    /// Two letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic());
        fits.then(|| Self(text.to_uppercase()))
    }

    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }
}

/// A full name: 2 to 120 characters, at least one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullName(String);

impl FullName {
    /// Trims and checks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let fits = (2..=120).contains(&name.chars().count())
            && name.chars().any(char::is_alphabetic)
            && !name.chars().any(char::is_control);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address that mail can be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// One `@`, something on both sides, a dot in the domain, at most 254 characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.trim();
        let (local, domain) = address.split_once('@')?;
        let fits = address.len() <= 254
            && !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && address
                .chars()
                .all(|c| c.is_ascii_graphic() && !"<>,;:\"()".contains(c))
            && !domain.contains('@');
        fits.then(|| Self(address.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whose push service reaches a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "push_platform", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PushPlatform {
    /// Firebase.
    Android,
    /// Apple's.
    Ios,
}

/// Who sits on a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// As in the document.
    pub name: FullName,
    /// For the age rules.
    pub born: NaiveDate,
    /// Citizenship.
    pub nationality: Nationality,
    /// What identifies them.
    pub document: Document,
    /// Where the ticket goes; none for minors.
    pub email: Option<Email>,
}

/// Born in the future or more than 130 years ago is nobody's date of birth.
#[must_use]
pub fn is_plausible_birth(born: NaiveDate, today: NaiveDate) -> bool {
    born <= today && today.years_since(born).is_some_and(|years| years <= 130)
}

/// Under 18 on `today`: gets no mail of their own (E4-F5).
#[must_use]
pub fn is_minor(born: NaiveDate, today: NaiveDate) -> bool {
    today.years_since(born).is_none_or(|years| years < 18)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_valid_oib_is_accepted() {
        assert!(Oib::parse("94577403194").is_ok());
        assert!(Oib::parse("33392005961").is_ok());
    }

    #[test]
    fn an_oib_is_refused_by_what_is_wrong() {
        assert_eq!(Oib::parse("9457740319"), Err(BadOib::Length));
        assert_eq!(Oib::parse("9457740319x"), Err(BadOib::NotDigits));
        assert_eq!(Oib::parse("94577403195"), Err(BadOib::CheckDigit));
    }

    proptest! {
        #[test]
        fn any_single_wrong_digit_is_noticed(position in 0_usize..11, shift in 1_u32..10) {
            let mut digits: Vec<u32> = "94577403194".chars().filter_map(|c| c.to_digit(10)).collect();
            digits[position] = (digits[position] + shift) % 10;
            let text: String = digits.iter().map(ToString::to_string).collect();
            prop_assert_eq!(Oib::parse(&text), Err(BadOib::CheckDigit));
        }
    }

    #[test]
    fn a_document_is_never_printed() {
        assert!(!format!("{:?}", Oib::parse("94577403194")).contains("9457"));
    }

    #[test]
    fn the_same_passport_number_of_two_countries_is_two_people() {
        let passport = |country: &str| {
            let number = PassportNumber::parse("ab 123456").unwrap();
            Document::Passport(number, Nationality::parse(country).unwrap()).index_text()
        };
        assert_ne!(passport("SI"), passport("AT"));
    }

    #[test]
    fn an_address_needs_both_sides() {
        assert!(Email::parse("ana@example.hr").is_some());
        for bad in [
            "ana",
            "@example.hr",
            "ana@hr",
            "ana@b@c.hr",
            "a na@example.hr",
            "ana@example.hr\r\nBcc: x@y.z",
        ] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_eighteenth_birthday_ends_minority() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(is_minor(day("2008-11-22"), day("2026-11-21")));
        assert!(!is_minor(day("2008-11-21"), day("2026-11-21")));
    }
}
