//! A history moved between the file of a data folder and a database of a server, while no service runs on either.

use std::path::Path;

use tokio::runtime::Builder;

use crate::data::{Data, keep_private};
use crate::error::{Error, Kind, Result};
use crate::history::{Copied, DatabaseAddress, History, Place};

/// Which way a history is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the data folder's file to the server.
    ToServer,
    /// From the server to the data folder's file.
    ToFile,
}

/// Copies the history between a data folder's file and a server's database; what it is copied from stays as it is.
///
/// # Errors
/// A service that runs on either; no history to copy; one there that is not empty; a database that cannot be used.
/// Nothing is copied then.
pub fn copy_history(data: &Path, server: &DatabaseAddress, way: Way) -> Result<Vec<Copied>> {
    let file = crate::data::history_in(data);
    if way == Way::ToServer && !file.is_file() {
        let reason = "there is no history to copy: give the data folder of a service by --data";
        return Err(Error::at(Kind::NotFound, file, reason));
    }
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::System, format!("cannot begin: {error}")))?;
    // Held as long as it is copied: no service begins on it. What is refused leaves nothing where nothing was.
    let held = |way_first| (way == way_first).then(|| Data::open(data)).transpose();
    runtime.block_on(async {
        let _before = held(Way::ToServer)?;
        let of_server = History::open(&Place::Server(server.clone())).await?;
        let _after = held(Way::ToFile)?;
        let of_file = History::open(&Place::File(file.clone())).await?;
        keep_private(&file);
        let copied = match way {
            Way::ToServer => of_file.copy_to(&of_server).await,
            Way::ToFile => of_server.copy_to(&of_file).await,
        };
        of_file.close().await;
        of_server.close().await;
        copied
    })
}
