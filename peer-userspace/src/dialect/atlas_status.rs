//! The MongoDB Atlas operator: `status` of an `AtlasProject`.
//!
//! Owns its words, of which there are two lists: those that the operator's code writes,
//! and those that its documentation shows.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::standing::{AtlasWords, Standing};
use crate::{
    lifecycle::State,
    model::{AtlasPeer, AtlasProject, Provider},
};

/// `status` of an `AtlasProject`; `standings` are of its entries.
pub(super) fn status(project: &AtlasProject, standings: &[Standing], words: AtlasWords) -> Json {
    if project.peers.is_empty() {
        return json!({});
    }
    let by_entry = standings.iter().map(|standing| (standing.entry, standing));
    let by_entry: BTreeMap<usize, &Standing> = by_entry.collect();
    let entries = || {
        (0..)
            .map(|entry| by_entry.get(&entry).copied())
            .zip(&project.peers)
    };
    let peers = entries().map(|(standing, peer)| network_peer(peer, standing, words));
    let waiting = entries().filter_map(|(standing, peer)| {
        let why = match standing {
            Some(standing) if standing.state == State::Active => return None,
            Some(standing) => standing.reason.as_str(),
            None => "not looked at yet",
        };
        let name = peer
            .network
            .as_deref()
            .unwrap_or("an entry without a network");
        Some(format!("{name}: {why}"))
    });
    let waiting: Vec<String> = waiting.collect();
    let ready = if waiting.is_empty() {
        json!({
            "type": "NetworkPeerReady",
            "status": "True",
            "reason": "ProjectNetworkPeersAreReady",
            "message": "all network peers are ready",
        })
    } else {
        json!({
            "type": "NetworkPeerReady",
            "status": "False",
            "reason": "ProjectNetworkPeerIsNotReadyInAtlas",
            "message": format!("not all network peers are ready: {}", waiting.join("; ")),
        })
    };
    json!({ "networkPeers": peers.collect::<Vec<_>>(), "conditions": [ready] })
}

/// One entry of `status.networkPeers`. What the other side needs to know is there from
/// the beginning.
fn network_peer(peer: &AtlasPeer, standing: Option<&Standing>, words: AtlasWords) -> Json {
    let provider = peer.provider;
    let state = standing.map(|standing| standing.state);
    let is_aws = provider == Some(Provider::Aws);
    let word_key = if is_aws { "statusName" } else { "status" };
    let region = peer.accepter_region.as_deref().or(peer.region());
    let mut shown = Map::new();
    let mut show = |key: &str, value: Option<String>| {
        shown.extend(value.map(|value| (key.to_owned(), json!(value))));
    };
    show("providerName", provider.map(|it| it.word().to_owned()));
    show("region", Some(region.unwrap_or_default().to_owned()));
    show(word_key, Some(word(provider, state, words)));
    show("vpc", peer.network.clone());
    let project = peer.account.clone();
    show(
        "gcpProjectId",
        project.filter(|_| provider == Some(Provider::Gcp)),
    );
    if let Some(standing) = standing {
        let uid = standing.uid.simple().to_string();
        let container = &standing.network.id;
        show("id", uid.get(..24).map(str::to_owned));
        show("connectionId", uid.get(..8).map(|hex| format!("pcx-{hex}")));
        show("atlasNetworkName", Some(container.name.to_string()));
        show("atlasGcpProjectId", Some(container.namespace.to_string()));
        let id = peer.container.clone();
        show(
            "containerId",
            Some(id.unwrap_or_else(|| container.name.to_string())),
        );
        if has_failed(standing.state) {
            show(error_key(provider), Some(standing.reason.clone()));
        }
    }
    Json::Object(shown)
}

/// Where each provider's errors are.
fn error_key(provider: Option<Provider>) -> &'static str {
    match provider {
        Some(Provider::Aws) => "errorStateName",
        Some(Provider::Azure) => "errorState",
        // The operator tells so of what it cannot make out.
        Some(Provider::Gcp) | None => "errorMessage",
    }
}

