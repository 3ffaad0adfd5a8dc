//! What a stack may rely on.

use super::*;

fn state(name: &str) -> PathBuf {
    let state = std::env::temp_dir().join(format!("tribina-fleet-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&state);
    state
}

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("60");
    command
}

#[test]
fn a_second_run_is_refused_while_the_first_lives() {
    let state = state("second");
    let _first = Fleet::take(&state).unwrap();
    assert!(Fleet::take(&state).is_err());
}

#[test]
fn stopping_ends_every_process_and_removes_every_trace() {
    let state = state("stop");
    let mut fleet = Fleet::take(&state).unwrap();
    fleet.launch("one", sleeper(), Stop::OURS).unwrap();
    fleet.launch("two", sleeper(), Stop::POSTGRES).unwrap();
    assert_eq!(listed(&state).iter().filter(|(_, _, alive)| *alive).count(), 3);
    fleet.check().unwrap();

    fleet.stop();

    assert!(listed(&state).is_empty());
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn what_a_killed_run_left_behind_is_ended_by_the_next() {
    let state = state("leftover");
    fs::create_dir_all(state.join("run")).unwrap();
    let mut child = sleeper().spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    PidFile::write(&state.join("run/01-sleeper.pid"), pid, Signal::SIGTERM).unwrap();

    let fleet = Fleet::take(&state).unwrap();

    assert!(child.wait().unwrap().code().is_none(), "ended by a signal");
    drop(fleet);
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn a_pid_that_now_belongs_to_somebody_else_is_left_alone() {
    let state = state("reused");
    fs::create_dir_all(state.join("run")).unwrap();
    let mut child = sleeper().spawn().unwrap();
    fs::write(
        state.join("run/01-sleeper.pid"),
        format!("{}\n1\nSIGTERM\n", child.id()),
    )
    .unwrap();

    drop(Fleet::take(&state).unwrap());

    assert!(child.try_wait().unwrap().is_none(), "still alive");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn a_process_that_ends_by_itself_is_reported_with_its_log() {
    let state = state("dead");
    let mut fleet = Fleet::take(&state).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "echo no such setting; exit 2"]);
    fleet.launch("broken", command, Stop::OURS).unwrap();
    std::thread::sleep(Duration::from_millis(300));

    let message = fleet.check().unwrap_err().to_string();

    assert!(
        message.contains("broken ended by itself") && message.contains("no such setting"),
        "{message}"
    );
    drop(fleet);
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn a_killed_process_is_launched_again_in_its_old_place() {
    let state = state("again");
    let mut fleet = Fleet::take(&state).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo $WORD; exec sleep 60"])
        .env("WORD", "hello");
    fleet.launch("one", command, Stop::OURS).unwrap();
    wait_for_log(&fleet, "hello\n");
    let before = fs::read_to_string(state.join("run/01-one.pid")).unwrap();

    kill(fleet.expect_end("one").unwrap(), Signal::SIGKILL).unwrap();
    assert!(fleet.ended_by_itself().unwrap().is_none(), "its end was expected");
    while !fleet.is_down("one").unwrap() {
        std::thread::sleep(Duration::from_millis(5));
    }
    fleet.launch_again("one").unwrap();

    wait_for_log(&fleet, "hello\n» launched again\nhello\n");
    let after = fs::read_to_string(state.join("run/01-one.pid")).unwrap();
    assert_ne!(before.lines().next(), after.lines().next());
    assert!(
        listed(&state)
            .iter()
            .any(|(name, pid, alive)| name == "one" && after.starts_with(&format!("{pid}\n")) && *alive)
    );
    fleet.stop();
    assert!(listed(&state).is_empty());
    fs::remove_dir_all(state).unwrap();
}

#[test]
fn who_lives_is_not_launched_twice_and_who_is_down_is_not_ended_again() {
    let state = state("twice");
    let mut fleet = Fleet::take(&state).unwrap();
    fleet.launch("one", sleeper(), Stop::OURS).unwrap();
    assert!(fleet.launch_again("one").is_err());
    assert!(fleet.launch_again("two").is_err());
    kill(fleet.expect_end("one").unwrap(), Signal::SIGKILL).unwrap();
    while !fleet.is_down("one").unwrap() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(fleet.expect_end("one").is_err());
    drop(fleet);
    fs::remove_dir_all(state).unwrap();
}

fn wait_for_log(fleet: &Fleet, wanted: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while fs::read_to_string(fleet.log_of("one")).unwrap() != wanted {
        assert!(Instant::now() < deadline, "the log never said {wanted:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
