//! `GET /v1/watch`.

use std::time::{Duration, Instant};

use anyhow::Result;
use peer_tests::{
    Bare,
    documents::{consent, name, network},
};
use serde_json::json;

#[test]
fn a_watch_tells_what_is_there_then_what_happens() -> Result<()> {
    let bare = Bare::with_networks("watch")?;
    let api = bare.daemon.api();
    let mut peerings = api.watch("")?;
    let mut networks = api.watch("?kind=networks&timeout=30")?;
    assert!(peerings.begin()?.is_empty());
    let names: Vec<_> = networks.begin()?.iter().map(name).collect();
    assert_eq!(
        names,
        ["blue-team/blue", "green-team/green", "red-team/red"]
    );

    let ask = consent("blue-team/ask", "blue", "green-team/green");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let added = peerings.until(|event| event.name == "added")?;
    assert_eq!(
        (
            name(&added.object).as_str(),
            &added.object["status"]["state"]
        ),
        ("blue-team/ask", &json!("pending"))
    );
    api.call("POST", "/v1/peerings/blue-team/ask/accept")?
        .expect(201)?;
    let is_active = |id: &'static str| {
        move |event: &peer_tests::Event| {
            name(&event.object) == id && event.object["status"]["state"] == "active"
        }
    };
    peerings.until(is_active("blue-team/ask"))?;
    api.call("DELETE", "/v1/peerings/blue-team/ask")?
        .expect(200)?;
    let deleted = peerings.until(|event| event.object["status"]["state"] == "deleted")?;
    assert_eq!(deleted.name, "modified", "it is still listed");

    let more = network("azure-team/azure", "p4", &["10.4.0.0/16"]);
    api.put("POST", "/v1/networks", &more)?.expect(201)?;
    let azure = "/v1/networks/azure-team/azure";
    api.put(
        "PATCH",
        azure,
        &json!({ "metadata": { "labels": { "a": "b" } } }),
    )?
    .expect(200)?;
    api.call("DELETE", azure)?.expect(200)?;
    let added = networks.until(|event| event.name == "added")?;
    assert_eq!(name(&added.object), "azure-team/azure");
    let removed = networks.until(|event| event.name == "removed")?;
    assert_eq!(name(&removed.object), "azure-team/azure");
    Ok(())
}

#[test]
fn what_no_longer_fits_the_filter_is_removed() -> Result<()> {
    let bare = Bare::with_networks("filtered watch")?;
    let api = bare.daemon.api();
    let mut watch = api.watch("?state=pending&namespace=blue-team")?;
    watch.begin()?;
    let ask = consent("blue-team/ask", "blue", "green-team/green");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let theirs = consent("green-team/theirs", "green", "red-team/red");
    api.put("POST", "/v1/peerings", &theirs)?.expect(201)?;
    api.call("POST", "/v1/peerings/blue-team/ask/disable")?
        .expect(200)?;
    let added = watch.until(|event| event.name != "modified")?;
    assert_eq!(
        format!("{} {}", added.name, name(&added.object)),
        "added blue-team/ask"
    );
    let removed = watch.until(|event| event.name != "modified")?;
    assert_eq!(
        format!("{} {}", removed.name, name(&removed.object)),
        "removed blue-team/ask"
    );
    Ok(())
}

#[test]
fn a_watch_is_silent_while_nothing_it_watches_changes() -> Result<()> {
    let bare = Bare::with_networks("silent watch")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/ask", "blue", "red-team/red");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let mut watch = api.watch("?timeout=3")?;
    let mut known = watch.begin()?;
    for number in 0..30 {
        let label = json!({ "metadata": { "labels": { "number": number.to_string() } } });
        api.put("PATCH", "/v1/networks/red-team/red", &label)?
            .expect(200)?;
    }
    let mut told = Vec::new();
    while let Some(event) = watch.event()? {
        let before = known
            .iter_mut()
            .find(|known| name(known) == name(&event.object));
        if let Some(before) = before {
            let was = std::mem::replace(before, event.object.clone());
            told.push(format!("{} {was}\n-> {}", event.name, event.object));
        }
    }
    assert!(
        told.is_empty(),
        "{} events: {}",
        told.len(),
        told.join("\n")
    );
    Ok(())
}

#[test]
fn a_watch_ends_in_time_and_counters_are_no_change() -> Result<()> {
    let bare = Bare::with_networks("timeout")?;
    bare.peer("blue", "green")?;
    let started = Instant::now();
    let mut watch = bare.daemon.api().watch("?timeout=1")?;
    assert_eq!(watch.begin()?.len(), 2);
    assert_eq!(watch.event()?, None, "nothing happened");
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(900) && took < Duration::from_secs(10),
        "{took:?}"
    );
    Ok(())
}
