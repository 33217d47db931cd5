//! Every front-end with every other.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, SOON, Scene, wait_until};

use super::{
    documents::{Atlas, KubeOvn, Oep8},
    front::{BLUE, Front, GREEN, Side, stage},
    http::{Native, Outscale, UpCloud},
};

const FRONTS: [&dyn Front; 6] = [&Native, &UpCloud, &Outscale, &Oep8, &KubeOvn, &Atlas];

#[test]
fn whoever_asks_by_whatever_front_end_is_answered_by_any_other_and_packets_pass() -> Result<()> {
    let scene = stage("every way")?;
    let api = scene.daemon.api();
    KubeOvn::declare(&api, BLUE)?;
    KubeOvn::declare(&api, GREEN)?;
    for asking in FRONTS {
        for answering in FRONTS {
            play(&scene, &api, asking, answering)
                .with_context(|| format!("{} asks, {} answers", asking.name(), answering.name()))?;
            eprintln!(
                "{} asks, {} answers: packets pass",
                asking.name(),
                answering.name()
            );
        }
    }
    Ok(())
}

fn play(scene: &Scene, api: &Api, asking: &dyn Front, answering: &dyn Front) -> Result<()> {
    asking.ask(api, BLUE).context("asking")?;
    says(api, asking, BLUE, asking.words().0)?;
    scene.blue.assert_unanswered(scene.green.v4)?;

    answering.answer(api, GREEN).context("answering")?;
    asking.open(api, BLUE).context("opening")?;
    answering.open(api, GREEN).context("opening")?;
    for (own, side) in [(asking, BLUE), (answering, GREEN)] {
        for front in FRONTS {
            if front.shows_all() || front.name() == own.name() {
                says(api, front, side, Some(front.words().1))?;
            }
        }
    }
    reaches(scene)?;

    withdraw(api, answering, GREEN)?;
    wait_until("no packet passes", SOON, || {
        scene.blue.assert_unanswered(scene.green.v4)
    })?;
    // Outscale's one call took back both sides', where no document says the other's.
    if Native.word(api, BLUE)?.is_some() {
        withdraw(api, asking, BLUE)?;
    }
    asking.close(api, BLUE)?;
    answering.close(api, GREEN)?;
    for side in [BLUE, GREEN] {
        says(api, &Native, side, None)?;
    }
    Ok(())
}

fn withdraw(api: &Api, front: &dyn Front, side: Side) -> Result<()> {
    let withdrawn = front.withdraw(api, side);
    withdrawn.with_context(|| format!("{} withdraws {}'s", front.name(), side.name))
}

fn says(api: &Api, front: &dyn Front, side: Side, wanted: Option<&str>) -> Result<()> {
    let what = format!("{} says {wanted:?} of {}'s", front.name(), side.name);
    wait_until(&what, SOON, || {
        let word = front.word(api, side)?;
        ensure!(word.as_deref() == wanted, "it says {word:?}");
        Ok(())
    })
}

fn reaches(scene: &Scene) -> Result<()> {
    wait_until("blue and green reach each other", SOON, || {
        scene.blue.assert_reaches(scene.green.v4)?;
        scene.green.assert_reaches(scene.blue.v4)
    })
}
