//! Every caller asks for everything.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use peer_tests::Bare;
use serde_json::{Value, json};

use super::{
    callers::{self, Caller},
    cases, views, world,
};

/// Outcomes counted.
#[derive(Default)]
struct Count {
    cases: usize,
    allowed: usize,
    refused: usize,
    other: usize,
    report: String,
}

impl Count {
    fn note(&mut self, caller: &Caller, title: &str, right: &[u16], status: u16, body: &str) {
        self.cases += 1;
        if right.contains(&status) {
            return;
        }
        let granted = |status: u16| status < 300;
        let kind = match (right.iter().any(|right| granted(*right)), granted(status)) {
            (false, true) => {
                self.allowed += 1;
                "wrongly allowed"
            }
            (true, false) => {
                self.refused += 1;
                "wrongly refused"
            }
            _ => {
                self.other += 1;
                "answered otherwise"
            }
        };
        let name = &caller.name;
        let _ = writeln!(
            self.report,
            "{kind}: {name}: {title}: {status}, not {right:?}: {body}"
        );
    }
}

#[test]
fn users_and_groups_may_do_what_their_roles_say_and_nothing_else() -> Result<()> {
    try_all("users", &callers::users())
}

#[test]
fn bearers_of_tokens_may_do_what_their_roles_say_and_others_are_not_served() -> Result<()> {
    try_all("tokens", &callers::bearers())
}

fn try_all(tag: &str, callers: &[Caller]) -> Result<()> {
    let bare = world::start(tag)?;
    let objects = world::objects();
    let before = everything(&bare)?;
    let mut count = Count::default();
    for caller in callers {
        let api = caller.api(&bare.daemon)?;
        for case in cases::of(caller, &objects) {
            let answer = api.send(&case.ask)?;
            let title = case.ask.title();
            count.note(caller, &title, case.right, answer.status, &answer.body);
            if answer.status == 401 {
                ensure!(
                    answer.header("www-authenticate") == Some("Bearer"),
                    "{answer:?}"
                );
            }
            if answer.status >= 400 {
                let problem = answer.json().with_context(|| title.clone())?;
                let title = problem["title"].as_str().unwrap_or_default();
                answer.refused(answer.status, title)?;
            }
        }
        for view in views::of(caller, &bare, &objects)? {
            let (title, right, answer) = view;
            count.note(caller, &title, right, answer.0, &answer.1);
        }
    }
    let Count {
        cases,
        allowed,
        refused,
        other,
        report,
    } = count;
    eprintln!(
        "{tag}: {} callers, {cases} cases: {allowed} wrongly allowed, {refused} wrongly refused, \
         {other} answered otherwise\n{report}",
        callers.len()
    );
    assert_eq!(everything(&bare)?, before, "nothing may be different");
    assert_eq!((allowed, refused, other), (0, 0, 0), "{report}");
    Ok(())
}

/// All objects as root sees them, without what counts or passes.
fn everything(bare: &Bare) -> Result<Vec<Value>> {
    let root = bare.daemon.api();
    let mut all = root.list("/v1/networks")?;
    all.extend(root.list("/v1/peerings")?);
    let kept = all.iter().map(|object| {
        json!([
            object["metadata"],
            object["spec"],
            object["status"]["state"],
            object["status"]["since"]
        ])
    });
    Ok(kept.collect())
}
