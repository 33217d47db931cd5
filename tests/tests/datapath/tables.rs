//! The tables of packets in tests/packets, each row tried by both hooks.
//!
//! `notation` reads packets, `frame` and `inside` build them with `options` and
//! `words`; `row` makes cases of a file's rows and `expected` says what should come
//! of them. `proof` holds the builders to bytes. None of it shares code with the programs.

mod expected;
mod frame;
mod inside;
mod notation;
mod options;
mod proof;
mod row;
mod words;

use std::{fs, io::Write as _, path::PathBuf};

use self::row::{Consents, Played, Row};
use super::{
    case::Case,
    outcome::Hook,
    policy::{Rules, ruled},
    rig::{Rig, with_rig},
    world,
};

/// The files, in their order.
const FILES: [&str; 14] = [
    "forwarding",
    "headers",
    "host",
    "icmp_errors",
    "limits",
    "link_local",
    "malformed",
    "martians",
    "neighbours",
    "policy",
    "refusals",
    "segments",
    "source_routes",
    "two_hops",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packets")
}

fn read(file: &str) -> Vec<Played> {
    let path = folder().join(file).with_extension("yaml");
    let text = fs::read_to_string(&path).unwrap();
    let rows: Vec<Row> = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let (cases, errors): (Vec<_>, Vec<_>) = rows.iter().map(Row::cases).partition(Result::is_ok);
    let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
    assert!(errors.is_empty(), "\n{file}: {}", errors.join("\n"));
    cases.into_iter().flatten().flatten().collect()
}

/// Every packet that depends on no declaration of its own.
pub(crate) fn cases() -> Vec<Case> {
    let all = FILES.into_iter().flat_map(read);
    let plain = all.filter(|played| played.peering.is_none());
    plain.map(|played| played.case).collect()
}

fn failures(rig: &mut Rig, played: &Played) -> Vec<String> {
    let Some(Consents { blue, green }) = &played.peering else {
        return played.case.failures(rig);
    };
    let mut failures = Vec::new();
    for hook in [Hook::Xdp, Hook::Tc] {
        rig.apply(&ruled(Rules { blue, green }));
        failures.extend(played.case.failure(hook, rig));
        // And without them, so that no flow is left.
        rig.apply(&world::table());
    }
    failures
}

#[test]
fn every_packet_of_the_tables_fares_as_its_row_says() {
    with_rig(|rig| {
        let (mut tried, mut passed, mut told) = (0, 0, Vec::new());
        for file in FILES {
            for played in read(file) {
                let failures = failures(rig, &played);
                tried += 1;
                passed += usize::from(failures.is_empty());
                told.extend(
                    failures
                        .into_iter()
                        .map(|failure| format!("{file}: {failure}")),
                );
            }
        }
        // Past the capture of tests' output: it is what one wants to see of a run.
        writeln!(std::io::stdout(), "{passed} of {tried} packet cases pass").unwrap();
        assert!(told.is_empty(), "\n{}", told.join("\n"));
    });
}

#[test]
fn every_table_is_in_the_run() {
    let names = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let tables = names.filter(|path| path.extension().is_some_and(|e| e == "yaml"));
    let mut found: Vec<String> = tables
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}
