//! Personal document numbers: encrypted from the first row, compared by a keyed blind index, never in the clear.

use aes_gcm_siv::aead::{Aead, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::users::Document;
use hmac::{Hmac, Mac};
use platform::settings::BadSettings;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::settings::Secrets;

/// Bytes of an AES-GCM-SIV nonce, stored before the ciphertext.
const NONCE_BYTES: usize = 12;

/// What two rows compare instead of a document number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(pub Vec<u8>);

/// Encrypts and indexes document numbers with keys that the database never sees.
pub struct PersonalData {
    cipher: Aes256GcmSiv,
    index: Hmac<Sha256>,
}

impl std::fmt::Debug for PersonalData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalData(…)")
    }
}

impl PersonalData {
    /// Reads both keys.
    ///
    /// # Errors
    /// [`BadSettings`] when one is not 32 bytes of base64.
    pub fn new(secrets: &Secrets) -> Result<Self, BadSettings> {
        let encryption = key("secrets.personal_data_key", &secrets.personal_data_key)?;
        let index = key("secrets.blind_index_key", &secrets.blind_index_key)?;
        Ok(Self {
            cipher: Aes256GcmSiv::new(&encryption.into()),
            index: <Hmac<Sha256> as KeyInit>::new_from_slice(&index).map_err(|_| {
                BadSettings::new(
                    "secrets.blind_index_key",
                    "not a key",
                    "32 random bytes in base64",
                )
            })?,
        })
    }

    /// Nonce and ciphertext of a document number. `nonce` must be fresh randomness; should it ever repeat, the cipher
    /// (SIV) still reveals no more than equality.
    ///
    /// # Errors
    /// Never for numbers of sane length.
    pub fn encrypt(&self, document: &Document, nonce: [u8; NONCE_BYTES]) -> anyhow::Result<Vec<u8>> {
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), document.expose().as_bytes())
            .map_err(|_| anyhow::anyhow!("a document number cannot be encrypted"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The document number of a stored value.
    ///
    /// # Errors
    /// When the value was not encrypted with this key, or was changed.
    pub fn decrypt(&self, stored: &[u8]) -> anyhow::Result<String> {
        let broken = || anyhow::anyhow!("a stored document number cannot be decrypted");
        let (nonce, sealed) = stored.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| broken())?;
        let clear = self
            .cipher
            .decrypt(&Nonce::from(nonce), sealed)
            .map_err(|_| broken())?;
        String::from_utf8(clear).map_err(|_| broken())
    }

    /// The blind index: the same for the same person's document, meaningless without the key.
    #[must_use]
    pub fn identity(&self, document: &Document) -> Identity {
        let mut index = self.index.clone();
        index.update(document.index_text().as_bytes());
        Identity(index.finalize().into_bytes().to_vec())
    }

    /// Tells whether two requests said the same, and nothing else: what is said of a person could be guessed from a plain
    /// hash.
    #[must_use]
    pub fn request_hash(&self, said: &[u8]) -> Vec<u8> {
        let mut hash = self.index.clone();
        // No document number begins so.
        hash.update(b"request:");
        hash.update(said);
        hash.finalize().into_bytes().to_vec()
    }
}

fn key(name: &str, secret: &SecretString) -> Result<[u8; 32], BadSettings> {
    STANDARD
        .decode(secret.expose_secret().trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| BadSettings::new(name, "not a key", "32 random bytes in base64"))
}

#[cfg(test)]
mod tests {
    use domain::users::Oib;
    use sha2::Digest;

    use super::*;

    fn personal_data(byte: u8) -> PersonalData {
        let key = || SecretString::from(STANDARD.encode([byte; 32]));
        PersonalData::new(&Secrets {
            personal_data_key: key(),
            blind_index_key: key(),
            ticket_signing_key: key(),
        })
        .unwrap()
    }

    fn document() -> Document {
        Document::Oib(Oib::parse("94577403194").unwrap())
    }

    #[test]
    fn a_number_comes_back_only_with_its_key_and_unchanged() {
        let mut stored = personal_data(1).encrypt(&document(), [7; 12]).unwrap();
        assert_eq!(personal_data(1).decrypt(&stored).unwrap(), "94577403194");
        assert!(personal_data(2).decrypt(&stored).is_err());
        stored[20] ^= 1;
        assert!(personal_data(1).decrypt(&stored).is_err());
        assert!(personal_data(1).decrypt(&[1, 2]).is_err());
    }

    #[test]
    fn the_stored_value_does_not_show_the_number() {
        let stored = personal_data(1).encrypt(&document(), [7; 12]).unwrap();
        assert!(!stored.windows(5).any(|part| part == b"94577"));
    }

    #[test]
    fn what_was_said_cannot_be_guessed_without_the_key() {
        let said = br#"{"oib":"94577403194"}"#;
        assert_eq!(
            personal_data(1).request_hash(said),
            personal_data(1).request_hash(said)
        );
        assert_ne!(
            personal_data(1).request_hash(said),
            personal_data(2).request_hash(said)
        );
        assert_ne!(personal_data(1).request_hash(said), Sha256::digest(said).to_vec());
        let number = document();
        assert_ne!(
            personal_data(1).request_hash(number.index_text().as_bytes()),
            personal_data(1).identity(&number).0
        );
    }

    #[test]
    fn an_index_is_stable_under_one_key_only() {
        assert_eq!(
            personal_data(1).identity(&document()),
            personal_data(1).identity(&document())
        );
        assert_ne!(
            personal_data(1).identity(&document()),
            personal_data(2).identity(&document())
        );
    }
}
