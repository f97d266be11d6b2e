//! What the service tells of itself, as lines for people.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Prints from now on what the service tells; once a process.
pub fn listen() {
    // A second time it would be told twice.
    tracing::subscriber::set_global_default(Registry::default().with(Lines)).ok();
}

/// A line of each event of the station's that somebody should know.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if !metadata.target().starts_with("oddspot") || *metadata.level() > Level::INFO {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let words = words.0;
        // Some are said to be a warning already.
        match *metadata.level() == Level::INFO || words.contains("warning: ") {
            true => tell!("{words}"),
            false => tell!("warning: {words}"),
        }
    }
}

#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
