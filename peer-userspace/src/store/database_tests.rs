//! Writers at the same time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::{self, Scope},
    time::Duration,
};

use super::*;
use crate::model::ObjectRef;

/// Long enough for a thread to do what it does at once.
const A_MOMENT: Duration = Duration::from_millis(50);

/// A state directory of a test's own.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("peerd-store-{}-{count}", process::id()));
        fs::create_dir(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(directory: &Path) -> Store {
    Store::open(directory).expect("a store").0
}

fn id(number: usize) -> ObjectRef {
    format!("team/hold-{number}").parse().expect("a name")
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Unwanted,
    Store,
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::Store
    }
}

/// What a writer is answered: how many there were before it.
type Answers = Receiver<(usize, Result<usize, Refusal>)>;

/// Writers that each put a hold into the store, every third of which refuses in the end,
/// and one that finds nothing to change. All wait when this returns.
fn writers<'s>(scope: &'s Scope<'s, '_>, store: &'s Store, count: usize) -> Answers {
    let (sender, answers) = mpsc::channel();
    for number in 0..=count {
        let sender = sender.clone();
        scope.spawn(move || {
            let answer = store.write(|stored| {
                let before = stored.decisions.holds.len();
                stored.decisions.holds.insert(id(number % count));
                if number % 3 == 2 {
                    return Err(Refusal::Unwanted);
                }
                Ok(before)
            });
            let _ = sender.send((number, answer.map(|(before, _)| before)));
        });
        // In their order: what refuses with nothing before it would not wait.
        while lock(&store.queue).waiting.len() <= number {
            thread::yield_now();
        }
    }
    answers
}

#[test]
fn all_who_wait_share_a_transaction_and_none_is_told_before_it_is_on_disk() {
    let directory = Directory::new();
    let store = open(&directory.0);
    let mut word = store.subscribe();
    thread::scope(|scope| {
        let busy = lock(&store.disk);
        let answers = writers(scope, &store, 9);
        let early = answers.recv_timeout(A_MOMENT);
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "told too early");
        assert_eq!(*store.stored(), Stored::default(), "shown too early");
        drop(busy);
        let mut answers: Vec<_> = answers.iter().collect();
        answers.sort_unstable_by_key(|(number, _)| *number);
        let wanted = (0..9).map(|number| match number % 3 {
            2 => Err(Refusal::Unwanted),
            place => Ok(number / 3 * 2 + place),
        });
        let wanted: Vec<_> = wanted.chain([Ok(6)]).enumerate().collect();
        assert_eq!(answers, wanted, "each sees what those before it left");
    });
    assert_eq!(word.borrow_and_update().revision, 6);
    drop(store);
    let holds = &open(&directory.0).stored().decisions.holds;
    assert_eq!(holds.len(), 6, "{holds:?}");
}

#[test]
fn all_who_share_a_transaction_that_fails_are_told_and_nothing_of_them_stays() {
    let directory = Directory::new();
    let store = open(&directory.0);
    thread::scope(|scope| {
        let mut disk = lock(&store.disk);
        let answers = writers(scope, &store, 9);
        // The file cannot be opened again.
        disk.database = None;
        fs::rename(&directory.0, directory.0.with_extension("away")).expect("another name");
        drop(disk);
        for (number, answer) in answers {
            assert_eq!(answer, Err(Refusal::Store), "{number}");
        }
        assert_eq!(*store.stored(), Stored::default());
        fs::rename(directory.0.with_extension("away"), &directory.0).expect("its name");
    });
    let written = store.write(|stored| {
        let before = stored.decisions.holds.len();
        stored.decisions.holds.insert(id(0));
        Ok::<_, Refusal>(before)
    });
    let (before, after) = written.expect("it is back");
    assert_eq!((before, after.revision), (0, 1));
    drop(store);
    let holds = &open(&directory.0).stored().decisions.holds;
    assert_eq!(holds.len(), 1, "{holds:?}");
}

#[test]
fn table_files_are_read_when_all_is_on_disk_and_nobody_writes_meanwhile() {
    let directory = Directory::new();
    let store = open(&directory.0);
    thread::scope(|scope| {
        let busy = lock(&store.disk);
        let answers = writers(scope, &store, 3);
        let claim = scope.spawn(|| {
            store.claim(|stored| {
                assert_eq!(*stored, *store.stored(), "all is on disk");
                let other = scope.spawn(|| store.write(hold_more));
                thread::sleep(A_MOMENT);
                assert!(!other.is_finished(), "written meanwhile");
                (stored.revision, Files::new())
            })
        });
        thread::sleep(A_MOMENT);
        assert!(!claim.is_finished(), "read with others' writes under way");
        drop(busy);
        assert_eq!(answers.iter().count(), 4);
        assert_eq!(claim.join().expect("it is read"), 2);
    });
    assert_eq!(store.stored().revision, 3, "who waited writes afterwards");
}

fn hold_more(stored: &mut Stored) -> Result<(), Refusal> {
    stored.decisions.holds.insert(id(100));
    Ok(())
}

#[test]
fn what_finds_nothing_to_tidy_waits_for_nobody() {
    let directory = Directory::new();
    let store = open(&directory.0);
    thread::scope(|scope| {
        let busy = lock(&store.disk);
        let answers = writers(scope, &store, 1);
        let tidied = store.tidy(|_| Ok::<_, Refusal>("nothing"));
        assert_eq!(tidied.expect("it need not be written").0, "nothing");
        drop(busy);
        assert_eq!(answers.iter().count(), 2);
    });
    let tidied = store.tidy(|stored| Ok::<_, Refusal>(stored.decisions.holds.remove(&id(0))));
    let (was_there, after) = tidied.expect("it is written");
    assert_eq!((was_there, after.revision), (true, 2));
    assert!(store.stored().decisions.holds.is_empty());
}
