"""UpCloud's API by UpCloud's client: networks, errors, labels, and the whole life of a peering."""

import uuid

from harness import Checks, World, among, blocked, closes, equal, expect, flows, refused
from upcloud_client import UpCloud, addresses, families

BOTH = (4, 6)
NOBODY = str(uuid.UUID(int=0x0305723A_E5CB_4EF6_985D_E36ED44D133A))

check = Checks()
world = World()
blue = UpCloud(world, "blue-team")
green = UpCloud(world, "green-team")
red = UpCloud(world, "red-team", "bearer")


def uuids(peerings):
    return sorted(peering["uuid"] for peering in peerings)


def networks():
    with check("networks: an account lists its own and no stranger's"):
        found = {each.uuid for each in blue.call(blue.manager.get_networks)}
        own = {network.uid for network in world.of("blue-team")}
        expect(own <= found, f"{own - found} are missing")
        expect(world.green.uid not in found, "a stranger's is listed")
    with check("networks: a bearer token tells the same as a user and a password"):
        bearer = UpCloud(world, "blue-team", "bearer")
        equal(bearer.get("/network"), blue.get("/network"))
    with check("networks: each has a name, the type private, its zone, prefixes and labels"):
        for each in blue.get("/network")["networks"]["network"]:
            network = next(known for known in world.networks.values() if known.uid == each["uuid"])
            told = (each["name"], each["type"], each["zone"])
            equal(told, (network.name, "private", network.zone), each["uuid"])
            equal(addresses(each), families(network), f"what {network.name} tells")
            expect(isinstance(each["labels"], list), f"labels are {each['labels']!r}")
    with check("networks: a label is a key and a value"):
        told = blue.get(f"/network/{world.blue.uid}")["network"]
        equal(told["labels"], [{"key": "env", "value": "prod"}])
    with check("networks: one by its uuid is as in the list"):
        listed = blue.get("/network")["networks"]["network"]
        for each in listed:
            equal(blue.get(f"/network/{each['uuid']}")["network"], each)
    with check("networks: the client's own reading of one"):
        network = blue.call(blue.manager.get_network, world.blue.uid)
        found = sorted((each.address, each.family) for each in network.ip_networks)
        equal((network.name, found), ("blue", families(world.blue)))
    with check("networks: who has a working port has a router"):
        for network in world.of("blue-team"):
            told = blue.get(f"/network/{network.uid}")["network"]
            equal(bool(told.get("router")), network.has_port, f"whether {network.name} has one")
    with check("networks: the client's list of a zone"):
        found = {each.uuid for each in blue.call(blue.manager.get_networks, zone="elsewhere")}
        equal(found, {world.elsewhere.uid})
    with check("networks: an unknown one is 404 NETWORK_NOT_FOUND"):
        refused(404, "NETWORK_NOT_FOUND", blue.get, f"/network/{NOBODY}")
    with check("networks: a stranger's is 404 like an unknown one"):
        refused(404, "NETWORK_NOT_FOUND", blue.get, f"/network/{world.green.uid}")


def errors():
    own, peer = world.blue.uid, world.green.uid
    with check("errors: an unknown token is 401 with a code and a message"):
        refusal = refused(401, None, UpCloud(world, "blue-team", "wrong").peerings)
        expect(refusal.code and refusal.message, f"it says {refusal}")
    with check("errors: an unknown own network is 404 NETWORK_NOT_FOUND"):
        refused(404, "NETWORK_NOT_FOUND", blue.create, "x", NOBODY, peer)
    with check("errors: another's network as the own one is 404 NETWORK_NOT_FOUND"):
        refused(404, "NETWORK_NOT_FOUND", blue.create, "x", peer, own)
    with check("errors: an unknown peer network is 404 PEER_NETWORK_NOT_FOUND"):
        refused(404, "PEER_NETWORK_NOT_FOUND", blue.create, "x", own, NOBODY)
    with check("errors: a network without a port is 409 LOCAL_NETWORK_NO_ROUTER"):
        refused(409, "LOCAL_NETWORK_NO_ROUTER", blue.create, "x", world.portless.uid, peer)
    with check("errors: a network does not peer with itself"):
        refused([400, 409], None, blue.create, "x", own, own)
    for name, what in [("", "empty"), ("x" * 256, "of 256 characters"), (7, "that is a number")]:
        with check(f"errors: a name {what} is 400"):
            refused(400, None, blue.create, name, own, peer)
    with check("errors: no name is 400"):
        body = {"network": {"uuid": own}, "peer_network": {"uuid": peer}}
        refused(400, None, blue.post, "/network-peering", {"network_peering": body})
    with check("errors: no peer network is 400"):
        body = {"name": "x", "network": {"uuid": own}}
        refused(400, None, blue.post, "/network-peering", {"network_peering": body})
    with check("errors: an unknown configured_status is 400"):
        refused(400, None, blue.create, "x", own, peer, configured_status="paused")
    with check("errors: an unknown peering is 404 PEERING_NOT_FOUND, read, modified or deleted"):
        refused(404, "PEERING_NOT_FOUND", blue.peering, NOBODY)
        refused(404, "PEERING_NOT_FOUND", blue.modify, NOBODY, name="y")
        refused(404, "PEERING_NOT_FOUND", blue.delete, NOBODY)
    with check("errors: whatever was refused made nothing"):
        equal(blue.peerings(), [])


