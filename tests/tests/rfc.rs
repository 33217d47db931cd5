//! docs/rfc.md is true of what it can be checked for: what it says shows a requirement is
//! there, what is not met has its reason, and its numbers are those of its rows. Whether a
//! test shows what it is said to is for its reader to judge.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod rfc {
    use std::{
        collections::BTreeMap,
        fs,
        path::{Path, PathBuf},
    };

    /// What is said of a requirement.
    #[derive(Clone, Copy, PartialEq)]
    enum Done {
        Yes,
        No,
        NotApplicable,
    }

    /// One line of the table.
    struct Row {
        text: String,
        required: String,
        done: Done,
        reason: String,
        /// What stands in backticks in the last column.
        shown_by: Vec<String>,
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The crate's folder, which has the packet tables beside its tests.
    fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    fn document() -> String {
        read(&folder().join("../docs/rfc.md"))
    }

    /// The table's rows: the lines that begin with an RFC's number.
    fn rows(document: &str) -> Vec<Row> {
        let lines = document.lines().filter(|line| {
            line.strip_prefix("| ")
                .is_some_and(|cells| cells.starts_with(|first: char| first.is_ascii_digit()))
        });
        let rows: Vec<Row> = lines.map(row).collect();
        assert!(!rows.is_empty(), "no table");
        rows
    }

    fn row(line: &str) -> Row {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", _, _, required, done, shown_by, ""] = cells[..] else {
            panic!("not five cells: {line}");
        };
        let (done, reason) = done.split_once(':').unwrap_or((done, ""));
        let done = match done {
            "yes" => Done::Yes,
            "no" => Done::No,
            "not applicable" => Done::NotApplicable,
            _ => panic!("neither yes nor no nor not applicable: {line}"),
        };
        Row {
            text: line.to_owned(),
            required: required.to_owned(),
            done,
            reason: reason.to_owned(),
            shown_by: shown_by
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Everything below a folder, if it is there.
    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.expect("a folder can be read").path());
        paths
            .flat_map(|path| match path.is_dir() {
                true => files_below(&path),
                false => vec![path],
            })
            .collect()
    }

    /// The sources of a test target: its own file, and the folders of the modules it names at
    /// its outermost level.
    fn sources(target: &str) -> String {
        let tests = folder().join("tests");
        let root = read(&tests.join(format!("{target}.rs")));
        let modules = root.lines().filter_map(|line| {
            let name = line.strip_prefix("mod ")?;
            Some(name.trim_end_matches([';', '{', ' ']))
        });
        let files = modules.flat_map(|module| files_below(&tests.join(module)));
        let inner: Vec<String> = files.map(|file| read(&file)).collect();
        format!("{root}{}", inner.concat())
    }

    /// Whether a test of this name is among these sources.
    fn has_test(sources: &str, name: &str) -> bool {
        let mut is_test = false;
        for line in sources.lines().map(str::trim) {
            if line == "#[test]" {
                is_test = true;
            } else if let Some(function) = line.strip_prefix("fn ") {
                if is_test && function.split('(').next() == Some(name) {
                    return true;
                }
                is_test = false;
            }
        }
        false
    }

    #[test]
    fn what_is_said_to_show_a_requirement_is_there() {
        let packets = folder().join("packets");
        let mut read_already = BTreeMap::new();
        for Row { text, shown_by, .. } in rows(&document()) {
            for what in shown_by {
                if let Some(table) = what.strip_prefix("tests/packets/") {
                    let is_there = !packets.is_dir() || packets.join(table).is_file();
                    assert!(is_there, "no packet table {table}: {text}");
                    continue;
                }
                let Some((target, name)) = what.split_once(' ') else {
                    panic!("{what} names a target and nothing of it: {text}");
                };
                let sources = read_already
                    .entry(target.to_owned())
                    .or_insert_with(|| sources(target));
                let is_there = match name.starts_with('"') {
                    true => sources.contains(name),
                    false => has_test(sources, name),
                };
                assert!(is_there, "{target} has no {name}: {text}");
            }
        }
    }

    #[test]
    fn every_yes_is_shown_and_everything_else_has_a_reason() {
        const WORDS: [&str; 6] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "advice"];
        for row in rows(&document()) {
            let text = &row.text;
            assert!(WORDS.contains(&row.required.as_str()), "how much? {text}");
            match row.done {
                Done::Yes => assert!(!row.shown_by.is_empty(), "shown by nothing: {text}"),
                Done::No | Done::NotApplicable => assert!(!row.reason.is_empty(), "why? {text}"),
            }
        }
    }

    #[test]
    fn the_numbers_at_the_top_are_those_of_the_rows() {
        let document = document();
        let rows = rows(&document);
        let count = |done, word: &str| {
            let fits = |row: &&Row| row.done == done && row.required.starts_with(word);
            rows.iter().filter(fits).count()
        };
        let (met, unmet) = (count(Done::Yes, ""), count(Done::No, ""));
        let (met_musts, unmet_musts) = (count(Done::Yes, "MUST"), count(Done::No, "MUST"));
        let told = format!(
            "**{met} of {} requirements are met**, {met_musts} of {} that are a MUST or MUST NOT. {} are not applicable.",
            met + unmet,
            met_musts + unmet_musts,
            count(Done::NotApplicable, ""),
        );
        assert!(document.contains(&told), "it should say: {told}");
    }
}
