//! What of a NetPeering its either side is shown.
//!
//! Nobody is told more than `api::objects` tells: of the accepter nothing before it
//! consents, of what stands against a peering on the other side nothing at all.

use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ids::Resource,
    net_peerings::NetPeering,
    nets::ip_range,
    tags,
    words::{Word, message, pending, word},
};
use crate::{
    api::objects::time,
    lifecycle::{Status, exports},
    model::{ObjectRef, Origin, PeerRef},
};

impl NetPeering<'_> {
    /// State, message, and until when it waits, from where the caller stands.
    fn state(&self) -> (Word, String, Option<u64>) {
        let accepter = self.accepter().map(|accepter| &accepter.namespace);
        let seen = |status: &Status| {
            let text = message(status, accepter, |namespace| self.caller.sees(namespace));
            let word = word(status, self.was_accepted());
            (word, text, status.until.filter(|_| word == Word::Pending))
        };
        if self.sees_request() {
            return seen(self.status);
        }
        let states = &self.snapshot.states.consents;
        match self.answer.and_then(|answer| states.get(&answer.id)) {
            Some(status) => seen(status),
            // By an answer given in advance.
            None if self.agreed => seen(self.status),
            None if self.has_ended() => {
                let text = message(self.status, accepter, |_| false);
                (word(self.status, self.was_accepted()), text, None)
            }
            // What stands against it on the other side is the other side's.
            None => (Word::Pending, pending(accepter), self.facts.deadline()),
        }
    }

    /// As it is answered.
    pub(super) fn json(&self) -> Value {
        let (word, text, until) = self.state();
        let own = self.request.own();
        let source = Side {
            account: Some(own.namespace.as_str()),
            uid: self.uid_of(&own),
            range: self.source_range(&own),
        };
        let labels = self.own_consent().map(|own| &own.labels);
        let accepter = self.accepter();
        let target = Side {
            account: accepter.map(|accepter| accepter.namespace.as_str()),
            uid: self.accepter_uid(),
            range: accepter.and_then(|accepter| self.accepter_range(accepter)),
        };
        let mut object = json!({
            "NetPeeringId": self.id(),
            "SourceNet": source.json(),
            "AccepterNet": target.json(),
            "State": { "Name": word.text(), "Message": text },
            "Tags": labels.map_or_else(|| json!([]), tags::list),
        });
        if let Some(until) = until {
            object["ExpirationDate"] = json!(time(self.snapshot.wall(until)));
        }
        object
    }

    fn uid_of(&self, network: &ObjectRef) -> Option<Uuid> {
        Some(self.snapshot.facts.networks.get(network)?.uid)
    }

    /// To whom does not see it, a request shows what it would give.
    fn source_range(&self, own: &ObjectRef) -> Option<IpNet> {
        let network = self.snapshot.declared.table.networks.get(own)?;
        if self.sees_request() {
            ip_range(&network.prefixes)
        } else {
            ip_range(&exports(network, Some(self.request)))
        }
    }

    /// Who asked by id, or was answered, knows it.
    fn accepter_uid(&self) -> Option<Uuid> {
        if let PeerRef::Id(uid, _) = self.request.peer {
            return Some(uid);
        }
        let accepter = self.request.peer.network()?;
        let knows = self.request.origin == Origin::OutscaleRequest
            || self.was_accepted()
            || self.caller.sees(&accepter.namespace);
        self.uid_of(accepter).filter(|_| knows)
    }

    /// Of the accepter nothing is told before it consents.
    fn accepter_range(&self, accepter: &ObjectRef) -> Option<IpNet> {
        if self.caller.sees(&accepter.namespace) {
            let network = self.snapshot.declared.table.networks.get(accepter)?;
            return ip_range(&network.prefixes);
        }
        let label = self.request.pair()?;
        let pair = self.snapshot.states.pairs.get(&label)?;
        ip_range(pair.exports_of(&label, accepter)).filter(|_| self.agreed)
    }
}

/// What is known of one of the two Nets.
struct Side<'a> {
    account: Option<&'a str>,
    uid: Option<Uuid>,
    range: Option<IpNet>,
}

impl Side<'_> {
    fn json(&self) -> Value {
        let mut object = json!({});
        let id = self.uid.map(|uid| Resource::Net.id(uid));
        let range = self.range.map(|range| range.to_string());
        let account = self.account.map(str::to_owned);
        for (name, value) in [("AccountId", account), ("NetId", id), ("IpRange", range)] {
            if let Some(value) = value {
                object[name] = value.into();
            }
        }
        object
    }
}
