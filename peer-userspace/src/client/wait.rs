//! `peerctl wait`: until a consent is in a state.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    Client, Exit, Failure, duration,
    names::{Namespace, PeeringRef, state_of},
    output::Output,
    resolve::{self, Role},
    url::Url,
    watch::{Event, Watch},
    write::state,
};
use crate::lifecycle::State;

/// How long one line of a watch may be asked to last.
const LONGEST: u64 = 3600;

/// Arguments of `wait`.
#[derive(Clone, Debug, clap::Args)]
pub struct Wait {
    /// A consent's [NAMESPACE/]NAME, the peering's label or a consent's uid
    peering: PeeringRef,
    #[command(flatten)]
    namespace: Namespace,
    /// The states to wait for, separated by commas
    #[arg(
        long = "for",
        value_name = "STATE",
        value_delimiter = ',',
        required = true
    )]
    states: Vec<State>,
    /// How long to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    timeout: Duration,
    #[command(flatten)]
    output: Output,
}

/// What a state means for who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    NotYet,
    Never,
}

fn judge(state: Option<State>, wanted: &[State]) -> Verdict {
    match state {
        Some(state) if wanted.contains(&state) => Verdict::Reached,
        Some(state) if state.is_terminal() => Verdict::Never,
        _ => Verdict::NotYet,
    }
}

impl Wait {
    /// Wait.
    ///
    /// # Errors
    /// If there is no such consent, or it is not in time or never will be.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let deadline = Instant::now() + self.timeout;
        let mut consent =
            resolve::object(client, &self.peering, &self.namespace, Role::Own).await?;
        match timeout_at(deadline, self.follow(client, &mut consent)).await {
            Ok(verdict) => self.end(client, &consent, verdict?),
            Err(_) => self.end(client, &consent, Verdict::NotYet),
        }
    }

    /// Keep `consent` as it is until there is nothing more to wait for.
    async fn follow(&self, client: &Client, consent: &mut Value) -> Result<Verdict, Failure> {
        let verdict = judge(state_of(consent), &self.states);
        if verdict != Verdict::NotYet {
            return Ok(verdict);
        }
        let id = resolve::id(client, consent)?;
        let Some(uid) = consent["metadata"]["uid"].as_str().map(str::to_owned) else {
            return Err(client.foreign(format!("{id} has no uid in its answer")));
        };
        let url = Url::of(&["watch"])
            .with("kind", "peerings")
            .with("namespace", &id.namespace)
            .with("uid", &uid);
        let seconds = self.timeout.as_secs().clamp(1, LONGEST);
        let mut watch = Watch::begin(client, url, seconds).await?;
        let mut found = false;
        loop {
            let state = match watch.next().await? {
                Event::Added(object) | Event::Modified(object)
                    if object["metadata"]["uid"] == uid =>
                {
                    found = true;
                    *consent = object;
                    state_of(consent)
                }
                Event::Removed(object) if object["metadata"]["uid"] == uid => deleted(consent),
                Event::Synced if !found => deleted(consent),
                _ => continue,
            };
            let verdict = judge(state, &self.states);
            if verdict != Verdict::NotYet {
                return Ok(verdict);
            }
        }
    }

    fn end(&self, client: &Client, consent: &Value, verdict: Verdict) -> Result<Exit, Failure> {
        let id = resolve::id(client, consent)?;
        let now = state(consent);
        let wanted: Vec<String> = self.states.iter().map(State::to_string).collect();
        let wanted = wanted.join(" or ");
        match verdict {
            Verdict::Reached => {
                self.output.output.show(consent, |_| format!("{id}{now}"))?;
                Ok(Exit::Done)
            }
            Verdict::NotYet => Err(Failure::Failed(format!(
                "not {wanted} within {}; {id}{now}",
                humantime::format_duration(self.timeout)
            ))),
            Verdict::Never => Err(Failure::Failed(format!("never {wanted}; {id}{now}"))),
        }
    }
}

/// It is listed no more: that is to be deleted, for who looks at it from outside.
fn deleted(consent: &mut Value) -> Option<State> {
    consent["status"] = serde_json::json!({ "state": "deleted", "reason": "it is gone" });
    Some(State::Deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_nothing_follows_ends_the_waiting() {
        let wanted = [State::Active, State::Rejected];
        assert_eq!(judge(Some(State::Active), &wanted), Verdict::Reached);
        assert_eq!(judge(Some(State::Rejected), &wanted), Verdict::Reached);
        assert_eq!(judge(Some(State::Expired), &wanted), Verdict::Never);
        assert_eq!(judge(Some(State::Deleted), &wanted), Verdict::Never);
        assert_eq!(judge(Some(State::Failed), &wanted), Verdict::NotYet);
        // A newer peerd may have more states.
        assert_eq!(judge(None, &wanted), Verdict::NotYet);
    }
}
