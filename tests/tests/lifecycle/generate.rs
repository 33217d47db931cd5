//! Random steps, in a world so small that all of it gets in each other's way.

use ipnet::IpNet;
use peer_userspace::model::Origin;
use proptest::{collection::vec, option::weighted, prelude::*, sample::select};

use super::{
    commands::{Command, ConsentChange, Disturbance, NetworkChange, Step, Wait},
    model::{HOUR, Limits, Model},
    universe::{CONSENTS, ConsentSpec, DECLARABLE, NETWORKS, NetworkSpec, Peer, ZONES, namespace},
};

/// The network most others ask.
const LAST: usize = DECLARABLE - 1;

/// The first moment: most networks are there, nobody peers.
pub(crate) fn beginning() -> impl Strategy<Value = Model> {
    let networks: Vec<_> = (0..DECLARABLE)
        .map(|number| weighted(0.9, network(number)))
        .collect();
    let wide = Limits {
        networks: 100,
        prefixes: 100,
        consents: 100,
        imports: 100,
    };
    let narrow = (1usize..3, 1usize..5, 1usize..5, 0usize..4).prop_map(
        |(networks, prefixes, consents, imports)| Limits {
            networks,
            prefixes,
            consents,
            imports,
        },
    );
    let limits = prop_oneof![6 => Just(wide), 1 => narrow];
    (limits, networks, any::<bool>()).prop_map(|(limits, networks, crowded)| {
        let networks = (0..).zip(networks);
        let networks = networks.filter_map(|(number, spec)| Some((number, spec?)));
        let networks = networks.map(|(number, mut spec)| {
            // The last network has to choose, as all others hold the same.
            if crowded && number != LAST {
                spec.prefixes = vec!["10.0.0.0/16".parse().expect("a prefix")];
            }
            (number, spec)
        });
        let mut model = Model::new(limits, networks.collect());
        model.look();
        model
    })
}

/// What may happen next.
pub(crate) fn step(model: &Model) -> impl Strategy<Value = Step> + use<> {
    let ids = model.made;
    let few = vec(command(ids), 0..3);
    let commands = prop_oneof![5 => few, 2 => mutual(ids), 1 => Just(Vec::new())];
    let jump = prop_oneof![8 => Just(0), 1 => Just(10), 1 => Just(-10)];
    let disturbance = prop_oneof![
        16 => Just(Disturbance::Nothing),
        2 => any::<u64>().prop_map(Disturbance::Shuffle),
        1 => Just(Disturbance::Restart),
    ];
    (wait(), jump, commands, weighted(0.8, Just(())), disturbance).prop_map(
        |(wait, jump, commands, follows, disturbance)| Step {
            wait,
            jump,
            commands,
            kernel_follows: follows.is_some(),
            disturbance,
        },
    )
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(Wait::For(0)),
        4 => (0u64..5_000).prop_map(Wait::For),
        1 => Just(Wait::For(HOUR)),
        2 => Just(Wait::Before(0)),
        1 => Just(Wait::Before(1)),
    ]
}

fn command(ids: u32) -> BoxedStrategy<Command> {
    let network_number = 0..DECLARABLE;
    let slot = 0..CONSENTS.len();
    let all = prop_oneof![
        3 => network_number.clone().prop_flat_map(|number| {
            network(number).prop_map(move |spec| Command::DeclareNetwork(number, spec))
        }),
        1 => network_number.clone().prop_map(Command::UndeclareNetwork),
        1 => network_number.clone().prop_map(Command::RenewNetwork),
        3 => network_number.prop_flat_map(|number| {
            network_change(number).prop_map(move |change| Command::AlterNetwork(number, change))
        }),
        6 => slot.clone().prop_flat_map(move |slot| {
            consent(slot, ids).prop_map(move |spec| Command::DeclareConsent(slot, spec))
        }),
        4 => slot.clone().prop_map(Command::UndeclareConsent),
        7 => slot.clone().prop_flat_map(move |slot| {
            consent_change(slot, ids).prop_map(move |it| Command::AlterConsent(slot, it))
        }),
        2 => slot.clone().prop_map(Command::Reject),
        1 => slot.clone().prop_map(Command::Hold),
        2 => slot.prop_map(Command::Unhold),
    ];
    all.boxed()
}

/// Two networks consent to each other, at once.
fn mutual(ids: u32) -> BoxedStrategy<Vec<Command>> {
    let other = prop_oneof![0..DECLARABLE, Just(LAST)];
    (0..DECLARABLE, other)
        .prop_flat_map(move |(one, other)| {
            [(one, other), (other, one)]
                .map(|(own, peer)| {
                    let slots: Vec<usize> = slots_of(own).collect();
                    select(slots).prop_flat_map(move |slot| {
                        consent(slot, ids).prop_map(move |spec| {
                            let spec = ConsentSpec {
                                own,
                                peer: Peer::Name(peer),
                                ..spec
                            };
                            Command::DeclareConsent(slot, spec)
                        })
                    })
                })
                .prop_map(Vec::from)
        })
        .boxed()
}