def life():
    with check("request: 201, pending-peer, and nothing of the peer but its uuid"):
        made = blue.create("to green", world.blue.uid, world.green.uid)
        told = (made["name"], made["configured_status"], made["state"], made["labels"])
        equal(told, ("to green", "active", "pending-peer", []))
        equal((made["network"]["uuid"], addresses(made["network"])), (world.blue.uid, families(world.blue)))
        equal(made["peer_network"], {"uuid": world.green.uid})
    with check("request: its uuid is one, and leads to it"):
        equal(str(uuid.UUID(made["uuid"])), made["uuid"])
        equal(blue.peering(made["uuid"]), made)
    with check("request: it is listed to its owner alone"):
        equal(uuids(blue.peerings()), [made["uuid"]])
        equal(green.peerings(), [])
        refused(404, "PEERING_NOT_FOUND", green.peering, made["uuid"])
        refused(404, "PEERING_NOT_FOUND", green.modify, made["uuid"], name="mine")
    with check("request: the same pair again is 409 PEERING_CONFLICT"):
        refused(409, "PEERING_CONFLICT", blue.create, "again", world.blue.uid, world.green.uid)
    with check("request: what is not disabled is not deleted, 409"):
        refused(409, None, blue.delete, made["uuid"])
    with check("request: one side alone carries nothing"):
        blocked(world.blue, world.green, BOTH)
        blocked(world.green, world.blue, BOTH)
    with check("agreed: the other side's is 201 too, and both become active"):
        answer = green.create("to blue", world.green.uid, world.blue.uid)
        among(answer["state"], ["provisioning", "active"], "the state at once")
        for account, peering in [(blue, made), (green, answer)]:
            account.wait(peering["uuid"], "active")
    with check("agreed: each tells both networks' prefixes"):
        for account, peering, own, peer in [
            (blue, made, world.blue, world.green),
            (green, answer, world.green, world.blue),
        ]:
            told = account.peering(peering["uuid"])
            equal(told["network"]["uuid"], own.uid)
            equal(addresses(told["network"]), families(own))
            equal(told["peer_network"]["uuid"], peer.uid)
            equal(addresses(told["peer_network"]), families(peer))
    with check("agreed: packets flow both ways in both families"):
        flows(world.blue, world.green, BOTH)
        flows(world.green, world.blue, BOTH)
    with check("agreed: not to a third network"):
        blocked(world.blue, world.red, BOTH)
    with check("agreed: what is active is not deleted, 409"):
        refused(409, None, blue.delete, made["uuid"])
    with check("disabled: one side disables, the other sees it, and nothing flows"):
        equal(green.modify(answer["uuid"], configured_status="disabled")["configured_status"], "disabled")
        green.wait(answer["uuid"], "disabled")
        blue.wait(made["uuid"], "peer-disabled")
        closes(world.blue, world.green, BOTH)
        closes(world.green, world.blue, BOTH)
    with check("disabled: both disable, and it takes both to go on"):
        blue.modify(made["uuid"], configured_status="disabled")
        blue.wait(made["uuid"], "disabled")
        green.modify(answer["uuid"], configured_status="active")
        green.wait(answer["uuid"], "peer-disabled")
        blocked(world.blue, world.green)
        blue.modify(made["uuid"], configured_status="active")
        blue.wait(made["uuid"], "active")
        green.wait(answer["uuid"], "active")
        flows(world.blue, world.green, BOTH)
    with check("deleted: 204 without a body once disabled, then 404"):
        green.remove(answer["uuid"])
        refused(404, "PEERING_NOT_FOUND", green.peering, answer["uuid"])
        refused(404, "PEERING_NOT_FOUND", green.delete, answer["uuid"])
        equal(green.peerings(), [])
    with check("deleted: the other side waits again, and nothing flows"):
        waiting = blue.wait(made["uuid"], "pending-peer")
        equal(waiting["peer_network"], {"uuid": world.green.uid})
        closes(world.blue, world.green, BOTH)
        closes(world.green, world.blue, BOTH)
    with check("deleted: made anew, it is active again"):
        again = green.create("to blue", world.green.uid, world.blue.uid, configured_status="active")
        expect(again["uuid"] != answer["uuid"], "it has the uuid of the one that was deleted")
        green.wait(again["uuid"], "active")
        flows(world.green, world.blue, BOTH)
    with check("deleted: both sides, and the lists are empty"):
        blue.remove(made["uuid"])
        green.remove(again["uuid"])
        equal((blue.peerings(), green.peerings()), ([], []))
    with check("request: made as disabled it is disabled, and deleted at once"):
        quiet = blue.create("quiet", world.blue.uid, world.green.uid, configured_status="disabled")
        equal((quiet["configured_status"], quiet["state"]), ("disabled", "disabled"))
        blue.delete(quiet["uuid"])
    with check("request: a name of 255 characters is as good as one of one"):
        for name in ["n" * 255, "ü"]:
            named = blue.create(name, world.blue.uid, world.green.uid)
            equal(blue.peering(named["uuid"])["name"], name)
            blue.remove(named["uuid"])


