//! The word that something shall end, for everyone who works for it.

use std::sync::Arc;

use tokio::sync::watch;

/// Told once, heard by all; cheap to clone.
#[derive(Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Stop {
        Stop(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Tells everything that runs to end.
    pub(crate) fn tell(&self) {
        self.0.send_replace(true);
    }

    /// True once it shall end.
    pub(crate) fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when it shall end.
    pub(crate) async fn told(&self) {
        // The sender lives as long as `self`, so waiting can't fail before it is told.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}
