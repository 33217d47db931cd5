//! Table files: what each declares now, or declared when it was last good.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::last_good::LastGood;
use crate::{
    dialect::{self, Declared, Finding, Position},
    model::{ObjectRef, Table},
};

/// All table files.
pub struct TableFiles {
    sources: Vec<PathBuf>,
    files: BTreeMap<PathBuf, TableFile>,
    last_good: LastGood,
}

#[derive(Default)]
struct TableFile {
    declared: Declared,
    report: FileReport,
}

/// What there is to say about one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its path.
    pub file: PathBuf,
    /// How many objects of it are in force.
    pub objects: usize,
    /// Why its present content is refused, each as `FILE:LINE:COLUMN: sentence`; its
    /// last good version stays in force.
    pub errors: Vec<String>,
    /// What it declares without effect.
    pub warnings: Vec<String>,
}

impl TableFiles {
    /// Read `sources`, files and directories of `*.yaml`, `*.yml` and `*.json`.
    ///
    /// # Errors
    /// If a source does not exist or the state directory cannot be written.
    pub fn open(sources: &[PathBuf], state_dir: &Path) -> io::Result<Self> {
        let sources = sources
            .iter()
            .map(|path| {
                // Absolute, as watchers name it, but with its links as they are: what
                // they point to may be exchanged.
                fs::metadata(path)
                    .and_then(|_| std::path::absolute(path))
                    .map_err(|error| named(path, &error))
            })
            .collect::<io::Result<Vec<_>>>()?;
        let last_good = LastGood::open(state_dir).map_err(|error| named(state_dir, &error))?;
        let mut tables = Self {
            sources,
            files: BTreeMap::new(),
            last_good,
        };
        for path in tables.paths() {
            tables.read_first(&path);
        }
        Ok(tables)
    }

    /// The sources, to watch them.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// Read these files again, or all with `None`. Returns the reports that changed.
    pub fn reload(&mut self, changed: Option<&BTreeSet<PathBuf>>) -> Vec<FileReport> {
        let before: BTreeMap<PathBuf, FileReport> = self
            .files
            .iter()
            .map(|(path, file)| (path.clone(), file.report.clone()))
            .collect();
        let mut paths: BTreeSet<PathBuf> = self.paths().into_iter().collect();
        paths.extend(self.files.keys().cloned());
        for path in paths
            .iter()
            .filter(|path| changed.is_none_or(|some| some.contains(*path)))
        {
            self.read_again(path);
        }
        let reports = self.reports().into_iter();
        reports
            .filter(|report| before.get(&report.file) != Some(report))
            .collect()
    }

    /// Every object in force. Names are unique: a file that repeats another's was
    /// refused.
    pub fn table(&self) -> Table {
        let mut table = Table::default();
        for file in self.files.values() {
            let networks = file.declared.networks.iter();
            table
                .networks
                .extend(networks.map(|(network, _)| (network.id.clone(), network.clone())));
            let consents = file.declared.consents.iter();
            table
                .consents
                .extend(consents.map(|(consent, _)| (consent.id.clone(), consent.clone())));
        }
        table
    }

    /// What there is to say about every file.
    pub fn reports(&self) -> Vec<FileReport> {
        self.files
            .values()
            .map(|file| file.report.clone())
            .collect()
    }

    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for source in &self.sources {
            if !source.is_dir() {
                paths.push(source.clone());
                continue;
            }
            let entries = fs::read_dir(source).into_iter().flatten().flatten();
            paths.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| is_table(path)),
            );
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// At start: a file that cannot be read falls back to its copy; an empty one
    /// means what it says.
    fn read_first(&mut self, path: &Path) {
        match self.accept(path) {
            Ok((declared, warnings)) => self.put(path, declared, Vec::new(), warnings),
            Err(errors) => {
                let copy = self
                    .last_good
                    .load(path)
                    .and_then(|text| dialect::parse(&text).ok());
                self.put(path, copy.unwrap_or_default(), errors, Vec::new());
            }
        }
    }

    /// While running: nothing is withdrawn by a file that is broken, empty or gone.
    fn read_again(&mut self, path: &Path) {
        let had_objects = self
            .files
            .get(path)
            .is_some_and(|file| !file.declared.is_empty());
        let outcome = self.accept(path);
        let file = self.files.entry(path.to_owned()).or_default();
        file.report.file = path.to_owned();
        match outcome {
            Ok((declared, warnings)) if !declared.is_empty() || !had_objects => {
                self.put(path, declared, Vec::new(), warnings);
            }
            Ok(_) => {
                file.report.errors = Vec::new();
                file.report.warnings = vec![format!(
                    "{}: was emptied; what it declared stays in force until a restart",
                    path.display()
                )];
            }
            Err(errors) => file.report.errors = errors,
        }
    }

    /// The content of a file, if it can stand beside the others.
    fn accept(&self, path: &Path) -> Result<(Declared, Vec<String>), Vec<String>> {
        let text = fs::read_to_string(path)
            .map_err(|error| vec![format!("{}: cannot be read: {error}", path.display())])?;
        let declared = dialect::parse(&text).map_err(|errors| texts(path, &errors))?;
        let repeated = self.repeated(path, &declared);
        if !repeated.is_empty() {
            return Err(texts(path, &repeated));
        }
        let mut warnings = texts(path, &declared.warnings);
        if declared.is_empty() {
            self.last_good.forget(path);
        } else if let Err(error) = self.last_good.save(path, &text) {
            // An edit may close a peering: it counts, copy or not.
            warnings.push(format!(
                "{}: no copy is kept for a restart: {error}",
                path.display()
            ));
        }
        Ok((declared, warnings))
    }

    /// Objects that another file declares already.
    fn repeated(&self, path: &Path, declared: &Declared) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (other, file) in self.files.iter().filter(|(other, _)| *other != path) {
            let repeat = |kind: &str, id: &ObjectRef, at: &Position| Finding {
                at: *at,
                text: format!("{kind} {id} is declared in {} already", other.display()),
            };
            let networks: BTreeSet<&ObjectRef> = file
                .declared
                .networks
                .iter()
                .map(|(network, _)| &network.id)
                .collect();
            let consents: BTreeSet<&ObjectRef> = file
                .declared
                .consents
                .iter()
                .map(|(consent, _)| &consent.id)
                .collect();
            for (network, at) in &declared.networks {
                if networks.contains(&network.id) {
                    findings.push(repeat("Network", &network.id, at));
                }
            }
            for (consent, at) in &declared.consents {
                if consents.contains(&consent.id) {
                    findings.push(repeat("Peering", &consent.id, at));
                }
            }
        }
        findings
    }

    fn put(&mut self, path: &Path, declared: Declared, errors: Vec<String>, warnings: Vec<String>) {
        let report = FileReport {
            file: path.to_owned(),
            objects: declared.networks.len() + declared.consents.len(),
            errors,
            warnings,
        };
        self.files
            .insert(path.to_owned(), TableFile { declared, report });
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// `FILE:LINE:COLUMN: sentence`.
fn texts(path: &Path, findings: &[Finding]) -> Vec<String> {
    let named = |finding| format!("{}:{finding}", path.display());
    findings.iter().map(named).collect()
}

/// Whether a file in a table directory is one of ours. Editors leave hidden ones.
fn is_table(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let known = path
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension));
    !hidden && known
}
