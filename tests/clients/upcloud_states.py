"""Every state that an UpCloud peering can have, by UpCloud's client."""

import subprocess

import requests

from harness import Checks, World, blocked, equal, expect, flows
from upcloud_client import UpCloud, addresses, families

check = Checks()
world = World()
blue = UpCloud(world, "blue-team")
green = UpCloud(world, "green-team")
red = UpCloud(world, "red-team")


def native(method, path, **more):
    """Something UpCloud's API has no word for, done natively by an administrator."""
    token = world.accounts["admin"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, world.server + path, headers=headers, timeout=60, **more)
    expect(answer.ok, f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def pair(one, own, other, peer):
    """Both sides ask for a peering; what the second one is answered."""
    first = one.create("there", own.uid, peer.uid)
    return first, other.create("back", peer.uid, own.uid)


with check("state: prefixes that overlap are 201 and conflict-subnet on both sides"):
    first, second = pair(blue, world.blue, green, world.twin)
    equal(first["state"], "conflict-subnet", "the first's state at once")
    equal(second["state"], "conflict-subnet", "the state at once")
    blue.wait(first["uuid"], "conflict-subnet")
with check("state: so are those of one account's networks"):
    there, back = pair(blue, world.blue, blue, world.overlapping)
    equal(back["state"], "conflict-subnet", "the state at once")
    blue.wait(there["uuid"], "conflict-subnet")
with check("state: a conflict can be disabled and deleted"):
    for peering in [first, there, back]:
        blue.remove(peering["uuid"])
    green.remove(second["uuid"])
with check("state: networks in two zones are an error"):
    first, second = pair(blue, world.blue, green, world.abroad)
    blue.wait(first["uuid"], "error")
    green.wait(second["uuid"], "error")
    blue.remove(first["uuid"])
    green.remove(second["uuid"])
with check("state: a refused request is an error"):
    asked = blue.create("ask", world.blue.uid, world.red.uid)
    incoming = native("GET", "/v1/peerings?namespace=red-team&incoming=true")["items"]
    name = next(each["metadata"] for each in incoming if each["metadata"]["namespace"] == "blue-team")
    native("POST", f"/v1/peerings/{name['namespace']}/{name['name']}/reject")
    blue.wait(asked["uuid"], "error")
    blue.remove(asked["uuid"])
with check("state: a router's port that is gone is missing-local-router and missing-peer-router"):
    first, second = pair(blue, world.blue, green, world.fading)
    blue.wait(first["uuid"], "active")
    subprocess.run(["ip", "link", "del", "fading"], check=True)
    green.wait(second["uuid"], "missing-local-router")
    blue.wait(first["uuid"], "missing-peer-router")
with check("state: what has no router can be disabled and deleted"):
    blue.remove(first["uuid"])
    green.remove(second["uuid"])
with check("state: a peer's network that is gone is deleted-peer-network"):
    first, second = pair(blue, world.blue, green, world.vanishing)
    blue.wait(first["uuid"], "active")
    native("DELETE", "/v1/networks/green-team/vanishing")
    gone = blue.wait(first["uuid"], "deleted-peer-network")
    equal(addresses(gone["network"]), families(world.blue))
with check("state: disabled is reached though the peer is gone"):
    blue.remove(first["uuid"])
    equal(blue.peerings(), [])
with check("state: three networks of two accounts, and the middle one is no way through"):
    pairs = [(blue, world.blue, green, world.green), (green, world.green, red, world.red)]
    made = [(one, other, pair(one, own, other, peer)) for one, own, other, peer in pairs]
    for one, other, (first, second) in made:
        one.wait(first["uuid"], "active")
        other.wait(second["uuid"], "active")
    flows(world.blue, world.green)
    flows(world.red, world.green)
    blocked(world.blue, world.red, (4, 6))
    for one, other, (first, second) in made:
        one.remove(first["uuid"])
        other.remove(second["uuid"])
check.end()
