//! The models of stations as they are: which judge, which did before, and whether their files can still be used.

use std::sync::{Arc, PoisonError};

use super::{Versions, blocking};
use crate::error::Result;
use crate::history::{Activation, Version};

impl Versions {
    /// The models of a station, the newest first, each as it is now: whether it judges, and whether its file is damaged.
    ///
    /// # Errors
    /// There is no such station; a history that cannot be read.
    pub async fn list(&self, station: &str) -> Result<Vec<Version>> {
        let post = self.post(station)?;
        let mut versions = self.history.versions(station).await?;
        let active = post.model().map(|model| model.version.sha256.clone());
        for one in &mut versions {
            one.active = active.as_ref() == Some(&one.sha256);
            one.damaged = self.models.damage(&one.sha256);
        }
        Ok(versions)
    }

    /// Looks whether the files of all models are as they were brought, and tells of those that are not.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn look_through(&self) -> Result<()> {
        let names: Vec<String> = {
            let posts = self.posts.read().unwrap_or_else(PoisonError::into_inner);
            posts.keys().cloned().collect()
        };
        for station in names {
            for one in self.history.versions(&station).await? {
                let (models, sha256) = (Arc::clone(&self.models), one.sha256);
                if let Err(error) = blocking(move || models.check(&sha256)).await {
                    tracing::warn!("a model of station {station} cannot be used any more: {error}");
                }
            }
        }
        Ok(())
    }

    /// What was active before what is.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn before(&self, station: &str) -> Result<Option<Activation>> {
        let all = self.history.activations(station).await?;
        Ok(all.into_iter().nth(1))
    }
}
