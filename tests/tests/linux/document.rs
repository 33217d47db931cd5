//! docs/differences.md tells what was seen, no more and no less.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result};

use super::comparison::Difference;

/// The document's table as it has to be: packets that are treated alike in one row.
pub(crate) fn table(differences: &[Difference]) -> String {
    let mut rows: Vec<(Vec<&str>, &Difference)> = Vec::new();
    for difference in differences {
        let alike = |known: &Difference| {
            (&known.linux, &known.peerd, known.why)
                == (&difference.linux, &difference.peerd, difference.why)
        };
        match rows.iter_mut().find(|(_, known)| alike(known)) {
            Some((packets, _)) => packets.push(difference.packet),
            None => rows.push((vec![difference.packet], difference)),
        }
    }
    let rows = rows.into_iter().map(|(packets, of)| {
        let packets = packets.join("; ");
        format!("| {packets} | {} | {} | {} |\n", of.linux, of.peerd, of.why)
    });
    let head = "| a packet | Linux | peerd | why |\n|---|---|---|---|\n".to_owned();
    head + &rows.collect::<String>()
}

/// See the document hold exactly these differences, in any order.
pub(crate) fn assert_tells(differences: &[Difference]) -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/differences.md");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let rows = |text: &str| -> BTreeSet<String> {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.map(str::to_owned).collect()
    };
    let table = table(differences);
    let (told, seen) = (rows(&text), rows(&table));
    let show = |rows: Vec<&String>| {
        rows.into_iter()
            .fold(String::new(), |all, row| all + row + "\n")
    };
    let unsaid = show(seen.difference(&told).collect());
    let untrue = show(told.difference(&seen).collect());
    assert!(
        told == seen,
        "docs/differences.md does not tell\n{unsaid}and tells what is not so:\n{untrue}\n\
         The whole table is\n{table}"
    );
    Ok(())
}
