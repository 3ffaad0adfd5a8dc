//! `backend admin … --help`.

use super::Done;
use crate::world::World;

/// Commands that only look.
const LOOKS: [&str; 3] = ["list", "show", "export"];

/// The commands that a help names.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let own = names.filter(|name| !name.is_empty() && *name != "help");
    own.map(str::to_owned).collect()
}

/// Every command below `admin {of}` that does something, with its help.
async fn leaves(world: &World, of: &str) -> Vec<(String, String)> {
    let mut open = vec![of.to_owned()];
    let mut leaves = Vec::new();
    while let Some(name) = open.pop() {
        let words: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        let Done { code, printed, .. } = world.admin(&words).await;
        assert_eq!(code, Some(0), "{name}");
        let below = commands(&printed);
        if below.is_empty() {
            leaves.push((name, printed));
        } else {
            open.extend(below.iter().map(|below| format!("{name} {below}")));
        }
    }
    leaves
}

#[tokio::test]
async fn every_command_teaches_and_whatever_changes_something_can_be_tried_first() {
    let world = World::start().await;
    let (mut walked, mut silent) = (Vec::new(), Vec::new());
    for group in ["stadium", "match", "blacklist", "loyalty", "staff"] {
        for (name, help) in leaves(&world, group).await {
            let looks = LOOKS.contains(&name.rsplit(' ').next().unwrap());
            let wanted: &[&str] = if looks {
                &["Usage: backend admin "]
            } else {
                &["Usage: backend admin ", "--dry-run", "Example"]
            };
            let lacks = wanted.iter().filter(|wanted| !help.contains(**wanted));
            silent.extend(lacks.map(|wanted| format!("{name}: {wanted}")));
            walked.push(name);
        }
    }
    assert_eq!(silent, Vec::<String>::new());
    for name in [
        "stadium import",
        "match create",
        "match publish",
        "match phase open",
        "match call-off approve",
        "blacklist import",
        "loyalty import",
        "staff grant",
    ] {
        assert!(walked.iter().any(|it| it == name), "{name}: {walked:?}");
    }
    world.stop().await;
}
