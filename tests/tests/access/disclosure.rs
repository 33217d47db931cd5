//! Nothing that blue is answered names red, with whom it has nothing to do.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Api, Ask, Bare, SOON, User,
    documents::{consent, network, stream},
    wait_until,
};
use serde_json::{Value, json};

/// Blue has every role in its namespace, and none elsewhere.
const BLUE: u32 = 60_200;

/// Grey sees what is in no namespace, and nothing else.
const GREY: u32 = 60_201;

/// What is only red's. Its interface is `rubyport`, which blue may name itself.
const REDS: [&str; 6] = [
    "red-team",
    "scarlet",
    "crimson",
    "10.77.0.",
    "fd77:",
    "vermilion",
];

/// What red and others say in other systems' words. The VPC `ruby` is red's network, and in
/// no namespace.
const FOREIGN: &str = r#"
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: red-team, name: crimson }
spec: { localNetworkRef: { name: scarlet }, remoteNetworkRef: { namespace: nobody, name: vermilion } }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: Network
metadata: { namespace: red-team, name: scarlet }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: Network
metadata: { namespace: blue-team, name: blue }
---
apiVersion: atlas.mongodb.com/v1
kind: AtlasProject
metadata: { namespace: red-team, name: crimson }
spec:
  networkPeers:
    - { providerName: GCP, gcpProjectId: nobody, networkName: vermilion, containerId: scarlet }
---
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: { name: ruby }
spec: { vpcPeerings: [{ remoteVpc: opal, localConnectIP: 169.254.0.1/30 }] }
"#;

