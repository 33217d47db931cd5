//! What must leave no trace: another order of documents, and a restart.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use peer_userspace::{
    dialect,
    lifecycle::Facts,
    store::{Declaration, Store, StoreError},
};

use super::system::System;

/// Write the files' objects down in another order, and read them again.
pub(crate) fn shuffle(system: &mut System, seed: u64) {
    let networks = system.files.networks.values().cloned();
    let consents = system.files.consents.values().cloned();
    let mut documents: Vec<String> = networks
        .map(Declaration::Network)
        .chain(consents.map(Declaration::Peering))
        .map(|declared| declared.document().to_string())
        .collect();
    let mut chance = seed;
    for last in (1..documents.len()).rev() {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let other = (chance >> 33) as usize % (last + 1);
        documents.swap(last, other);
    }
    let text = documents.join("\n---\n");
    let read = dialect::parse(&text).expect("what was written can be read");
    let table = read.table();
    assert_eq!(table, system.files, "as it is read in another order");
    system.files = table;
}

/// Put it all on disk and take it back from there.
pub(crate) fn restart(system: &mut System) {
    let directory = directory();
    fs::create_dir_all(&directory).expect("a directory");
    let (store, nothing) = Store::open(&directory).expect("a new store");
    store
        .write(|stored| {
            stored.objects = system.stored.objects.clone();
            stored.decisions = system.stored.decisions.clone();
            Ok::<(), StoreError>(())
        })
        .expect("it is written");
    store
        .keep_facts(&nothing.into(), &system.facts.clone().into())
        .expect("facts are written");
    drop(store);
    let (store, facts): (Store, Facts) = Store::open(&directory).expect("the same store");
    let stored = Arc::unwrap_or_clone(store.stored());
    drop(store);
    fs::remove_dir_all(&directory).expect("the directory is ours");
    assert_eq!(facts, system.facts, "facts after a restart");
    assert_eq!(
        stored.objects, system.stored.objects,
        "objects after a restart"
    );
    assert_eq!(
        stored.decisions, system.stored.decisions,
        "decisions after a restart"
    );
    system.facts = facts;
    system.stored = stored;
}

/// In memory where there is such a place: the disk is not what is tested.
fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() {
        memory
    } else {
        env::temp_dir()
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    base.join(format!("peerd-lifecycle-{}-{count}", process::id()))
}
