//! The scripts, each behind the common prelude.

use fred::types::scripts::Script;

use crate::sabotage;

pub(super) struct Scripts {
    pub(super) configure: Script,
    pub(super) join: Script,
    pub(super) find: Script,
    pub(super) finish: Script,
    pub(super) tick: Script,
    pub(super) admit: Script,
    pub(super) close: Script,
    pub(super) facts: Script,
    pub(super) health: Script,
    pub(super) touch: Script,
    pub(super) snapshot: Script,
    pub(super) release: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            configure: founding(include_str!("lua/configure.lua")),
            join: script(include_str!("lua/join.lua")),
            find: script(include_str!("lua/find.lua")),
            finish: script(include_str!("lua/finish.lua")),
            tick: script(include_str!("lua/tick.lua")),
            admit: script(include_str!("lua/admit.lua")),
            close: script(include_str!("lua/close.lua")),
            facts: script(include_str!("lua/facts.lua")),
            health: script(include_str!("lua/health.lua")),
            touch: script(include_str!("lua/touch.lua")),
            snapshot: script(include_str!("lua/snapshot.lua")),
            release: script(include_str!("lua/release.lua")),
        }
    }
}

fn founding(body: &str) -> Script {
    let body = sabotage::script(body);
    Script::from_lua(format!("{}\n{body}", include_str!("lua/prelude.lua")))
}

fn script(body: &str) -> Script {
    founding(&format!("{}\n{body}", include_str!("lua/founded.lua")))
}
