//! Who may speak for what other systems call by a name that is nobody's here.

use anyhow::Result;
use peer_tests::{Ask, documents::network};
use serde_json::{Value, json};

use super::world;

const VPC: &str = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: { name: vpc-1 }\nspec: {}\n";

fn with_source(source: Value) -> Value {
    let mut network = network("blue-team/other", "p9", &["10.99.0.0/16"]);
    network["spec"]["source"] = source;
    network
}

#[test]
fn a_namespaces_admin_takes_no_name_that_is_not_its_own() -> Result<()> {
    let bare = world::start("sources")?;
    let admin = bare.daemon.api_with(Some("blue-admin-secret"))?;
    let names = [
        json!({ "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "name": "vpc-1" }),
        json!({ "apiVersion": "atlas.mongodb.com/v1", "kind": "AwsVpc", "namespace": "123", "name": "vpc-1" }),
    ];
    for name in names {
        let claims = with_source(name);
        let path = "/v1/networks/blue-team/other";
        admin
            .put("POST", "/v1/networks", &claims)?
            .refused(403, "forbidden")?;
        admin.put("PUT", path, &claims)?.refused(403, "forbidden")?;
        let apply = Ask::new("POST", "/v1/apply").yaml(&claims.to_string());
        admin.send(&apply)?.refused(403, "forbidden")?;
        let innocent = network("blue-team/other", "p9", &["10.99.0.0/16"]);
        admin.put("POST", "/v1/networks", &innocent)?.expect(201)?;
        let patch = json!({ "spec": { "source": claims["spec"]["source"] } });
        admin
            .put("PATCH", path, &patch)?
            .refused(403, "forbidden")?;

        let root = bare.daemon.api();
        root.put("PUT", path, &claims)?.expect(200)?;
        // What it has it may keep.
        let zone = json!({ "spec": { "zone": "there" } });
        admin.put("PATCH", path, &zone)?.expect(200)?;
        root.call("DELETE", path)?.expect(200)?;
    }
    let own = json!({
        "apiVersion": "networking.api.onmetal.de/v1alpha1", "kind": "Network", "name": "theirs",
    });
    admin
        .put("POST", "/v1/networks", &with_source(own))?
        .expect(201)?;
    Ok(())
}

#[test]
fn documents_of_other_systems_are_written_by_those_whose_they_are() -> Result<()> {
    let bare = world::start("foreign documents")?;
    let admin = bare.daemon.api_with(Some("blue-admin-secret"))?;
    let operator = bare.daemon.api_with(Some("green-operator-secret"))?;
    let request = |namespace: &str| {
        format!(
            "apiVersion: networking.api.onmetal.de/v1alpha1\nkind: NetworkPeeringRequest\n\
             metadata: {{ namespace: {namespace}, name: ask }}\n\
             spec: {{ localNetworkRef: {{ name: spare }}, remoteNetworkRef: {{ name: other }} }}\n"
        )
    };
    let project = |namespace: &str| {
        format!(
            "apiVersion: atlas.mongodb.com/v1\nkind: AtlasProject\n\
             metadata: {{ namespace: {namespace}, name: project }}\nspec: {{ name: Project }}\n"
        )
    };
    let apply = |text: &str| Ask::new("POST", "/v1/apply").yaml(text);
    for text in [VPC, &request("red-team"), &project("red-team")] {
        admin.send(&apply(text))?.refused(403, "forbidden")?;
        operator.send(&apply(text))?.refused(403, "forbidden")?;
    }
    // It says what a network's prefixes are.
    operator
        .send(&apply(&project("green-team")))?
        .refused(403, "forbidden")?;
    operator.send(&apply(&request("green-team")))?.expect(200)?;
    admin.send(&apply(&project("blue-team")))?.expect(200)?;
    bare.daemon.api().apply("", VPC)?;
    admin
        .call("DELETE", "/v1/foreign/vpcs/default/vpc-1")?
        .refused(404, "not-found")?;
    let path = "/v1/foreign/networkpeeringrequests/green-team/ask";
    admin.call("GET", path)?.refused(404, "not-found")?;
    operator.call("DELETE", path)?.expect(200)?;
    Ok(())
}
