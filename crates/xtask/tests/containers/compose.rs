//! `docker-compose.yml`.

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::dockerfile::{self, Dockerfile};
use crate::{Findings, committed_compose, is_pinned, is_root, root, text_of};

/// `fixtures/README.md` says where it is from.
const SCHEMA: &str = include_str!("fixtures/compose-spec.json");
/// Services that nobody asks for their health, and why. Those that others wait for to end need none.
const WITHOUT_HEALTH: [(&str, &str); 1] = [(
    "backend-work",
    "it listens nowhere; what it did not do shows in the database",
)];
/// Services that run as root, and why: only once, and without a network.
const AS_ROOT: [(&str, &str); 1] = [(
    "nats-volume",
    "a named volume belongs to root until somebody gives it away",
)];

fn schema_complaint(compose: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    compiler.add_resource("compose-spec.json", schema).unwrap();
    let compiled = compiler.compile("compose-spec.json", &mut schemas).unwrap();
    schemas
        .validate(compose, compiled)
        .err()
        .map(|error| format!("{error:#}"))
}

/// Everything that a service names and that must be there.
fn findings(compose: &Value, dockerfile: &Dockerfile) -> Findings {
    let mut findings = Findings::new();
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        let said = [
            image(service, dockerfile),
            user(name, service, compose, dockerfile),
            health(name, service, compose),
            neighbours(service, compose),
            references(service, compose),
            mounts(service),
        ];
        findings.extend(
            said.concat()
                .into_iter()
                .map(|finding| format!("{name}: {finding}")),
        );
    }
    for kind in ["configs", "secrets", "volumes"] {
        let used: BTreeSet<String> = services
            .values()
            .flat_map(|service| named(service, kind))
            .collect();
        let defined = keys(&compose[kind]);
        findings.extend(
            defined
                .difference(&used)
                .map(|name| format!("{kind}: nobody uses {name}")),
        );
    }
    findings
}

fn keys(object: &Value) -> BTreeSet<String> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.clone())
        .collect()
}

fn image(service: &Value, dockerfile: &Dockerfile) -> Findings {
    let image = service["image"].as_str().unwrap_or_default();
    let Some(build) = service.get("build") else {
        return (!is_pinned(image))
            .then(|| format!("its image `{image}` names no release"))
            .into_iter()
            .collect();
    };
    let mut findings = Findings::new();
    if build["context"] != "." || build.get("dockerfile").is_some() {
        findings.push("it is built from elsewhere than this checkout's Dockerfile".to_owned());
    }
    let target = build["target"].as_str().unwrap_or_default();
    if dockerfile.stage(target).is_none() {
        findings.push(format!(
            "it is built to `{target}`, which is no stage of the Dockerfile"
        ));
    }
    findings
}

fn user(name: &str, service: &Value, compose: &Value, dockerfile: &Dockerfile) -> Findings {
    let built = service["build"]["target"]
        .as_str()
        .and_then(|target| dockerfile.user_of(target));
    let user = service["user"].as_str().map(str::to_owned).or(built);
    let is_excepted = AS_ROOT.iter().any(|(excepted, _)| *excepted == name);
    match user {
        None => vec!["it says no `user`, so it may be root".to_owned()],
        Some(user) if is_root(&user) && !is_excepted => vec!["it runs as root".to_owned()],
        Some(user) if is_root(&user) && !(runs_once(name, compose) && service["network_mode"] == "none") => {
            vec!["whoever is root runs once and without a network".to_owned()]
        }
        Some(_) => Findings::new(),
    }
}

fn runs_once(name: &str, compose: &Value) -> bool {
    let services = compose["services"].as_object().unwrap();
    let mut waiting = services
        .values()
        .filter_map(|service| service["depends_on"].get(name));
    waiting.any(|waited| waited["condition"] == "service_completed_successfully")
}

fn has_health(service: &Value) -> bool {
    service["healthcheck"].get("test").is_some() && service["healthcheck"]["disable"] != true
}

fn health(name: &str, service: &Value, compose: &Value) -> Findings {
    let is_excepted = WITHOUT_HEALTH.iter().any(|(excepted, _)| *excepted == name);
    if has_health(service) || runs_once(name, compose) || is_excepted {
        return Findings::new();
    }
    vec!["it has no health check, and nothing says why".to_owned()]
}

fn neighbours(service: &Value, compose: &Value) -> Findings {
    let mut findings = Findings::new();
    for (other, waited) in service["depends_on"].as_object().into_iter().flatten() {
        let neighbour = &compose["services"][other];
        if neighbour.is_null() {
            findings.push(format!("it depends on {other}, which is no service"));
        } else if waited["condition"] == "service_healthy" && !has_health(neighbour) {
            findings.push(format!("it waits for the health of {other}, which has no check"));
        }
    }
    findings
}

