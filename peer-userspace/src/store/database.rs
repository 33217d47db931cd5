//! What must survive: on disk before anybody is told that it is accepted.
//!
//! Those who write at the same time share a transaction: each builds upon what all before
//! it left, and is told what came of it once the disk has them all, or none. What readers
//! see is what the disk holds.

use std::{
    mem,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        mpsc::{self, Sender},
    },
};

use tokio::sync::watch;

use super::{
    clock::Clock,
    content::Content,
    disk::{Change, Disk},
    error::StoreError,
    objects::{Files, Stored},
};
use crate::lifecycle::Facts;

/// The store.
pub struct Store {
    clock: Clock,
    /// What the disk holds, and which names files have.
    stored: watch::Sender<Arc<Stored>>,
    /// Shared by all who write until they are told what came of it.
    door: RwLock<()>,
    queue: Mutex<Queue>,
    disk: Mutex<Disk>,
}

/// Those whom the next transaction will write.
struct Queue {
    /// What will be stored then.
    stored: Arc<Stored>,
    /// Facts to be kept, each as on disk and as they are.
    facts: Vec<[Arc<Facts>; 2]>,
    /// Where each is told what came of it. The first sees to the transaction.
    waiting: Vec<Sender<Result<(), StoreError>>>,
}

impl Store {
    /// The store in `state_dir`, made if it is missing, and the facts in it.
    ///
    /// # Errors
    /// If it cannot be read, or another daemon has it.
    pub fn open(state_dir: &Path) -> Result<(Self, Facts), StoreError> {
        let (disk, content) = Disk::open(state_dir.join("store.redb"))?;
        let Content {
            stored,
            facts,
            last,
        } = content;
        let stored = Arc::new(stored);
        let store = Self {
            clock: Clock::from(last.as_ref()),
            stored: watch::Sender::new(stored.clone()),
            door: RwLock::default(),
            queue: Mutex::new(Queue {
                stored,
                facts: Vec::new(),
                waiting: Vec::new(),
            }),
            disk: Mutex::new(disk),
        };
        Ok((store, facts))
    }

    /// Host time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What is stored.
    pub fn stored(&self) -> Arc<Stored> {
        self.stored.borrow().clone()
    }

    /// Word of every write.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Stored>> {
        self.stored.subscribe()
    }

    /// Change what is stored, whole or not at all. `change` sees what all changes before
    /// it left, and may refuse. Returns the revision that holds it.
    ///
    /// # Errors
    /// `change`'s refusal, or a [`StoreError`]; nothing is changed then.
    pub fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Stored) -> Result<T, E>,
    ) -> Result<(T, Arc<Stored>), E> {
        let _among_others = self.door.read().unwrap_or_else(PoisonError::into_inner);
        let mut queue = lock(&self.queue);
        let mut after = Stored::clone(&queue.stored);
        let answer = change(&mut after);
        if answer.is_ok() && after != *queue.stored {
            after.revision += 1;
            queue.stored = Arc::new(after);
        }
        let after = queue.stored.clone();
        // An answer may rest on changes of others: it is given when they are on disk.
        if after.revision != self.stored.borrow().revision {
            self.wait(queue)?;
        }
        Ok((answer?, after))
    }

    /// The same for what is asked again and again, and most often changes nothing: it waits
    /// for nobody's change then.
    ///
    /// # Errors
    /// As above.
    pub fn tidy<T, E: From<StoreError>>(
        &self,
        change: impl Fn(&mut Stored) -> Result<T, E>,
    ) -> Result<(T, Arc<Stored>), E> {
        let before = self.stored();
        let mut after = Stored::clone(&before);
        let answer = change(&mut after)?;
        if after == *before {
            return Ok((answer, before));
        }
        self.write(change)
    }

    /// Have table files read: `read` sees what is stored, whose names no file may take,
    /// and returns the names that files have from now on, which nobody may take here.
    pub fn claim<T>(&self, read: impl FnOnce(&Stored) -> (T, Files)) -> T {
        // All is on disk that was written, and nobody writes.
        let _alone = self.door.write().unwrap_or_else(PoisonError::into_inner);
        let mut queue = lock(&self.queue);
        let (answer, files) = read(&queue.stored);
        if files != *queue.stored.files {
            queue.stored = Arc::new(Stored {
                files: Arc::new(files),
                ..Stored::clone(&queue.stored)
            });
            self.stored.send_replace(queue.stored.clone());
        }
        answer
    }

    /// Keep what was observed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_facts(&self, before: &Arc<Facts>, after: &Arc<Facts>) -> Result<(), StoreError> {
        let _among_others = self.door.read().unwrap_or_else(PoisonError::into_inner);
        let mut queue = lock(&self.queue);
        if let Some(with) = queue.stored.with_uids_of(after) {
            queue.stored = Arc::new(with);
        }
        queue.facts.push([before.clone(), after.clone()]);
        self.wait(queue)
    }

    /// Keep the time alone, which every other write keeps as well.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_time(&self) -> Result<(), StoreError> {
        lock(&self.disk).commit(&Change::default(), &self.clock.reading())
    }

    /// Wait until what is in the queue is on disk. Whoever comes first takes it there, as
    /// soon as the transaction before is done; the others come with it.
    fn wait(&self, mut queue: MutexGuard<'_, Queue>) -> Result<(), StoreError> {
        let (told, outcome) = mpsc::channel();
        queue.waiting.push(told);
        let is_first = queue.waiting.len() == 1;
        drop(queue);
        if is_first {
            self.take_to_disk();
        }
        outcome.recv().unwrap_or(Err(StoreError::Abandoned))
    }

    /// One transaction for all who are in the queue by now.
    fn take_to_disk(&self) {
        let mut disk = lock(&self.disk);
        let mut queue = lock(&self.queue);
        let after = queue.stored.clone();
        let facts = mem::take(&mut queue.facts);
        let mut waiting = mem::take(&mut queue.waiting);
        drop(queue);
        let before = self.stored();
        let is_changed = after.revision != before.revision;
        let change = Change {
            stored: is_changed.then(|| [before.clone(), after.clone()]),
            facts,
        };
        // Others are not to wait for ever for one whose thread ends.
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            if change.is_empty() {
                return Ok(());
            }
            disk.commit(&change, &self.clock.reading())
        }));
        let outcome = outcome.unwrap_or(Err(StoreError::Abandoned));
        if outcome.is_err() {
            // Whoever came meanwhile built upon what is not to be.
            let mut queue = lock(&self.queue);
            queue.stored = Arc::new(Stored {
                taken: queue.stored.taken.clone(),
                ..Stored::clone(&before)
            });
            queue.facts.clear();
            waiting.append(&mut queue.waiting);
        } else if is_changed {
            self.stored.send_replace(after);
        }
        for told in waiting {
            // Who is told nothing is no more.
            let _ = told.send(outcome.clone());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
