//! `peerctl monitor`: what happens, as it happens.

use std::time::SystemTime;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{
    Client, Exit, Failure,
    filters::Filters,
    output::print,
    resolve,
    url::Url,
    watch::{Event, Watch},
    write::state,
};

/// A line of the watch lasts for an hour, and then is asked for again.
const LINE: u64 = 3600;

/// Arguments of `monitor`.
#[derive(Clone, Debug, clap::Args)]
pub struct Monitor {
    /// What to watch
    #[arg(value_enum, default_value_t)]
    kind: Watched,
    #[command(flatten)]
    filters: Filters,
    /// How to print: a line for people, or a JSON object a line
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Lines,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Watched {
    Networks,
    #[default]
    Peerings,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Lines {
    #[default]
    Table,
    Json,
}

impl Monitor {
    /// Tell every event until the user or the reader has enough.
    ///
    /// # Errors
    /// If peerd refuses, or goes away.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let kind = match self.kind {
            Watched::Networks => "networks",
            Watched::Peerings => "peerings",
        };
        let url = self.filters.on(Url::of(&["watch"]).with("kind", kind));
        let mut watch = Watch::begin(client, url, LINE).await?;
        loop {
            let event = watch.next().await?;
            match self.output {
                Lines::Json => print(&json_line(&event).to_string())?,
                Lines::Table => {
                    let now = humantime::format_rfc3339_seconds(SystemTime::now());
                    if let Some(line) = line(client, &event)? {
                        print(&format!("{now}  {line}"))?;
                    }
                }
            }
        }
    }
}

fn json_line(event: &Event) -> Value {
    let name = event.to_string();
    match event {
        Event::Added(object) | Event::Modified(object) | Event::Removed(object) => {
            json!({ "event": name, "object": object })
        }
        Event::Synced => json!({ "event": name }),
    }
}

/// `EVENT NAMESPACE/NAME: STATE (REASON)`; people need not know when the
/// beginning ends.
fn line(client: &Client, event: &Event) -> Result<Option<String>, Failure> {
    match event {
        Event::Added(object) | Event::Modified(object) | Event::Removed(object) => {
            let id = resolve::id(client, object)?;
            Ok(Some(format!(
                "{:8}  {id}{}",
                event.to_string(),
                state(object)
            )))
        }
        Event::Synced => Ok(None),
    }
}
