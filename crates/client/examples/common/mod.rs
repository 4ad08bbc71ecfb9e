//! Where the examples log in: at a sandbox whose line of JSON is given, else at the broker.

use std::error::Error;
use std::fs;
use std::path::Path;

use client::{
    Broker, Credentials, Places, Rules, Servers, StandIn, StateFolder, process_environment,
};

/// What an example may fail with.
pub(crate) type Failed = Box<dyn Error>;

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
    let stand_in = StandIn::read(&text)?;
    let (servers, credentials) = (stand_in.servers()?, stand_in.credentials()?);
    // Sessions of a sandbox end with it.
    let folder = tempfile::tempdir()?;
    Ok(Broker::connect(servers, credentials, StateFolder::at(folder.path()), rules).await?)
}
