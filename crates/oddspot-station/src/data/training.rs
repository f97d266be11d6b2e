//! Where a station's trainings are set aside.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::Data;
use crate::error::{Error, Result};

impl Data {
    /// Where a station's trainings are set aside; made if it is not there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn training(&self, station: &str) -> Result<PathBuf> {
        let folder = self.training_of(station);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        Ok(folder)
    }

    /// Takes trainings along to a station's new name; those that were taken along before stay.
    ///
    /// # Errors
    /// A folder that cannot be renamed.
    pub fn rename_training(&self, from: &str, to: &str) -> Result<()> {
        let from = self.training_of(from);
        match fs::rename(&from, self.training_of(to)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&from)(error)),
            _ => Ok(()),
        }
    }

    /// Removes what was set aside of a station.
    ///
    /// # Errors
    /// A folder that cannot be removed.
    pub fn remove_training(&self, station: &str) -> Result<()> {
        let folder = self.training_of(station);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&folder)(error)),
            _ => Ok(()),
        }
    }

    fn training_of(&self, station: &str) -> PathBuf {
        self.root.join("training").join(station)
    }
}
