//! Tests of the saved session: who may use it, and what damage does.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

fn file_in(folder: &Path) -> SessionFile {
    SessionFile::new(&StateFolder::at(folder.join("state")), "host:1".into(), "A1".into())
}

fn tokens() -> SessionTokens {
    let wire = Tokens {
        jwt: "Bearer jwt1".into(),
        refresh: "refresh1".into(),
        feed: "feed1".into(),
        state: None,
    };
    SessionTokens::from_wire(&wire, Wall(7)).expect("fit")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

fn refusal(file: &SessionFile) -> StateError {
    match file.load() {
        Err(error) => error,
        Ok(_) => panic!("the file was read"),
    }
}

#[test]
fn a_saved_session_is_for_its_owner_alone_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_in(folder.path());
    assert!(matches!(file.load(), Ok(Saved::Nothing)));
    for _ in 0..2 {
        file.save(&tokens()).expect("saves, and replaces");
    }
    assert_eq!((mode(&file.path), mode(&file.folder)), (0o600, 0o700));
    assert_eq!(fs::read_dir(&file.folder).expect("lists").count(), 1, "no leftovers");
    let Ok(Saved::Session(back)) = file.load() else { panic!("a session") };
    assert_eq!(back.jwt.expose_secret(), "jwt1");
    assert_eq!(back.since, Wall(7));
    file.remove().expect("removes");
    file.remove().expect("is already gone");
    assert!(matches!(file.load(), Ok(Saved::Nothing)));
}

#[test]
fn a_file_that_others_can_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_in(folder.path());
    file.save(&tokens()).expect("saves");
    for open in [0o644, 0o640, 0o602, 0o610] {
        fs::set_permissions(&file.path, fs::Permissions::from_mode(open)).expect("sets");
        let error = refusal(&file);
        assert!(error.to_string().contains(&format!("{open:04o}")), "{error}");
        assert!(error.hint().contains("chmod 600"), "{}", error.hint());
    }
}

#[test]
fn a_link_or_a_folder_in_its_place_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_in(folder.path());
    file.save(&tokens()).expect("saves");
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&file.path, &elsewhere).expect("moves");
    symlink(&elsewhere, &file.path).expect("links");
    assert!(matches!(refusal(&file), StateError::NotAFile { .. }));
    fs::remove_file(&file.path).expect("removes");
    fs::create_dir(&file.path).expect("makes");
    assert!(refusal(&file).hint().contains("rm "));
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_in(folder.path());
    file.save(&tokens()).expect("saves");
    for open in [0o770, 0o702, 0o1777] {
        fs::set_permissions(&file.folder, fs::Permissions::from_mode(open)).expect("sets");
        for error in [refusal(&file), file.save(&tokens()).expect_err("not saved")] {
            assert!(error.to_string().contains(&format!("{open:04o}")), "{error}");
            assert!(error.hint().contains("chmod 700"), "{}", error.hint());
        }
    }
    fs::set_permissions(&file.folder, fs::Permissions::from_mode(0o755)).expect("sets");
    assert!(matches!(file.load(), Ok(Saved::Session(_))), "to be seen is no harm");
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    let path = Path::new("/s/x");
    let rights = |owner| Rights { owner, mode: 0o600 };
    assert!(rights(1000).check_file(path, 1000).is_ok());
    assert!(rights(1000).check_folder(path, 1000).is_ok());
    assert!(rights(ROOT).check_folder(path, 1000).is_ok(), "root can do anything anyway");
    for error in [
        rights(1001).check_file(path, 1000),
        rights(ROOT).check_file(path, 1000),
        rights(1001).check_file(path, ROOT),
        rights(1001).check_folder(path, 1000),
    ] {
        let error = error.expect_err("refused");
        assert!(matches!(error, StateError::NotYours { .. }), "{error}");
        assert!(error.to_string().contains("/s/x") && error.hint().contains("XDG_STATE_HOME"));
    }
}

#[test]
fn a_damaged_or_foreign_file_is_known_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file_in(folder.path());
    file.save(&tokens()).expect("saves");
    let whole = fs::read(&file.path).expect("reads");
    for length in 0..whole.len() {
        fs::write(&file.path, &whole[..length]).expect("cuts");
        assert!(matches!(file.load(), Ok(Saved::Damaged)), "cut at {length}");
    }
    let foreign = String::from_utf8(whole).expect("text").replace("host:1", "host:2");
    fs::write(&file.path, foreign).expect("writes");
    assert!(matches!(file.load(), Ok(Saved::Damaged)));
}

#[test]
fn no_two_accounts_share_a_file_and_none_leaves_the_folder() {
    let state = StateFolder::at("/s");
    let path = |server: &str, code: &str| {
        SessionFile::new(&state, server.to_owned(), code.to_owned()).path
    };
    assert_eq!(path("h:1", "A1"), Path::new("/s/session_h%3a1_A1.json"));
    assert_ne!(path("h_1", "A"), path("h", "1_A"));
    assert_ne!(path("h", "A/1"), path("h", "A%2f1"));
    assert_eq!(path("h", "../../x").parent(), Some(Path::new("/s")));
}
