//! `ETag`, `If-Match`, `If-None-Match`: nobody overwrites what they have not seen.

use anyhow::Result;
use peer_tests::{Answer, Api, Ask, Bare, documents::consent};
use serde_json::json;

const PATH: &str = "/v1/peerings/blue-team/to-green";

fn labelled(api: &Api, tag: &str, value: &str) -> Result<Answer> {
    let patch = json!({ "metadata": { "labels": { "by": value } } });
    api.send(&Ask::new("PATCH", PATH).header("If-Match", tag).json(&patch))
}

#[test]
fn of_two_who_change_what_they_both_read_the_second_is_refused() -> Result<()> {
    let bare = Bare::with_networks("lost update")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let read = api.call("GET", PATH)?.tag()?;
    let first = labelled(&api, &read, "first")?;
    first.expect(200)?;
    assert_ne!(first.tag()?, read, "labels are part of what was read");
    labelled(&api, &read, "second")?.refused(412, "changed-meanwhile")?;
    assert_eq!(api.get(PATH)?["metadata"]["labels"]["by"], "first");
    labelled(&api, &first.tag()?, "second")?.expect(200)?;
    labelled(&api, "*", "third")?.expect(200)?;
    let tag = api.call("GET", PATH)?.tag()?;
    labelled(&api, &format!("\"other\", {tag}"), "fourth")?.expect(200)?;

    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    let put = Ask::new("PUT", PATH).header("If-Match", &read).json(&ask);
    api.send(&put)?.refused(412, "changed-meanwhile")?;
    let delete = Ask::new("DELETE", PATH).header("If-Match", &read);
    api.send(&delete)?.refused(412, "changed-meanwhile")?;
    assert_eq!(api.get(PATH)?["metadata"]["labels"]["by"], "fourth");
    let tag = api.call("GET", PATH)?.tag()?;
    let delete = Ask::new("DELETE", PATH).header("If-Match", &tag);
    api.send(&delete)?.expect(200)?;
    Ok(())
}

#[test]
fn a_tag_does_not_change_with_the_state() -> Result<()> {
    let bare = Bare::with_networks("tags and states")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    let made = api.put("POST", "/v1/peerings", &ask)?.tag()?;
    assert_eq!(api.call("GET", PATH)?.tag()?, made);
    api.call("POST", &format!("{PATH}/accept"))?.expect(201)?;
    bare.wait_state("blue-team/to-green", "active")?;
    assert_eq!(api.call("GET", PATH)?.tag()?, made);
    let disabled = api.call("POST", &format!("{PATH}/disable"))?.tag()?;
    assert_ne!(disabled, made, "adminState is of the spec");
    Ok(())
}

#[test]
fn if_none_match_makes_and_never_replaces() -> Result<()> {
    let bare = Bare::with_networks("if none match")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    let put = Ask::new("PUT", PATH)
        .header("If-None-Match", "*")
        .json(&ask);
    api.send(&put)?.expect(201)?;
    api.send(&put)?.refused(412, "changed-meanwhile")?;
    let tagged = Ask::new("PUT", PATH)
        .header("If-None-Match", "\"1\"")
        .json(&ask);
    api.send(&tagged)?.refused(400, "invalid-parameter")?;
    let absent = consent("blue-team/absent", "blue", "red-team/red");
    let put = Ask::new("PUT", "/v1/peerings/blue-team/absent").header("If-Match", "*");
    api.send(&put.json(&absent))?
        .refused(412, "changed-meanwhile")?;
    assert_eq!(api.list("/v1/peerings")?.len(), 1);
    Ok(())
}
