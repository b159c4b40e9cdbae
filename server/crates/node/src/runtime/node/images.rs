//! The images that a node has.

use std::{sync::Arc, time::Duration};

use super::Node;
use crate::{
    image::{Image, ImageError, ImageStatus},
    kernel::wait::lock,
};

impl Node {
    /// The image of this name (or `sha256:` identifier), if it is on the node.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn image_status(&self, name: &str) -> Result<Option<ImageStatus>, ImageError> {
        let image = self.image(name)?;
        Ok(image.map(|image| self.show(&image)))
    }

    /// What is said of an image on the node. Only an image that was pulled has a registry to be known by.
    fn show(&self, image: &Arc<Image>) -> ImageStatus {
        let state = lock(&self.0.state);
        let names = state.images.iter().filter(|(_, known)| known.id == image.id);
        let names = names.filter_map(|(name, _)| self.0.catalogue.parse(name).ok()).collect::<Vec<_>>();
        let pulled: Vec<_> =
            names.iter().filter(|name| state.pulled.contains(&name.full())).cloned().collect();
        image.status(&names, &pulled)
    }

    /// Puts an image of the catalogue on the node at once, as if it had come with the node. Returns `None` for an image
    /// outside of the catalogue.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn load_image(&self, name: &str) -> Result<Option<ImageStatus>, ImageError> {
        if let Some(image) = self.image(name)? {
            return Ok(Some(self.show(&image)));
        }
        let reference = self.0.catalogue.parse(name)?;
        let Ok(image) = self.0.catalogue.find(&reference) else { return Ok(None) };
        lock(&self.0.state).images.insert(reference.full(), Arc::clone(&image));
        Ok(Some(self.show(&image)))
    }

    pub(super) fn image(&self, name: &str) -> Result<Option<Arc<Image>>, ImageError> {
        let state = lock(&self.0.state);
        if name.starts_with("sha256:") {
            return Ok(state.images.values().find(|image| image.id == name).cloned());
        }
        let reference = self.0.catalogue.parse(name)?;
        Ok(state.images.get(&reference.full()).cloned())
    }

    /// Puts an image of the catalogue on the node; takes as long as a pull of its size would.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`], or [`ImageError::NotFound`] for an image outside of the catalogue.
    pub async fn pull_image(&self, name: &str) -> Result<ImageStatus, ImageError> {
        let reference = self.0.catalogue.parse(name)?;
        let image = match self.0.catalogue.find(&reference) {
            Ok(image) => image,
            Err(error) => {
                self.0.host.env.sleep(Duration::from_millis(300)).await;
                return Err(error);
            }
        };
        let known = lock(&self.0.state).images.values().any(|known| known.id == image.id);
        let transfer = if known { 0 } else { (image.recipe.size_bytes / 60_000).min(2500) };
        self.0.host.env.sleep(Duration::from_millis(300 + transfer)).await;
        {
            let mut state = lock(&self.0.state);
            state.images.insert(reference.full(), Arc::clone(&image));
            state.pulled.insert(reference.full());
        }
        Ok(self.show(&image))
    }

    /// The images on the node.
    pub fn images(&self) -> Vec<ImageStatus> {
        let mut images: Vec<Arc<Image>> = lock(&self.0.state).images.values().cloned().collect();
        images.sort_by(|a, b| a.id.cmp(&b.id));
        images.dedup_by(|a, b| a.id == b.id);
        images.iter().map(|image| self.show(image)).collect()
    }

    /// Takes an image off the node; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`ImageError::InvalidName`].
    pub fn remove_image(&self, name: &str) -> Result<(), ImageError> {
        if let Some(image) = self.image(name)? {
            lock(&self.0.state).images.retain(|_, known| known.id != image.id);
        }
        Ok(())
    }
}