/// The consents of a network's owner.
fn slots_of(network: usize) -> impl Iterator<Item = usize> {
    (0..CONSENTS.len())
        .filter(move |slot| namespace(CONSENTS[*slot]) == namespace(NETWORKS[network]))
}

fn network(number: usize) -> BoxedStrategy<NetworkSpec> {
    (zone(), prefixes(number), ports(number), auto_accept())
        .prop_map(|(zone, prefixes, ports, auto_accept)| NetworkSpec {
            zone,
            prefixes,
            ports,
            auto_accept,
        })
        .boxed()
}

fn network_change(number: usize) -> BoxedStrategy<NetworkChange> {
    prop_oneof![
        zone().prop_map(NetworkChange::Zone),
        prefixes(number).prop_map(NetworkChange::Prefixes),
        ports(number).prop_map(NetworkChange::Ports),
        auto_accept().prop_map(NetworkChange::AutoAccept),
    ]
    .boxed()
}

fn zone() -> impl Strategy<Value = usize> {
    prop_oneof![9 => Just(0), 1 => 0..ZONES.len()]
}

/// Mostly its own interface; sometimes another's, none, or one that is not there.
fn ports(number: usize) -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        12 => Just(vec![number]),
        1 => Just(vec![]),
        1 => Just(vec![6]),
        1 => Just(vec![6, 5, number]),
        1 => Just(vec![5]),
        1 => (0..DECLARABLE).prop_map(|other| vec![other]),
    ]
}

fn auto_accept() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        8 => Just(vec![]),
        1 => Just(vec!["*"]),
        2 => select(vec!["a", "b", "c"]).prop_map(|one| vec![one]),
    ]
}

/// Somewhere in the network's own space; sometimes in its neighbour's.
fn prefix(number: usize) -> impl Strategy<Value = IpNet> {
    let space = prop_oneof![5 => Just(number), 1 => 0..DECLARABLE];
    let part = select(vec![
        "0.0/16", "0.0/17", "128.0/17", "7.0/24", "7.64/26", "v6", "v6/48",
    ]);
    (space, part).prop_map(|(space, part)| {
        let text = match part {
            "v6" => format!("fd00:{space}::/32"),
            "v6/48" => format!("fd00:{space}:1::/48"),
            part => format!("10.{space}.{part}"),
        };
        text.parse().expect("a prefix")
    })
}

/// Sorted, none inside another.
fn prefixes(number: usize) -> impl Strategy<Value = Vec<IpNet>> {
    vec(prefix(number), 1..4).prop_map(|mut drawn| {
        drawn.sort();
        drawn.dedup();
        let all = drawn.clone();
        drawn.retain(|net| !all.iter().any(|other| other != net && other.contains(net)));
        drawn
    })
}

fn export(own: usize) -> impl Strategy<Value = Option<Vec<IpNet>>> {
    prop_oneof![2 => Just(None), 1 => vec(prefix(own), 0..4).prop_map(Some)]
}

fn ttl() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![1 => Just(None), 2 => (1u64..10).prop_map(Some)]
}

fn peer(ids: u32) -> impl Strategy<Value = Peer> {
    // The first that is made is the 1st: 0 is nobody's id.
    prop_oneof![3 => (0..NETWORKS.len()).prop_map(Peer::Name), 1 => (0..=ids).prop_map(Peer::Id)]
}

fn consent(slot: usize, ids: u32) -> BoxedStrategy<ConsentSpec> {
    let owned: Vec<usize> = (0..DECLARABLE)
        .filter(|own| namespace(NETWORKS[*own]) == namespace(CONSENTS[slot]))
        .collect();
    let own = select(owned);
    let up = weighted(0.9, Just(()));
    let impossible = weighted(0.04, Just(()));
    (own, peer(ids), up, ttl(), impossible)
        .prop_flat_map(|(own, peer, up, ttl, impossible)| {
            export(own).prop_map(move |export| ConsentSpec {
                own,
                peer,
                up: up.is_some(),
                export,
                ttl,
                impossible: impossible.is_some(),
                label: 0,
                origin: Origin::Native,
                objection: None,
            })
        })
        .boxed()
}

fn consent_change(slot: usize, ids: u32) -> BoxedStrategy<ConsentChange> {
    prop_oneof![
        5 => any::<bool>().prop_map(ConsentChange::Up),
        1 => peer(ids).prop_map(ConsentChange::Peer),
        3 => (0..DECLARABLE).prop_flat_map(export).prop_map(ConsentChange::Export),
        2 => ttl().prop_map(ConsentChange::Ttl),
        1 => any::<bool>().prop_map(ConsentChange::Impossible),
        1 => (0u8..3).prop_map(ConsentChange::Label),
    ]
    .prop_map(move |change| match change {
        // Nothing in a consent's own space is as likely as anything else.
        ConsentChange::Export(Some(_)) if slot.is_multiple_of(5) => {
            ConsentChange::Export(Some(Vec::new()))
        }
        change => change,
    })
    .boxed()
}
