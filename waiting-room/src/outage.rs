//! An outage is logged when it begins and when it ends, not at every attempt.

/// Whether something that is tried again and again fails at the moment.
#[derive(Debug)]
pub(crate) struct Outage {
    what: &'static str,
    failing: bool,
}

impl Outage {
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, failing: false }
    }

    pub(crate) fn failed(&mut self, error: &anyhow::Error) {
        if !self.failing {
            tracing::warn!(task = self.what, "Failing, and trying on: {error:#}");
        }
        self.failing = true;
    }

    pub(crate) fn worked(&mut self) {
        if self.failing {
            tracing::info!(task = self.what, "Works again");
        }
        self.failing = false;
    }
}
