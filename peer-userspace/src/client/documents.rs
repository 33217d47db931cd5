//! `-f`: files of documents, as one stream, and places in that stream as places
//! in the files.
//!
//! Must not read what the documents say: peerd does, or `dialect` for `check` and
//! `convert`.

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use super::Failure;
use crate::dialect::Finding;

/// What a stream may have (docs/api.md, `too-large`).
const LIMIT: usize = 64 << 20;

/// Ends a document without beginning one, so that each file may have directives.
const SEPARATOR: &str = "...\n";

/// `-f`, for commands to flatten.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Files {
    /// A table file, or - for stdin; may be given again
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

/// Several files as one stream.
#[derive(Debug)]
pub(super) struct Documents {
    /// The stream.
    pub(super) text: String,
    files: Vec<Part>,
}

/// One file's part of the stream.
#[derive(Debug)]
struct Part {
    name: String,
    text: Range<usize>,
    lines: usize,
}

impl Documents {
    /// Read every file.
    pub(super) fn read(Files { files }: &Files) -> Result<Self, Failure> {
        let mut documents = Self::of([]);
        for file in files {
            let name = name(file);
            let text = text(file)
                .map_err(|error| Failure::Failed(format!("{name} cannot be read: {error}")))?;
            documents.add(name, &text);
        }
        if documents.text.len() > LIMIT {
            return Err(Failure::Failed(format!(
                "the files have more than {} MiB together, which peerd does not take; apply them in parts",
                LIMIT >> 20
            )));
        }
        Ok(documents)
    }

    fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let mut documents = Self {
            text: String::new(),
            files: Vec::new(),
        };
        for (name, text) in files {
            documents.add(name.to_owned(), text);
        }
        documents
    }

    fn add(&mut self, name: String, text: &str) {
        if !self.files.is_empty() {
            self.text.push_str(SEPARATOR);
        }
        // A byte order mark is none in the middle of a stream.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start = self.text.len();
        self.text.push_str(text);
        if !text.ends_with(['\n', '\r']) {
            self.text.push('\n');
        }
        let text = start..self.text.len();
        // The separator after a file counts as its last line: what is wrong
        // there is wrong with the end of this file.
        let lines = lines(&self.text[text.clone()]) + 1;
        self.files.push(Part { name, text, lines });
    }

    /// Name and text of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.map(|file| (file.name.as_str(), &self.text[file.text.clone()]))
    }

    /// What was found in the stream, as found in the files.
    pub(super) fn places(&self, findings: &[Finding]) -> Vec<String> {
        let findings = findings.iter();
        findings
            .map(|finding| self.place(&finding.to_string()))
            .collect()
    }

    /// What was said about `LINE:COLUMN: …` of the stream, as said about a file.
    pub(super) fn place(&self, finding: &str) -> String {
        let Some((line, rest)) = position(finding) else {
            return finding.to_owned();
        };
        let mut before = 0;
        for Part { name, lines, .. } in &self.files {
            if line <= before + lines {
                return format!("{name}:{}:{rest}", line - before);
            }
            before += lines;
        }
        finding.to_owned()
    }
}

/// A finding without its place, for documents the user did not write.
pub(super) fn without_place(finding: &str) -> String {
    let sentence = position(finding).and_then(|(_, rest)| rest.split_once(": "));
    sentence
        .map_or(finding, |(_, sentence)| sentence)
        .to_owned()
}

/// The line, and `COLUMN: sentence`.
fn position(finding: &str) -> Option<(usize, &str)> {
    let (line, rest) = finding.split_once(':')?;
    let (column, _) = rest.split_once(':')?;
    column.parse::<usize>().ok()?;
    Some((line.parse().ok()?, rest))
}

/// How many lines end in a text, by YAML 1.2 section 5.4.
fn lines(text: &str) -> usize {
    let returns = text.matches('\r').count() - text.matches("\r\n").count();
    returns + text.matches('\n').count()
}

/// What to call a file.
fn name(file: &Path) -> String {
    if is_stdin(file) {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    }
}

/// What is in a file.
fn text(file: &Path) -> io::Result<String> {
    if is_stdin(file) {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(file)
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    const GOOD: &str = "{apiVersion: peerd/v1, kind: Network, metadata: {name: NAME}, spec: {prefixes: [10.0.0.0/8], ports: [{interface: NAME}]}}";

    fn network(name: &str) -> String {
        GOOD.replace("NAME", name)
    }

    #[test]
    fn files_of_every_form_make_one_stream() {
        let directive = format!("%YAML 1.2\n---\n{}\n", network("b"));
        let marked = format!("\u{feff}{}", network("c"));
        let ended = format!("---\n{}\n...\n", network("d"));
        let documents = Documents::of([
            ("a", &network("a")),
            ("empty", ""),
            ("b", &directive),
            ("c", &marked),
            ("d", &ended),
            ("comment", "# nothing"),
            ("e", &network("e")),
        ]);
        let declared = dialect::parse(&documents.text).unwrap();
        assert_eq!(declared.networks.len(), 5, "{}", documents.text);
    }

    #[test]
    fn a_place_in_the_stream_is_one_in_its_file() {
        let bad = network("UPPER");
        for end in ["", "\n", "\r\n", "\r", "\n\n\n"] {
            let first = format!("# one\r\n# two\n{}{end}", network("a"));
            let second = format!("#\n#\n#\n{bad}{end}");
            let documents =
                Documents::of([("first", &first), ("second", &second), ("third", &bad)]);
            let errors = dialect::parse(&documents.text).unwrap_err();
            let places: Vec<String> = errors
                .iter()
                .map(|error| documents.place(&error.to_string()))
                .collect();
            assert_eq!(places.len(), 2);
            assert!(places[0].starts_with("second:4:"), "{end:?} {places:?}");
            assert!(places[1].starts_with("third:1:"), "{end:?} {places:?}");
        }
    }

    #[test]
    fn what_a_file_leaves_open_is_its_own_fault() {
        let documents = Documents::of([("first", "spec: [a,\n"), ("second", &network("a"))]);
        let errors = dialect::parse(&documents.text).unwrap_err();
        let place = documents.place(&errors[0].to_string());
        assert!(place.starts_with("first:"), "{place}");
    }

    #[test]
    fn what_names_no_place_is_left_as_it_is() {
        let documents = Documents::of([("first", "")]);
        assert_eq!(documents.place("spec: wrong"), "spec: wrong");
        assert_eq!(without_place("spec: wrong"), "spec: wrong");
        assert_eq!(without_place("1:17: spec: wrong"), "spec: wrong");
    }
}
