//! Table files: what each declares now, or declared when it was last good.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Serialize, Serializer};

use super::{
    last_good::LastGood,
    objects::{Files, Stored},
};
use crate::{
    dialect::{self, Declared, Finding},
    model::Table,
};

/// How long ago a file was written before it is read unasked.
const SETTLED: Duration = Duration::from_secs(2);

/// All table files.
pub struct TableFiles {
    sources: Vec<PathBuf>,
    files: BTreeMap<PathBuf, TableFile>,
    last_good: LastGood,
}

#[derive(Default)]
struct TableFile {
    /// What `declared` was read from.
    text: Option<String>,
    /// The file is empty or gone, and what it declared stays all the same.
    held: bool,
    declared: Declared,
    report: FileReport,
}

/// What there is to say about one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its path.
    #[serde(serialize_with = "displayed")]
    pub file: PathBuf,
    /// How many objects of it are in force.
    pub objects: usize,
    /// It was emptied or vanished, and what it declared stays in force all the same.
    pub held: bool,
    /// Why its present content is refused, each as `FILE:LINE:COLUMN: sentence`; its
    /// last good version stays in force.
    pub errors: Vec<String>,
    /// What it declares without effect.
    pub warnings: Vec<String>,
}

impl TableFiles {
    /// Read `sources`, files and directories of `*.yaml`, `*.yml` and `*.json`. None may
    /// declare what the API has `stored`.
    ///
    /// # Errors
    /// If a source does not exist or the state directory cannot be written.
    pub fn open(sources: &[PathBuf], state_dir: &Path, stored: &Stored) -> io::Result<Self> {
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
        let paths = tables.paths();
        tables.last_good.retain(&paths);
        for path in paths {
            tables.read_first(&path, stored);
        }
        Ok(tables)
    }

    /// The sources, to watch them.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// Read these files again, or with `None` all that nobody is writing just now. None
    /// may declare what the API has `stored`. Returns the reports that changed.
    pub fn reload(
        &mut self,
        changed: Option<&BTreeSet<PathBuf>>,
        stored: &Stored,
    ) -> Vec<FileReport> {
        let before = self.reports();
        let mut paths: BTreeSet<PathBuf> = self.paths().into_iter().collect();
        paths.extend(self.files.keys().cloned());
        paths.retain(|path| changed.map_or_else(|| is_settled(path), |some| some.contains(path)));
        // A file refused for a name another declares may stand once that one has let
        // go of it; each round lets at least one more stand, or is the last.
        for _ in 0..=self.files.len() {
            let round = self.reports();
            for path in &paths {
                self.read_again(path, stored);
            }
            if self.reports() == round {
                break;
            }
            paths = self
                .files
                .iter()
                .filter(|(_, file)| !file.report.errors.is_empty())
                .map(|(path, _)| path.clone())
                .collect();
        }
        let reports = self.reports().into_iter();
        reports.filter(|report| !before.contains(report)).collect()
    }

    /// Let go of what emptied or vanished files declared.
    pub fn release(&mut self) {
        for (path, file) in self.files.iter().filter(|(_, file)| file.held) {
            self.last_good.forget(path);
            tracing::info!("{}: {} objects let go", path.display(), file.report.objects);
        }
        self.files.retain(|_, file| !file.held);
    }

    /// The file of every object in force.
    pub fn places(&self) -> Files {
        let mut places = Files::new();
        for (path, file) in &self.files {
            for ((kind, id), _) in file.declared.keys() {
                places.insert((kind, id.clone()), path.clone());
            }
        }
        places
    }

    /// Every object in force. Names are unique: a file that repeats another's was
    /// refused.
    pub fn table(&self) -> Table {
        let mut table = Table::default();
        let (held, present): (Vec<_>, Vec<_>) = self.files.values().partition(|file| file.held);
        for file in held.into_iter().chain(present) {
            let of_file = file.declared.clone().table();
            table.networks.extend(of_file.networks);
            table.consents.extend(of_file.consents);
            table.foreign.extend(of_file.foreign);
        }
        table
    }