/// Blue peers with green, green with red; and blue's `clash` with green, where red
/// is in the way.
fn start(tag: &str) -> Result<Bare> {
    let mut bare = Bare::prepare(tag, 4)?;
    bare.lab
        .router
        .ip("link add rubyport type veth peer name end-of-ruby\n\
         link set end-of-ruby up\n\
         addr add 10.77.0.1/24 dev rubyport\n\
         link set rubyport up\n\
         neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev rubyport nud permanent\n\
         neigh add 10.1.0.9 lladdr 02:00:00:00:00:01 dev p1 nud permanent")?;
    bare.daemon.configure(&format!(
        "access: [{{ user: \"{BLUE}\", namespaces: [blue-team], role: admin }},\n\
         \x20        {{ user: \"{GREY}\", namespaces: [default], role: viewer }}]"
    ))?;
    bare.daemon.start()?;
    bare.daemon.open_socket()?;
    let mut scarlet = network(
        "red-team/scarlet",
        "rubyport",
        &["10.77.0.0/16", "fd77::/48"],
    );
    scarlet["metadata"]["labels"] = json!({ "colour": "crimson" });
    scarlet["spec"]["source"] =
        json!({ "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "name": "ruby" });
    let older = [
        network("blue-team/blue", "p1", &["10.1.0.0/16"]),
        network("green-team/green", "p2", &["10.2.0.0/16"]),
        scarlet,
        consent("blue-team/to-green", "blue", "green-team/green"),
        consent("green-team/to-blue", "green", "blue-team/blue"),
        consent("green-team/to-scarlet", "green", "red-team/scarlet"),
        consent("red-team/vermilion", "scarlet", "green-team/green"),
    ];
    let root = bare.daemon.api();
    root.apply("", &stream(&older))?;
    bare.wait_state("green-team/to-scarlet", "active")?;
    let newer = [
        network("blue-team/clash", "p3", &["10.77.128.0/17"]),
        consent("blue-team/clash", "clash", "green-team/green"),
        consent("green-team/clash", "green", "blue-team/clash"),
    ];
    root.apply("", &stream(&newer))?;
    root.apply("", FOREIGN)?;
    bare.wait_state("blue-team/clash", "conflict")?;
    Ok(bare)
}

/// See that a text names nothing of red's.
fn assert_silent(what: &str, text: &str) -> Result<()> {
    let named = REDS.iter().find(|word| text.contains(**word));
    ensure!(named.is_none(), "{what} names {named:?}: {text}");
    Ok(())
}

fn as_blue(bare: &Bare) -> Api {
    bare.daemon.api_as(&User::new(BLUE))
}

#[test]
fn nothing_an_owner_reads_names_a_stranger() -> Result<()> {
    let bare = start("reading")?;
    let blue = as_blue(&bare);
    let root = bare.daemon.api();
    for target in [
        "/v1/networks",
        "/v1/peerings",
        "/v1/peerings?incoming=true",
        "/v1/peerings?namespace=green-team",
        "/v1/networks/blue-team/blue",
        "/v1/peerings/blue-team/to-green",
        "/v1/peerings/blue-team/clash",
        "/v1/peerings/green-team/clash",
        "/v1/routes",
        "/v1/ports",
        "/v1/neighbours",
        "/v1/drops",
        "/v1/status",
        "/metrics",
        "/openapi.json",
        "/v1/foreign/networkpeeringrequests",
        "/v1/foreign/networks.networking.api.onmetal.de",
        "/v1/foreign/networks.networking.api.onmetal.de/blue-team/blue",
        "/v1/foreign/vpcs",
        "/v1/foreign/subnets",
        "/v1/foreign/atlasprojects",
        "/1.3/account",
        "/1.3/network",
        "/1.3/network-peering",
    ] {
        let answer = blue.call("GET", target)?;
        let headers = format!("{:?}", answer.headers);
        assert_silent(target, &(answer.body + &headers))?;
    }
    for list in [
        "Accounts",
        "NetPeerings",
        "Nets",
        "RouteTables",
        "SecurityGroups",
        "Subnets",
        "Tags",
    ] {
        let ask = Ask::new("POST", &format!("/api/v1/Read{list}")).json(&json!({}));
        let seen = blue.send(&ask)?.expect(200)?;
        let is_there = |seen: &Value| seen[list].as_array().is_some_and(|all| !all.is_empty());
        assert!(is_there(&seen) || list == "Tags", "{seen}");
        assert_silent(list, &seen.to_string())?;
        let shown = root.send(&ask)?.expect(200)?.to_string();
        // Of peerings and tables, ids tell whose they are.
        if !matches!(list, "RouteTables") {
            assert!(assert_silent(list, &shown).is_err(), "{list}: {shown}");
        }
    }
    for kind in ["networkpeeringrequests", "atlasprojects", "vpcs"] {
        let target = format!("/v1/foreign/{kind}");
        let shown = root.get(&target)?.to_string();
        let is_told = shown.contains("scarlet") || shown.contains("ruby");
        assert!(is_told, "{target}: {shown}");
    }
    // And root, who sees red, is shown what is looked for.
    for target in ["networks", "peerings", "routes", "ports", "neighbours"] {
        let shown = root.get(&format!("/v1/{target}"))?.to_string();
        assert!(assert_silent(target, &shown).is_err(), "{target}: {shown}");
    }
    for kind in ["networks", "peerings"] {
        let seen = blue.watch(&format!("?kind={kind}"))?.begin()?;
        assert_silent(kind, &json!(seen).to_string())?;
    }
    Ok(())
}

#[test]
fn an_overlap_with_a_stranger_is_told_without_the_stranger() -> Result<()> {
    let bare = start("overlap")?;
    let status = |api: &Api, id: &str| -> Result<Value> {
        Ok(api.get(&format!("/v1/peerings/{id}"))?["status"].take())
    };
    let blues = status(&as_blue(&bare), "blue-team/clash")?;
    assert_silent("blue's reason", &blues.to_string())?;
    let reason = blues["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("10.77.128.0/17"), "{reason}");
    let greens = status(&bare.daemon.api(), "green-team/clash")?;
    let reason = greens["reason"].as_str().unwrap_or_default();
    for word in ["10.77.128.0/17", "10.77.0.0/16", "red-team/scarlet"] {
        assert!(reason.contains(word), "green's names {word}: {reason}");
    }
    Ok(())
}

#[test]
fn no_refusal_names_a_stranger() -> Result<()> {
    let bare = start("refusals")?;
    let blue = as_blue(&bare);
    // Red's own interface, prefixes and peer, as blue might guess at them.
    let squatter = network("blue-team/squatter", "rubyport", &["10.99.0.0/16"]);
    let taken = network("blue-team/blue", "rubyport", &["10.1.0.0/16"]);
    let asks = [
        Ask::new("POST", "/v1/networks?dryRun=true").json(&squatter),
        Ask::new("POST", "/v1/networks").json(&squatter),
        Ask::new("PUT", "/v1/networks/blue-team/blue?dryRun=true").json(&taken),
        Ask::new("GET", "/v1/networks/blue-team/squatter"),
        Ask::new("POST", "/v1/apply?dryRun=true").yaml(&stream([&squatter, &taken])),
        Ask::new("POST", "/v1/peerings?dryRun=true").json(&consent(
            "blue-team/again",
            "clash",
            "green-team/green",
        )),
        Ask::new("POST", "/v1/peerings/green-team/clash/accept"),
        Ask::new("POST", "/v1/peerings/blue-team/clash/accept"),
        Ask::new("POST", "/v1/peerings/green-team/clash/reject"),
        Ask::new("POST", "/v1/peerings/blue-team/clash/disable?dryRun=true"),
        Ask::new("DELETE", "/v1/networks/blue-team/clash?dryRun=true"),
        Ask::new("DELETE", "/v1/peerings/blue-team/clash?dryRun=true"),
        Ask::new("POST", "/v1/confirm"),
        Ask::new("POST", "/v1/undo"),
        Ask::new("GET", "/v1/ports"),
        Ask::new("GET", "/v1/status"),
    ];
    let root = bare.daemon.api();
    let uid = |path: &str| -> Result<String> {
        let found = root.get(path)?["metadata"]["uid"].take();
        Ok(found.as_str().context("no uid")?.to_owned())
    };
    let scarlet = uid("/v1/networks/red-team/scarlet")?;
    let vermilion = uid("/v1/peerings/red-team/vermilion")?;
    let clash = uid("/v1/networks/blue-team/clash")?;
    let call =
        |action: &str, body: Value| Ask::new("POST", &format!("/api/latest/{action}")).json(&body);
    let peering = json!({ "NetPeeringId": format!("pcx-{}", &vermilion[..8]) });
    let table = format!("rtb-{}", &scarlet[..8]);
    let rule = json!({ "SecurityGroupId": format!("sg-{}", &scarlet[..8]), "Flow": "Inbound",
                       "IpRange": "0.0.0.0/0" });
    let disabled = json!({ "network_peering": { "configured_status": "disabled" } });
    let theirs = format!("/1.3/network-peering/{vermilion}");
    let foreign = asks.into_iter().chain([
        Ask::new("GET", &format!("/1.3/network/{scarlet}")),
        Ask::new("GET", &theirs),
        Ask::new("PATCH", &theirs).json(&disabled),
        Ask::new("DELETE", &theirs),
        Ask::new("GET", "/v1/foreign/atlasprojects/green-team/secret"),
        Ask::new(
            "DELETE",
            "/v1/foreign/networkpeeringrequests/green-team/secret",
        ),
        call("AcceptNetPeering", peering.clone()),
        call("RejectNetPeering", peering.clone()),
        call("DeleteNetPeering", peering),
        call("CreateSecurityGroupRule", rule),
        call(
            "DeleteRoute",
            json!({ "RouteTableId": table, "DestinationIpRange": "10.2.0.0/16" }),
        ),
        // Whose Net it is, nobody is told that does not say so.
        call(
            "CreateNetPeering",
            json!({ "SourceNetId": format!("vpc-{}", &clash[..8]),
                    "AccepterNetId": format!("vpc-{}", &scarlet[..8]) }),
        ),
    ]);
    for ask in foreign {
        let answer = blue.send(&ask)?;
        assert_silent(&ask.title(), &answer.body)?;
    }
    let kept = root.get("/v1/peerings/red-team/vermilion")?;
    assert_eq!(kept["status"]["state"], "active", "{kept}");
    let own = consent("blue-team/squat", "squatter", "green-team/green");
    let made = blue.put("POST", "/v1/peerings", &own)?.expect(201)?;
    assert_silent("a peering of a taken port", &made.to_string())?;
    wait_until("the taken port is told of", SOON, || {
        let shown = blue.get("/v1/peerings/blue-team/squat")?["status"].take();
        assert_silent("a failed peering", &shown.to_string())?;
        ensure!(shown["state"] == "failed", "{shown}");
        Ok(())
    })
}

#[test]
fn a_watch_is_silent_about_strangers() -> Result<()> {
    let bare = start("silent watch")?;
    let (blue, root) = (as_blue(&bare), bare.daemon.api());
    for kind in ["peerings", "networks"] {
        let mut watch = blue.watch(&format!("?kind={kind}&timeout=2"))?;
        watch.begin()?;
        let labels = json!({ "metadata": { "labels": { "kind": kind } } });
        for path in ["networks/red-team/scarlet", "peerings/red-team/vermilion"] {
            root.put("PATCH", &format!("/v1/{path}"), &labels)?
                .expect(200)?;
        }
        let verb = |verb| root.call("POST", &format!("/v1/peerings/red-team/vermilion/{verb}"));
        verb("disable")?.expect(200)?;
        verb("enable")?.expect(200)?;
        while let Some(event) = watch.event()? {
            let text = event.object.to_string();
            assert_silent(&format!("{kind}: {}", event.name), &text)?;
        }
    }
    Ok(())
}

#[test]
fn a_request_by_id_does_not_tell_whose_network_it_is() -> Result<()> {
    let bare = start("by id")?;
    let (blue, root) = (as_blue(&bare), bare.daemon.api());
    let scarlet = root.get("/v1/networks/red-team/scarlet")?;
    let mut ask = consent("blue-team/by-id", "blue", "any/thing");
    ask["spec"]["peer"] = json!({ "id": scarlet["metadata"]["uid"] });
    let made = blue.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    assert_silent("the request", &made.to_string())?;
    for target in ["/v1/peerings", "/v1/routes", "/v1/drops", "/v1/status"] {
        let shown = blue.get(target)?;
        assert_silent(target, &shown.to_string())?;
    }
    let mut again = ask.clone();
    again["metadata"]["name"] = json!("by-id-again");
    let asks = [
        Ask::new("POST", "/v1/peerings").json(&again),
        Ask::new("POST", "/v1/peerings/blue-team/by-id/accept"),
        Ask::new("POST", "/v1/peerings/blue-team/by-id/reject"),
        Ask::new("DELETE", "/v1/peerings/blue-team/by-id"),
    ];
    for ask in asks {
        let answer = blue.send(&ask)?;
        assert_silent(&ask.title(), &answer.body)?;
    }
    Ok(())
}

#[test]
fn what_is_in_no_namespace_tells_nothing_of_the_network_it_stands_for() -> Result<()> {
    let bare = start("no namespace")?;
    let path = "/v1/foreign/vpcs/default/ruby";
    let root = bare.daemon.api();
    wait_until("root is told of everything", SOON, || {
        let shown = root.get(path)?["status"].take();
        ensure!(shown["vpcPeerings"] == json!(["green"]), "{shown}");
        let reason = shown["peerings"][0]["reason"].as_str().unwrap_or_default();
        ensure!(reason.contains("opal"), "{shown}");
        Ok(())
    })?;
    let grey = bare.daemon.api_as(&User::new(GREY));
    let seen = grey.get(path)?;
    assert_silent(path, &seen.to_string())?;
    assert_eq!(seen["status"]["vpcPeerings"], json!([]), "{seen}");
    let entry = json!([{ "remoteVpc": "opal", "state": "pending", "reason": "pending" }]);
    assert_eq!(seen["status"]["peerings"], entry, "{seen}");
    Ok(())
}