fn has_failed(state: State) -> bool {
    operators_words(Some(state))[0] == "FAILED"
}

/// The word for a state; none is of what nobody looked at yet.
fn word(provider: Option<Provider>, state: Option<State>, words: AtlasWords) -> String {
    let [aws, others] = operators_words(state);
    let is_aws = provider == Some(Provider::Aws);
    let word = if is_aws { aws } else { others };
    match (words, word, provider) {
        (AtlasWords::Operator, word, _) => word.to_owned(),
        (AtlasWords::Document, "AVAILABLE", _) => "READY".to_owned(),
        // As its pages for the providers have them: each the other's.
        (AtlasWords::Document, "PENDING_ACCEPTANCE", _) => "WAITING FOR USER".to_owned(),
        (AtlasWords::Document, "WAITING_FOR_USER", Some(Provider::Gcp)) => {
            "PENDING ACCEPTANCE".to_owned()
        }
        (AtlasWords::Document, word, _) => word.replace('_', " "),
    }
}

/// AWS' word for a state, and that of the others.
fn operators_words(state: Option<State>) -> [&'static str; 2] {
    let Some(state) = state else {
        return ["INITIATING", "ADDING_PEER"];
    };
    match state {
        State::Deleted => ["TERMINATING", "DELETING"],
        State::Rejected | State::Expired | State::Failed | State::Conflict => ["FAILED"; 2],
        // Atlas knows no pause: somebody is waited for.
        State::Disabled | State::Pending | State::PeerDisabled => {
            ["PENDING_ACCEPTANCE", "WAITING_FOR_USER"]
        }
        State::Provisioning => ["FINALIZING", "ADDING_PEER"],
        State::Active => ["AVAILABLE"; 2],
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::standing::Neighbour, *};

    /// Every word: of AWS, Azure and GCP by the operator, then by its documentation.
    fn words_of(state: Option<State>) -> [&'static str; 6] {
        match state {
            None => [
                "INITIATING",
                "ADDING_PEER",
                "ADDING_PEER",
                "INITIATING",
                "ADDING PEER",
                "ADDING PEER",
            ],
            Some(State::Deleted) => [
                "TERMINATING",
                "DELETING",
                "DELETING",
                "TERMINATING",
                "DELETING",
                "DELETING",
            ],
            Some(State::Disabled | State::Pending | State::PeerDisabled) => [
                "PENDING_ACCEPTANCE",
                "WAITING_FOR_USER",
                "WAITING_FOR_USER",
                "WAITING FOR USER",
                "WAITING FOR USER",
                "PENDING ACCEPTANCE",
            ],
            Some(State::Rejected | State::Expired | State::Failed | State::Conflict) => {
                ["FAILED"; 6]
            }
            Some(State::Provisioning) => [
                "FINALIZING",
                "ADDING_PEER",
                "ADDING_PEER",
                "FINALIZING",
                "ADDING PEER",
                "ADDING PEER",
            ],
            Some(State::Active) => [
                "AVAILABLE",
                "AVAILABLE",
                "AVAILABLE",
                "READY",
                "READY",
                "READY",
            ],
        }
    }

    fn peer(provider: Provider) -> AtlasPeer {
        AtlasPeer {
            provider: Some(provider),
            accepter_region: Some("us-east-1".into()),
            container_region: Some("us-west-1".into()),
            account: Some("1".into()),
            network: Some("vpc-1".into()),
            ..AtlasPeer::default()
        }
    }

    fn standing(entry: usize, state: State) -> Standing {
        Standing {
            entry,
            consent: "atlas/p-aws-vpc-1".parse().unwrap(),
            uid: Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef),
            state,
            reason: "a reason".into(),
            deadline: None,
            network: Neighbour {
                id: "atlas/container".parse().unwrap(),
                uid: None,
                source: None,
            },
            peer: None,
        }
    }

    fn shown(peers: &[AtlasPeer], standings: &[Standing], words: AtlasWords) -> Json {
        let project = AtlasProject {
            peers: peers.to_vec(),
        };
        status(&project, standings, words)
    }

    #[test]
    fn every_state_has_its_word_for_each_provider_in_both_lists() {
        let states = State::ALL.into_iter().map(Some).chain([None]);
        for state in states {
            let mut found = Vec::new();
            for words in [AtlasWords::Operator, AtlasWords::Document] {
                for provider in Provider::ALL {
                    let standings: Vec<_> = state.map(|it| standing(0, it)).into_iter().collect();
                    let all = shown(&[peer(provider)], &standings, words);
                    let entry = &all["networkPeers"][0];
                    let (own, other) = match provider {
                        Provider::Aws => ("statusName", "status"),
                        Provider::Azure | Provider::Gcp => ("status", "statusName"),
                    };
                    found.push(entry[own].as_str().unwrap().to_owned());
                    assert!(entry[other].is_null(), "{entry}");
                    let error = match provider {
                        Provider::Aws => "errorStateName",
                        Provider::Azure => "errorState",
                        Provider::Gcp => "errorMessage",
                    };
                    for key in ["errorStateName", "errorState", "errorMessage"] {
                        let told = key == error && entry[own] == "FAILED";
                        assert_eq!(entry[key] == "a reason", told, "{entry}");
                        assert_eq!(entry[key].is_null(), !told, "{entry}");
                    }
                    let ready = &all["conditions"][0];
                    let is_ready = state == Some(State::Active);
                    assert_eq!(ready["type"], "NetworkPeerReady");
                    assert_eq!(ready["status"], if is_ready { "True" } else { "False" });
                }
            }
            assert_eq!(found, words_of(state), "{state:?}");
        }
    }

    #[test]
    fn what_the_other_side_needs_is_there_from_the_beginning() {
        let pending = [standing(0, State::Pending)];
        let all = shown(&[peer(Provider::Gcp)], &pending, AtlasWords::Operator);
        assert_eq!(
            all,
            json!({
                "networkPeers": [{
                    "id": "0123456789ab4def81234567",
                    "providerName": "GCP",
                    "region": "us-east-1",
                    "status": "WAITING_FOR_USER",
                    "connectionId": "pcx-01234567",
                    "vpc": "vpc-1",
                    "gcpProjectId": "1",
                    "atlasNetworkName": "container",
                    "atlasGcpProjectId": "atlas",
                    "containerId": "container",
                }],
                "conditions": [{
                    "type": "NetworkPeerReady",
                    "status": "False",
                    "reason": "ProjectNetworkPeerIsNotReadyInAtlas",
                    "message": "not all network peers are ready: vpc-1: a reason",
                }],
            })
        );
        let given = AtlasPeer {
            container: Some("6dc5".into()),
            ..peer(Provider::Aws)
        };
        let all = shown(&[given], &pending, AtlasWords::Operator);
        assert_eq!(all["networkPeers"][0]["containerId"], "6dc5");
        assert!(all["networkPeers"][0]["gcpProjectId"].is_null());
    }

    #[test]
    fn entries_are_told_in_their_order_and_each_by_itself() {
        let unknown = AtlasPeer {
            provider: None,
            ..peer(Provider::Aws)
        };
        let peers = [peer(Provider::Aws), peer(Provider::Azure), unknown];
        let standings = [standing(2, State::Failed), standing(0, State::Active)];
        let all = shown(&peers, &standings, AtlasWords::Document);
        let told = [
            &all["networkPeers"][0]["statusName"],
            &all["networkPeers"][1]["status"],
            &all["networkPeers"][2]["status"],
        ];
        assert_eq!(told, ["READY", "ADDING PEER", "FAILED"]);
        assert!(all["networkPeers"][2]["providerName"].is_null());
        assert_eq!(all["networkPeers"][2]["errorMessage"], "a reason");
        assert_eq!(
            all["conditions"][0]["message"],
            "not all network peers are ready: vpc-1: not looked at yet; vpc-1: a reason"
        );
        assert_eq!(shown(&[], &[], AtlasWords::Operator), json!({}));
    }
}
