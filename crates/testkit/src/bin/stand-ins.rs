//! Runs the stand-ins of a development stack in one process: identity provider, Stripe, mail sink, balancers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use platform::settings::BadSettings;
use platform::tasks::{Tasks, stop_signal};
use platform::telemetry::{self, LogFormat};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use testkit::{balancer, identity, mail_sink, stripe};

/// The world around a development stack: an OpenID provider, a Stripe, a mail server, and what stands before several nodes,
/// all in memory, all local.
///
/// Try it:
///   curl -d 'grant_type=password&username=ana' http://IDENTITY/token
///   curl -u sk_test_…: is not needed; Stripe's routes take `Authorization: Bearer <secret key>`
///   curl http://STRIPE/stand-in/ledger
///   open http://MAIL_HTTP/ in a browser to read what was sent
#[derive(Debug, Parser)]
#[command(name = "stand-ins", verbatim_doc_comment)]
struct Arguments {
    /// TOML file with the settings: identity_listen, stripe_listen, smtp_listen, mail_http_listen, audience,
    /// stripe_secret_key, stripe_webhook_secret, stripe_webhook_url; optional: stripe_webhook_delay_ms,
    /// stripe_answer_delay_ms, log_format (text or json), [stripe_webhook_mischief] with seed and, per thousand webhooks, duplicated,
    /// delayed, reordered and lost, [[balancers]] with listen and nodes. The environment (STAND_INS_AUDIENCE, …) overrides it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    identity_listen: SocketAddr,
    stripe_listen: SocketAddr,
    smtp_listen: SocketAddr,
    mail_http_listen: SocketAddr,
    audience: String,
    #[serde(default = "default_staff_audience")]
    staff_audience: String,
    stripe_secret_key: SecretString,
    stripe_webhook_secret: SecretString,
    stripe_webhook_url: String,
    /// How long after a change its webhook is first sent, milliseconds.
    #[serde(default = "default_webhook_delay_ms")]
    stripe_webhook_delay_ms: u64,
    /// What goes wrong with webhooks: nothing, unless asked for.
    #[serde(default)]
    stripe_webhook_mischief: stripe::Mischief,
    /// How long each call to Stripe takes at least, milliseconds.
    #[serde(default)]
    stripe_answer_delay_ms: u64,
    #[serde(default)]
    log_format: LogFormat,
    /// Each stands before the nodes of one service.
    #[serde(default)]
    balancers: Vec<balancer::Settings>,
}

/// Real webhooks trail their change a little.
/// The backend's own default.
fn default_staff_audience() -> String {
    "tribina-staff".to_owned()
}

fn default_webhook_delay_ms() -> u64 {
    50
}

/// A setting is wrong: the process did not start.
const EXIT_BAD_SETTINGS: u8 = 2;

/// Time that everything gets to stop.
const STOP_LIMIT: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stand-ins: {error:#}");
            if error.is::<BadSettings>() {
                ExitCode::from(EXIT_BAD_SETTINGS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

impl Settings {
    fn load(file: Option<&Path>) -> Result<Self, BadSettings> {
        let settings: Self = platform::settings::load_flat(file, "STAND_INS_")?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), BadSettings> {
        let bearer = self.stripe_secret_key.expose_secret();
        let webhook = self.stripe_webhook_secret.expose_secret();
        for (setting, value, wanted) in [
            ("audience", self.audience.as_str(), "the `aud` of fans' tokens"),
            (
                "staff_audience",
                self.staff_audience.as_str(),
                "the `aud` of staff's tokens",
            ),
            ("stripe_secret_key", bearer, "what callers show as bearer token"),
            ("stripe_webhook_secret", webhook, "what webhooks are signed with"),
        ] {
            if value.trim().is_empty() {
                return Err(BadSettings::new(setting, "empty", wanted));
            }
        }
        let url = &self.stripe_webhook_url;
        let host = url.strip_prefix("http://").or(url.strip_prefix("https://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            let shown = format!("`{url}`");
            return Err(BadSettings::new(
                "stripe_webhook_url",
                &shown,
                "an http:// or https:// URL",
            ));
        }
        if !self.stripe_webhook_mischief.is_possible() {
            return Err(BadSettings::new(
                "stripe_webhook_mischief",
                "impossible",
                "shares of at most 1000 in all, and ranges whose first end is the smaller one",
            ));
        }
        Ok(())
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let settings = Settings::load(arguments.config.as_deref())?;
    telemetry::init(settings.log_format);
    let tasks = Tasks::new();
    let identity_settings = identity::Settings {
        listen: settings.identity_listen,
        audience: settings.audience.clone(),
        staff_audience: settings.staff_audience.clone(),
    };
    let mail_settings = mail_sink::Settings {
        smtp_listen: settings.smtp_listen,
        http_listen: settings.mail_http_listen,
    };

    for balancer in settings.balancers.clone() {
        balancer::start(&tasks, balancer).await?;
    }
    let identity = identity::start(&tasks, identity_settings)?;
    let stripe = stripe::start(&tasks, stripe_settings(settings))?;
    let mail = mail_sink::start(&tasks, mail_settings).await?;
    tracing::info!("Identity at {}", identity.base_url());
    tracing::info!("Stripe at {}", stripe.base_url());
    tracing::info!("Mail at {}, SMTP at {}", mail.base_url(), mail.smtp_url());

    stop_signal().await;
    tracing::info!("Stopping");
    if !tasks.shutdown(STOP_LIMIT).await {
        tracing::warn!("Some tasks did not end in time");
    }
    Ok(())
}

fn stripe_settings(settings: Settings) -> stripe::Settings {
    stripe::Settings {
        listen: settings.stripe_listen,
        secret_key: settings.stripe_secret_key,
        webhook_secret: settings.stripe_webhook_secret,
        webhook_url: Some(settings.stripe_webhook_url),
        webhook_mischief: settings.stripe_webhook_mischief,
        webhook_delay: Duration::from_millis(settings.stripe_webhook_delay_ms),
        answer_delay: Duration::from_millis(settings.stripe_answer_delay_ms),
    }
}
