//! Where the examples log in: at a sandbox whose line of JSON is given, else at the broker.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use client::{
    Addresses, Broker, Credentials, Places, PlainCredentials, Rules, Servers, StateFolder,
    process_environment,
};
use serde::Deserialize;

/// What an example may fail with.
pub(crate) type Failed = Box<dyn Error>;

/// The line that a sandbox prints when it is ready.
#[derive(Deserialize)]
struct Line {
    rest_url: String,
    stream_url: String,
    scrip_master_url: String,
    api_key: String,
    client_id: String,
    password: String,
    totp_secret: String,
    ca_file: Option<PathBuf>,
}

/// Logs in at the sandbox whose line is in the file `given`, or is `given` itself; without one at Angel
/// One with the credentials of the environment or of `.env`.
pub(crate) async fn connect(given: Option<&str>, rules: Rules) -> Result<Broker, Failed> {
    let Some(given) = given else {
        let environment = &process_environment;
        let places = Places { env_file: None, environment, folder: Path::new(".") };
        let state = StateFolder::of_user(environment)?;
        let credentials = Credentials::load(&places)?;
        return Ok(Broker::connect(Servers::angel_one()?, credentials, state, rules).await?);
    };
    let text = if given.starts_with('{') { given.to_owned() } else { fs::read_to_string(given)? };
    let line: Line = serde_json::from_str(&text)?;
    let authority = line.ca_file.map(fs::read).transpose()?;
    let addresses = Addresses {
        rest: &line.rest_url,
        market_stream: &line.stream_url,
        scrip_master: &line.scrip_master_url,
    };
    let servers = Servers::local(&addresses, authority.as_deref())?;
    let credentials = Credentials::given(PlainCredentials {
        api_key: line.api_key,
        client_id: line.client_id,
        pin: line.password,
        totp_secret: line.totp_secret,
    })?;
    // Sessions of a sandbox end with it.
    let folder = tempfile::tempdir()?;
    Ok(Broker::connect(servers, credentials, StateFolder::at(folder.path()), rules).await?)
}
