//! Tests of the credentials loader.

use std::fs;

use super::*;

const TOTP: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const ALL: &str = "API_KEY=key1\nCLIENT_ID=A1\nPASSWORD=4321\nSMARTAPI_TOTP_SECRET=GEZDGNBV\n";

/// Looks in a fresh folder with these files, and in this environment.
fn load(
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
    env_file: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("writes");
    }
    let lookup = |name: &str| {
        let found = environment.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.replace("FOLDER", &folder.path().to_string_lossy()))
    };
    let env_file = env_file.map(|name| folder.path().join(name));
    Credentials::load(&Places {
        env_file: env_file.as_deref(),
        environment: &lookup,
        folder: folder.path(),
    })
}

fn environment() -> [(&'static str, &'static str); 4] {
    [("API_KEY", "envkey"), ("CLIENT_ID", "E1"), ("PASSWORD", "1"), (NAMES[3], TOTP)]
}

fn file_name(credentials: &Credentials) -> String {
    match credentials.source() {
        CredentialSource::EnvFile(path) => {
            path.file_name().expect("a name").to_string_lossy().into_owned()
        }
        other => other.to_string(),
    }
}

#[test]
fn the_first_place_in_the_order_wins() {
    let files = [("mine", ALL), (".env.trading", ALL), (".env", ALL)];
    let mut named = environment().to_vec();
    named.push(("MYQUANT_ENV_FILE", "FOLDER/.env"));
    assert_eq!(file_name(&load(&files, &named, Some("mine")).expect("flag")), "mine");
    assert_eq!(file_name(&load(&files, &named, None).expect("variable")), ".env");
    assert_eq!(load(&files, &environment(), None).expect("environment").client_id(), "E1");
    assert_eq!(file_name(&load(&files, &[], None).expect("first file")), ".env.trading");
    assert_eq!(file_name(&load(&files[2..], &[], None).expect("last file")), ".env");
    let unrelated = [(".env.trading", "OTHER=1\n"), (".env", ALL)];
    assert_eq!(file_name(&load(&unrelated, &[], None).expect("last file")), ".env");
}

#[test]
fn places_are_never_mixed() {
    let error = load(&[(".env", ALL)], &environment()[..2], None).expect_err("two are missing");
    let told = error.to_string();
    assert!(told.contains("the environment lacks PASSWORD, SMARTAPI_TOTP_SECRET"), "{told}");
    assert!(error.hint().contains("--env-file"));

    let half = [(".env.trading", "API_KEY=k\nPASSWORD=\n"), (".env", ALL)];
    let error = load(&half, &[], None).expect_err("three are missing");
    assert!(error.to_string().contains(".env.trading lacks CLIENT_ID, PASSWORD, SMARTAPI"));

    let error = load(&[("mine", "X=1")], &environment(), Some("mine")).expect_err("none there");
    assert!(error.to_string().contains("mine lacks API_KEY, CLIENT_ID, PASSWORD, SMARTAPI"));
}

#[test]
fn missing_credentials_say_what_where_and_how() {
    let error = load(&[], &[], None).expect_err("nowhere");
    let told = error.to_string();
    for part in NAMES.into_iter().chain(["environment", ".env.trading", ".env in "]) {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(error.hint().contains("NAME=value") && error.hint().contains("--env-file"));
    let error = load(&[], &environment(), Some("absent")).expect_err("no such file");
    assert!(matches!(error, CredentialsError::Unreadable { .. }), "{error}");
}

#[test]
fn an_env_file_is_read_as_people_write_it() {
    let text = "\u{feff}# account\r\n\r\nexport API_KEY=\"key #1\"x\r\n";
    assert!(matches!(
        load(&[(".env", text)], &[], None),
        Err(CredentialsError::Line { line: 3, .. })
    ));
    let text = "\u{feff}# account\r\nexport API_KEY = 'k#=1' # mine\r\n CLIENT_ID=A#1 # you\r\n\
                PASSWORD=\"4321\"\r\nUNUSED='a b'\r\nSMARTAPI_TOTP_SECRET=\"gezd gnbv\"\r\n";
    let credentials = load(&[(".env", text)], &[], None).expect("reads");
    assert_eq!(credentials.client_id(), "A#1");
    let key = secrecy::ExposeSecret::expose_secret(&credentials.api_key);
    assert_eq!(key, "k#=1");
}

#[test]
fn a_bad_line_is_named_by_its_number_and_never_shown() {
    for (text, number) in [
        ("API_KEY=k\nhunter2\n", 2),
        ("\n\nAPI_KEY=\"hunter2\n", 3),
        ("API_KEY='a' hunter2", 1),
        ("=hunter2", 1),
        ("hunter2 API_KEY=hunter2", 1),
    ] {
        let error = load(&[(".env", text)], &[], None).expect_err(text);
        let told = format!("{error} {error:?} {}", error.hint());
        assert!(told.contains(&format!("line {number} of ")), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_value_that_can_never_work_is_refused_without_being_shown() {
    for (index, value) in [(0, "hunter2 x"), (1, "A\n1hunter2"), (2, "hunté2"), (3, "hunter2!1")] {
        let mut values = ["key1", "A1", "4321", TOTP].map(str::to_owned);
        values[index] = value.to_owned();
        let [api_key, client_id, pin, totp_secret] = values;
        let plain = PlainCredentials { api_key, client_id, pin, totp_secret };
        let error = Credentials::given(plain).expect_err(value);
        let told = format!("{error} {error:?} {}", error.hint());
        assert!(told.contains(NAMES[index]) && !told.contains("hunt"), "{told}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn credentials_do_not_print_their_secrets() {
    let plain = PlainCredentials {
        api_key: "key1".into(),
        client_id: "A1".into(),
        pin: "4321".into(),
        totp_secret: TOTP.into(),
    };
    let printed = format!("{:?}", Credentials::given(plain).expect("fit"));
    assert!(printed.contains("A1"), "{printed}");
    for secret in ["key1", "4321", TOTP] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
