//! Who uses which image's file now, so that none is removed between its being written and its being named by a row.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Who uses which image's file now, by its SHA-256.
#[derive(Debug, Default)]
pub struct Claims {
    images: Mutex<HashMap<String, Use>>,
    is_free: Condvar,
}

#[derive(Debug)]
enum Use {
    /// So many are about to name it.
    Named(usize),
    /// It is looked at whether it can be removed.
    Removed,
}

/// Held by who is about to name an image: it is not removed meanwhile.
#[derive(Debug)]
pub struct Hold {
    claims: Arc<Claims>,
    image: String,
}

/// Held by who removes images: nobody takes one for kept meanwhile.
#[derive(Debug)]
pub struct Removal {
    claims: Arc<Claims>,
    images: Vec<String>,
}

impl Claims {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an image from being removed; waits, some milliseconds, for who is about to. Not to be called where requests
    /// are served.
    pub fn hold(self: &Arc<Self>, image: &str) -> Hold {
        let images = self.lock();
        let is_removed =
            |images: &mut HashMap<_, _>| matches!(images.get(image), Some(Use::Removed));
        let free = self.is_free.wait_while(images, is_removed);
        let mut images = free.unwrap_or_else(PoisonError::into_inner);
        match images.get_mut(image) {
            Some(Use::Named(holders)) => *holders += 1,
            _ => drop(images.insert(image.to_owned(), Use::Named(1))),
        }
        Hold {
            claims: Arc::clone(self),
            image: image.to_owned(),
        }
    }

    /// Those of some images that nobody is about to name.
    pub fn remove<'i>(self: &Arc<Self>, wanted: impl IntoIterator<Item = &'i str>) -> Removal {
        let mut images = self.lock();
        let wanted = wanted.into_iter().filter(|image| {
            let is_free = !images.contains_key(*image);
            if is_free {
                images.insert((*image).to_owned(), Use::Removed);
            }
            is_free
        });
        Removal {
            images: wanted.map(str::to_owned).collect(),
            claims: Arc::clone(self),
        }
    }
}

impl Removal {
    /// The images.
    pub fn images(&self) -> &[String] {
        &self.images
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut images = self.claims.lock();
        match images.get_mut(&self.image) {
            Some(Use::Named(holders)) if *holders > 1 => *holders -= 1,
            _ => drop(images.remove(&self.image)),
        }
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        let mut images = self.claims.lock();
        for image in &self.images {
            images.remove(image);
        }
        drop(images);
        self.claims.is_free.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_about_to_be_named_is_not_removed_and_the_other_way_round() {
        let claims: Arc<Claims> = Arc::default();
        let holds = [claims.hold("a"), claims.hold("a")];
        assert_eq!(claims.remove(["a", "b"]).images(), ["b"]);
        let [one, other] = holds;
        drop(one);
        assert!(claims.remove(["a"]).images().is_empty());
        drop(other);
        let removal = claims.remove(["a"]);
        assert_eq!(removal.images(), ["a"]);
        let is_held = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _hold = claims.hold("a");
                is_held.store(true, Ordering::SeqCst);
            });
            std::thread::sleep(Duration::from_millis(50));
            assert!(!is_held.load(Ordering::SeqCst));
            drop(removal);
        });
        assert!(is_held.load(Ordering::SeqCst) && claims.lock().is_empty());
    }
}
