//! Routes and rules, with real packets.

use std::{
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Host, SOON, Scene, Table, wait_until};
use serde_json::{Value, json};

use super::calls::{BLUE, Client, GREEN};

/// How long a host waits for an answer that is not to come.
const PATIENCE: Duration = Duration::from_millis(700);

fn scene(tag: &str) -> Result<(Scene, Client)> {
    let mut scene = Scene::prepare(tag)?;
    let hosts = [scene.blue.clone(), scene.green.clone()];
    scene.edit(|_| Table::of(&hosts))?;
    scene.daemon.start()?;
    let client = Client::of(&scene.daemon);
    Ok((scene, client))
}

/// Routes to the other Net in both families, of IPv4 alone or of both.
fn route(client: &Client, net: &str, to: &[String], pcx: &str) -> Result<()> {
    for to in to {
        let body = json!({ "RouteTableId": client.table(net)?, "DestinationIpRange": to,
                           "NetPeeringId": pcx });
        client.ok("CreateRoute", body)?;
    }
    Ok(())
}

fn rule(client: &Client, net: &str, protocol: &str, port: i32, range: &str) -> Result<Value> {
    Ok(
        json!({ "SecurityGroupId": client.group(net)?, "Flow": "Inbound", "IpProtocol": protocol,
               "FromPortRange": port, "ToPortRange": port, "IpRange": range }),
    )
}

fn connects(from: &Host, to: &Host, port: u16, limit: Duration) -> Result<()> {
    let address: IpAddr = to.v4;
    let listener = to.ns.enter(|| TcpListener::bind((address, port)))??;
    let target = SocketAddr::new(address, port);
    let stream = from
        .ns
        .enter(|| TcpStream::connect_timeout(&target, limit))?
        .with_context(|| format!("{} connects to {target}", from.name));
    drop(listener);
    stream.map(drop)
}

fn refused(from: &Host, to: &Host, port: u16) -> Result<()> {
    ensure!(
        connects(from, to, port, PATIENCE).is_err(),
        "{} reaches port {port} of {}",
        from.name,
        to.name
    );
    Ok(())
}

#[test]
fn nothing_flows_before_both_route_and_what_rules_let_in_flows_after() -> Result<()> {
    let (scene, client) = scene("outscale traffic")?;
    let Scene { blue, green, .. } = &scene;
    let pcx = client.peer(BLUE, GREEN)?;
    let nothing = || scene.assert_separated(blue, green);
    nothing()?;
    // Rules without routes, and one side's route: still nothing.
    for (net, range) in [(BLUE, "10.2.0.0/16"), (GREEN, "10.1.0.0/16")] {
        client.ok(
            "CreateSecurityGroupRule",
            rule(&client, net, "icmp", -1, range)?,
        )?;
    }
    nothing()?;
    // A route is no wider than what the peer gives, whatever it says.
    route(&client, BLUE, &["10.0.0.0/8".to_owned()], &pcx)?;
    nothing()?;
    route(&client, GREEN, &["10.1.0.0/16".to_owned()], &pcx)?;
    wait_until("pings get through", SOON, || {
        blue.assert_reaches(green.v4)?;
        green.assert_reaches(blue.v4)
    })?;
    // No rule and no route said anything about IPv6, and no rule about TCP.
    blue.assert_unanswered(green.v6)?;
    refused(blue, green, 443)?;
    client.ok(
        "CreateSecurityGroupRule",
        rule(&client, GREEN, "tcp", 443, "10.1.0.0/16")?,
    )?;
    wait_until("443 is open", SOON, || connects(blue, green, 443, PATIENCE))?;
    refused(blue, green, 80)?;
    refused(green, blue, 443)?;
    // A rule about other sources is none.
    client.ok(
        "CreateSecurityGroupRule",
        rule(&client, GREEN, "tcp", 80, "10.1.7.0/24")?,
    )?;
    refused(blue, green, 80)?;
    client.ok(
        "DeleteSecurityGroupRule",
        rule(&client, GREEN, "tcp", 443, "10.1.0.0/16")?,
    )?;
    wait_until("443 is closed", SOON, || refused(blue, green, 443))?;
    blue.assert_reaches(green.v4)?;
    // Taken away, the default keeps what nobody let out.
    client.ok(
        "DeleteSecurityGroupRule",
        json!({ "SecurityGroupId": client.group(BLUE)?, "Flow": "Outbound",
                "Rules": [{ "IpRanges": ["0.0.0.0/0", "::/0"] }] }),
    )?;
    wait_until("blue opens nothing", SOON, || {
        blue.assert_unanswered(green.v4)
    })?;
    green.assert_reaches(blue.v4)?;
    Ok(())
}

#[test]
fn what_flowed_stops_without_its_route_or_its_peering() -> Result<()> {
    let (scene, client) = scene("outscale stop")?;
    let Scene { blue, green, .. } = &scene;
    let open = |pcx: &str| -> Result<()> {
        route(&client, BLUE, &green.prefixes(), pcx)?;
        route(&client, GREEN, &blue.prefixes(), pcx)
    };
    for (net, host) in [(BLUE, green), (GREEN, blue)] {
        for range in host.prefixes() {
            client.ok(
                "CreateSecurityGroupRule",
                rule(&client, net, "-1", -1, &range)?,
            )?;
        }
    }
    let pcx = client.peer(BLUE, GREEN)?;
    open(&pcx)?;
    wait_until("both families get through", SOON, || {
        scene.assert_connected(blue, green)
    })?;
    let table = client.table(GREEN)?;
    client.ok(
        "DeleteRoute",
        json!({ "RouteTableId": table, "DestinationIpRange": blue.prefixes()[0] }),
    )?;
    wait_until("IPv4 stops", SOON, || blue.assert_unanswered(green.v4))?;
    blue.assert_reaches(green.v6)?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    wait_until("everything stops", SOON, || {
        scene.assert_separated(blue, green)
    })?;
    // A new peering starts without the old one's routes.
    let pcx = client.peer(GREEN, BLUE)?;
    scene.assert_separated(blue, green)?;
    open(&pcx)?;
    wait_until("it gets through again", SOON, || {
        scene.assert_connected(blue, green)
    })
}
