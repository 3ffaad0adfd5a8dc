//! The keys of this checkout's stacks: made once, kept in `.tribina/secrets.toml`, worth nothing elsewhere.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Keys are 32 random bytes in base64; Stripe's have Stripe's prefixes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) personal_data_key: String,
    pub(crate) blind_index_key: String,
    pub(crate) ticket_signing_key: String,
    pub(crate) tenant_signing_key: String,
    pub(crate) room_signing_key: String,
    pub(crate) stripe_secret_key: String,
    pub(crate) stripe_webhook_secret: String,
}

impl Secrets {
    /// Those of `file`, made now if there are none yet.
    pub(crate) fn load_or_make(file: &Path) -> anyhow::Result<Self> {
        if let Ok(text) = fs::read_to_string(file) {
            let hint = || {
                format!(
                    "{} is damaged: `cargo xtask reset` makes new keys and empty databases",
                    file.display()
                )
            };
            return toml::from_str(&text).with_context(hint);
        }
        let secrets = Self::random();
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut out = options
            .open(file)
            .with_context(|| format!("cannot write {}", file.display()))?;
        std::io::Write::write_all(&mut out, toml::to_string(&secrets)?.as_bytes())?;
        Ok(secrets)
    }

    fn random() -> Self {
        Self {
            personal_data_key: random_key(),
            blind_index_key: random_key(),
            ticket_signing_key: random_key(),
            tenant_signing_key: random_key(),
            room_signing_key: random_key(),
            stripe_secret_key: format!("sk_test_{}", random_word()),
            stripe_webhook_secret: format!("whsec_{}", random_word()),
        }
    }

    /// The public half of the tenant's key, base64: what the waiting room verifies the backend with.
    pub(crate) fn tenant_public_key(&self) -> anyhow::Result<String> {
        let seed = STANDARD.decode(&self.tenant_signing_key)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .ok()
            .context("the tenant's key is not 32 bytes")?;
        Ok(STANDARD.encode(pair.public_key().as_ref()))
    }
}

fn random_key() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}

fn random_word() -> String {
    random_key()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(24)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_read_again() {
        let file = std::env::temp_dir().join(format!("tribina-secrets-{}.toml", std::process::id()));
        let _ = fs::remove_file(&file);

        let made = Secrets::load_or_make(&file).unwrap();
        let read = Secrets::load_or_make(&file).unwrap();

        assert_eq!(made.personal_data_key, read.personal_data_key);
        assert_ne!(made.personal_data_key, made.blind_index_key);
        assert_eq!(
            STANDARD.decode(made.tenant_public_key().unwrap()).unwrap().len(),
            32
        );
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn the_public_key_is_that_of_rfc_8032() {
        let seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
        let secrets = Secrets {
            tenant_signing_key: seed.to_owned(),
            ..Secrets::random()
        };
        assert_eq!(
            secrets.tenant_public_key().unwrap(),
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        );
    }
}
