//! People as requests name them.

use chrono::NaiveDate;
use domain::Timestamp;
use domain::matches::day_in_zagreb;
use domain::users::{
    Document, Email, FullName, Holder, Nationality, Oib, PassportNumber, is_minor, is_plausible_birth,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who sits on a seat: an OIB or a passport, not both.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderBody {
    /// As in the document.
    pub full_name: String,
    /// `1990-01-31`.
    pub date_of_birth: NaiveDate,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "HR")]
    pub nationality: String,
    /// 11 digits with a valid check digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oib: Option<String>,
    /// 5 to 20 letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passport: Option<String>,
    /// Where the ticket goes; none for minors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl HolderBody {
    /// Who it is.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn parse(&self, now: Timestamp) -> Result<Holder, &'static str> {
        let today = day_in_zagreb(now);
        let name = FullName::parse(&self.full_name).ok_or("full_name must have 2 to 120 characters")?;
        let nationality =
            Nationality::parse(&self.nationality).ok_or("nationality must be a two-letter country code")?;
        if !is_plausible_birth(self.date_of_birth, today) {
            return Err("date_of_birth is not plausible");
        }
        let document = match (&self.oib, &self.passport) {
            (Some(oib), None) => Document::Oib(
                Oib::parse(oib.trim()).map_err(|_| "oib must be 11 digits with a valid check digit")?,
            ),
            (None, Some(number)) => {
                let number =
                    PassportNumber::parse(number).ok_or("passport must have 5 to 20 letters and digits")?;
                Document::Passport(number, nationality.clone())
            }
            (None, None) | (Some(_), Some(_)) => return Err("give either oib or passport"),
        };
        let email = match &self.email {
            None => None,
            Some(_) if is_minor(self.date_of_birth, today) => {
                return Err("a minor gets no mail of their own");
            }
            Some(email) => Some(Email::parse(email).ok_or("email must be an address")?),
        };
        Ok(Holder {
            name,
            born: self.date_of_birth,
            nationality,
            document,
            email,
        })
    }
}