def labels():
    both = [{"key": "env", "value": "prod"}, {"key": "tier", "value": "a=b c"}]
    with check("labels: those given are told"):
        one = blue.create("one", world.blue.uid, world.green.uid, labels=both)
        other = blue.create("other", world.blue.uid, world.red.uid, labels=both[:1])
        equal(sorted(one["labels"], key=lambda label: label["key"]), both)
        equal(other["labels"], both[:1])
    for asked, wanted in [
        (["env=prod"], "one other"),
        (["env"], "one other"),
        (["tier"], "one"),
        (["tier=a=b c"], "one"),
        (["env=prod", "tier"], "one"),
        (["env=test"], ""),
        (["env", "owner"], ""),
    ]:
        with check(f"labels: {' and '.join(asked)} finds {wanted or 'none'}"):
            found = sorted(peering["name"] for peering in blue.peerings(label=asked))
            equal(found, wanted.split(), "what is found")
    with check("modify: the name alone, and the labels stay"):
        named = blue.modify(one["uuid"], name="renamed")
        equal((named["name"], named["uuid"]), ("renamed", one["uuid"]))
        equal(sorted(named["labels"], key=lambda label: label["key"]), both)
        equal(named["state"], "pending-peer")
    with check("modify: labels replace the ones before"):
        equal(blue.modify(one["uuid"], labels=both[:1])["labels"], both[:1])
    with check("modify: empty labels clear them"):
        cleared = blue.modify(one["uuid"], labels=[])
        equal((cleared["labels"], cleared["name"]), ([], "renamed"))
        equal(blue.peering(one["uuid"])["labels"], [])
    with check("modify: the networks are not to be changed, 400"):
        for field in ["network", "peer_network"]:
            refused(400, None, blue.modify, one["uuid"], **{field: {"uuid": world.red.uid}})
    with check("modify: a wrong name or status is 400 and changes nothing"):
        refused(400, None, blue.modify, one["uuid"], name="")
        refused(400, None, blue.modify, one["uuid"], name="x" * 256)
        refused(400, None, blue.modify, one["uuid"], configured_status="paused")
        equal(blue.peering(one["uuid"])["name"], "renamed")
    with check("labels: the peerings they were on are removed"):
        blue.remove(one["uuid"])
        blue.remove(other["uuid"])
        equal(blue.peerings(), [])


networks()
errors()
life()
labels()
check.end()
