//! How the demo looks: plain text, with colour only on a terminal that wants it.

use std::{
    env,
    io::{IsTerminal as _, stdout},
};

use anyhow::{Result, bail};

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";

pub(super) struct Stage {
    colour: bool,
    scenes: u32,
    checks: u32,
}

impl Stage {
    pub(super) fn new() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colour: stdout().is_terminal() && !unwanted,
            scenes: 0,
            checks: 0,
        }
    }

    /// How many claims were checked.
    pub(super) fn checks(&self) -> u32 {
        self.checks
    }

    /// Open the next scene.
    pub(super) fn scene(&mut self, title: &str) {
        self.scenes += 1;
        println!(
            "\n{}",
            self.paint(BOLD, &format!("{}. {title}", self.scenes))
        );
    }

    /// A line that explains.
    pub(super) fn say(&self, text: &str) {
        println!("   {text}");
    }

    /// A command about to run, and where.
    pub(super) fn prompt(&self, place: &str, command: &str) {
        println!(
            "   {} {}",
            self.paint(DIM, &format!("{place} #")),
            self.paint(BOLD, command)
        );
    }

    /// Text as a program printed it, without its empty lines.
    pub(super) fn quote(&self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            println!("       {line}");
        }
    }

    /// A claim, which ends the demo if it does not hold.
    pub(super) fn check(&mut self, holds: bool, claim: &str) -> Result<()> {
        if !holds {
            bail!("this should have been so, and was not: {claim}");
        }
        self.checks += 1;
        println!("   {} {claim}", self.paint(GREEN, "✓"));
        Ok(())
    }

    /// The last line.
    pub(super) fn end(&self, summary: &str) {
        println!("\n{}", self.paint(BOLD, &format!("demo: {summary}")));
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