/// What a service takes of a kind (`configs`, `secrets`, `volumes`) by name.
fn named(service: &Value, kind: &str) -> Vec<String> {
    let entries = service[kind].as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry["source"].as_str().or(entry.as_str()))
        .map(|entry| entry.split(':').next().unwrap_or(entry))
        .filter(|source| !source.starts_with(['.', '/']))
        .map(str::to_owned)
        .collect()
}

fn references(service: &Value, compose: &Value) -> Findings {
    let mut findings = Findings::new();
    for kind in ["configs", "secrets", "volumes"] {
        let defined = keys(&compose[kind]);
        let unknown = named(service, kind)
            .into_iter()
            .filter(|name| !defined.contains(name));
        findings.extend(unknown.map(|name| format!("{name} is not defined under `{kind}`")));
    }
    findings
}

fn mounts(service: &Value) -> Findings {
    let volumes = service["volumes"].as_array().into_iter().flatten();
    volumes
        .filter_map(Value::as_str)
        .filter_map(|volume| volume.split(':').next())
        .filter(|source| source.starts_with('.') && !root().join(source).exists())
        .map(|source| format!("it mounts {source}, which does not exist"))
        .collect()
}

/// `${NAME:?…}`: what must be set, or nothing starts.
fn wanted_variables(text: &str) -> BTreeSet<String> {
    let wanted = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    wanted
        .filter_map(|(inside, _)| inside.split_once(":?"))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn the_committed_file_keeps_to_the_official_schema() {
    assert_eq!(schema_complaint(&committed_compose()), None);
}

#[test]
fn what_compose_would_refuse_is_refused() {
    for (service, key, value) in [
        ("nats", "imagine", json!("nats:2")),
        ("nats", "healthcheck", json!({ "tests": ["CMD", "true"] })),
        (
            "nats",
            "depends_on",
            json!({ "postgres": { "condition": "service_is_well" } }),
        ),
        ("nats", "ports", json!({ "8080": 8080 })),
        ("nats", "configs", json!([{ "sauce": "routes" }])),
    ] {
        let mut compose = committed_compose();
        compose["services"][service][key] = value;
        let complaint = schema_complaint(&compose).unwrap_or_else(|| panic!("`{key}` was not refused"));
        assert!(complaint.contains(&format!("/services/{service}")), "{complaint}");
    }
}

#[test]
fn everything_the_committed_file_names_is_there() {
    assert_eq!(
        findings(&committed_compose(), &dockerfile::committed()),
        Findings::new()
    );
}

#[test]
fn each_fault_is_named() {
    let faults = [
        ("nats", "image", json!("nats:latest"), "names no release"),
        ("nats", "user", json!("0:0"), "runs as root"),
        ("nats", "user", Value::Null, "no `user`"),
        (
            "nats-volume",
            "network_mode",
            json!("bridge"),
            "without a network",
        ),
        (
            "traefik",
            "healthcheck",
            json!({ "disable": true }),
            "no health check",
        ),
        ("nats", "healthcheck", Value::Null, "waits for the health of nats"),
        (
            "backend",
            "depends_on",
            json!({ "oracle": {} }),
            "oracle, which is no service",
        ),
        (
            "backend",
            "build",
            json!({ "context": ".", "target": "front" }),
            "no stage",
        ),
        (
            "backend",
            "build",
            json!({ "context": "..", "target": "backend" }),
            "from elsewhere",
        ),
        (
            "traefik",
            "configs",
            json!([{ "source": "ways", "target": "/x" }]),
            "ways is not defined",
        ),
        ("traefik", "configs", json!([]), "nobody uses routes"),
        (
            "nats",
            "volumes",
            json!(["nats:/data", "./nats/gone.conf:/x:ro"]),
            "./nats/gone.conf",
        ),
        ("nats", "secrets", json!(["key"]), "key is not defined"),
    ];
    for (service, key, value, wanted) in faults {
        let mut compose = committed_compose();
        compose["services"][service][key] = value;
        let found = findings(&compose, &dockerfile::committed());
        assert!(
            found.iter().any(|finding| finding.contains(wanted)),
            "{wanted}: {found:?}"
        );
    }
}

#[test]
fn who_is_excepted_is_there() {
    let services = keys(&committed_compose()["services"]);
    for (name, reason) in WITHOUT_HEALTH.into_iter().chain(AS_ROOT) {
        assert!(services.contains(name), "{name} ({reason})");
    }
}

#[test]
fn what_must_be_set_is_in_the_example() {
    let example = text_of("compose.env.example");
    let offered: BTreeSet<String> = example
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect();
    let wanted = wanted_variables(&text_of("docker-compose.yml"));
    assert!(wanted.len() > 5, "{wanted:?}");
    assert_eq!(
        wanted.difference(&offered).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}