    /// What there is to say about every file.
    pub fn reports(&self) -> Vec<FileReport> {
        self.files
            .values()
            .map(|file| FileReport {
                held: file.held,
                ..file.report.clone()
            })
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
    fn read_first(&mut self, path: &Path, stored: &Stored) {
        let accepted = read(path).and_then(|text| self.accept(path, text, stored));
        let file = accepted.unwrap_or_else(|errors| {
            let copy = self.last_good.load(path);
            let declared = copy.and_then(|text| dialect::parse(&text).ok());
            TableFile::new(path, declared.unwrap_or_default(), errors, Vec::new())
        });
        self.files.insert(path.to_owned(), file);
    }

    /// While running: nothing is withdrawn by a file that is broken, empty or gone.
    fn read_again(&mut self, path: &Path, stored: &Stored) {
        let known = self.files.get(path);
        let text = read(path);
        let unchanged = known
            .is_some_and(|file| file.text.is_some() && file.text.as_ref() == text.as_ref().ok());
        if unchanged && known.is_some_and(|file| file.report.errors.is_empty() && !file.held) {
            return;
        }
        let had_objects = known.is_some_and(|file| !file.declared.is_empty());
        let gone = !path.exists();
        match text.and_then(|text| self.accept(path, text, stored)) {
            Ok(file) if !file.declared.is_empty() || !had_objects => {
                self.files.insert(path.to_owned(), file);
            }
            Ok(_) => {
                let file = self.files.entry(path.to_owned()).or_default();
                file.held = true;
                file.report.errors = Vec::new();
                file.report.warnings = vec![format!(
                    "{}: was emptied; what it declared stays in force until `peerctl apply --prune` or a restart",
                    path.display()
                )];
            }
            Err(errors) => {
                let file = self.files.entry(path.to_owned()).or_default();
                file.held = gone;
                file.report.file = path.to_owned();
                file.report.errors = errors;
            }
        }
    }

    /// What a text declares, if it can stand beside the other files.
    fn accept(&self, path: &Path, text: String, stored: &Stored) -> Result<TableFile, Vec<String>> {
        let declared = dialect::parse(&text).map_err(|errors| texts(path, &errors))?;
        let repeated = self.repeated(path, &declared, stored);
        if !repeated.is_empty() {
            return Err(texts(path, &repeated));
        }
        let mut warnings = texts(path, &declared.warnings);
        if declared.is_empty() {
            self.last_good.forget(path);
        } else if let Err(error) = self.last_good.save(path, &text) {
            // An edit may close a peering: it counts, copy or not. The old copy would
            // open it again.
            self.last_good.forget(path);
            warnings.push(format!(
                "{}: no copy is kept for a restart: {error}",
                path.display()
            ));
        }
        let file = TableFile::new(path, declared, Vec::new(), warnings);
        Ok(TableFile {
            text: Some(text),
            ..file
        })
    }

    /// Objects that another file or the API declares already.
    fn repeated(&self, path: &Path, declared: &Declared, stored: &Stored) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((kind, id), at) in declared.keys() {
            if stored.objects.contains_key(&(kind, id.clone())) {
                findings.push(Finding {
                    at,
                    text: format!("{kind} {id} was made through the API; delete it there first"),
                });
            }
        }
        // What an empty or vanished file left behind gives way: it may have moved.
        let others = self
            .files
            .iter()
            .filter(|(other, file)| *other != path && !file.held);
        for (other, file) in others {
            let taken: BTreeSet<_> = file.declared.keys().map(|(key, _)| key).collect();
            for ((kind, id), at) in declared.keys() {
                if taken.contains(&(kind, id)) {
                    findings.push(Finding {
                        at,
                        text: format!("{kind} {id} is declared in {} already", other.display()),
                    });
                }
            }
        }
        findings
    }
}

impl TableFile {
    fn new(path: &Path, declared: Declared, errors: Vec<String>, warnings: Vec<String>) -> Self {
        let report = FileReport {
            file: path.to_owned(),
            objects: declared.keys().count(),
            held: false,
            errors,
            warnings,
        };
        Self {
            declared,
            report,
            ..Self::default()
        }
    }
}

fn read(path: &Path) -> Result<String, Vec<String>> {
    fs::read_to_string(path)
        .map_err(|error| vec![format!("{}: cannot be read: {error}", path.display())])
}

/// Paths need not be UTF-8, JSON strings must.
fn displayed<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// `FILE:LINE:COLUMN: sentence`.
fn texts(path: &Path, findings: &[Finding]) -> Vec<String> {
    let named = |finding| format!("{}:{finding}", path.display());
    findings.iter().map(named).collect()
}

/// Whether a file looks as if nobody were writing it: it may be half-way, and still
/// parse, with half of its objects missing.
fn is_settled(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > SETTLED))
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
