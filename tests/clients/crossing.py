"""One peering, two systems: each side is asked for, answered and ended in its own owner's words."""

import requests

from harness import Checks, World, blocked, closes, equal, eventually, expect, flows, refused
from outscale_client import Outscale
from upcloud_client import UpCloud

check = Checks()
world = World()
own, peer = world.blue, world.green
upcloud = UpCloud(world, "blue-team")
outscale = Outscale(world, "green-team")
blue_outscale = Outscale(world, "blue-team")


class Native:
    """peerd's own API."""

    def __init__(self, account):
        self.account = account
        self.token = world.accounts[account]["token"]

    def __call__(self, method, path, status=200, **more):
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, world.server + path, headers=headers, timeout=60, **more)
        equal(answer.status_code, status, f"{method} {path}: {answer.text}")
        return answer.json()

    def ask(self, network, other):
        """A request, by the names of the networks."""
        name = f"to-{other.name}"
        document = {
            "apiVersion": "peerd/v1",
            "kind": "Peering",
            "metadata": {"namespace": self.account, "name": name},
            "spec": {"network": network.name, "peer": {"namespace": other.account, "network": other.name}},
        }
        return self("POST", "/v1/peerings", 201, json=document)

    def wait(self, name, state):
        def attempt():
            status = self("GET", f"/v1/peerings/{self.account}/{name}")["status"]
            equal(status["state"], state, f"the state ({status['reason']})")

        eventually(attempt)


blue, green = Native("blue-team"), Native("green-team")


def incoming():
    """The one request that waits for green's owner, as Outscale tells it."""
    found = outscale.peerings(StateNames=["pending-acceptance"], AccepterNetNetIds=[peer.net_id])
    equal(len(found), 1, "the number of requests")
    return found[0]


def open_accepter(peering):
    """What the accepter's side needs on Outscale before anything flows."""
    blocked(own, peer)
    blocked(peer, own)
    outscale.route(peer, own.v4, peering)
    flows(peer, own)
    blocked(own, peer)
    outscale.let_in(peer, own.v4)
    flows(own, peer)


def close_accepter():
    outscale.keep_out(peer, own.v4)


with check("asked by UpCloud: Outscale's account reads a request to accept"):
    asked = upcloud.create("to green", own.uid, peer.uid)
    equal(asked["state"], "pending-peer")
    request = incoming()
    crossing = request["NetPeeringId"]
    equal(request["SourceNet"], {"AccountId": "blue-team", "IpRange": own.v4, "NetId": own.net_id})
    equal((request["AccepterNet"]["AccountId"], request["AccepterNet"]["NetId"]), ("green-team", peer.net_id))
with check("asked by UpCloud: accepted by Outscale, active in both systems"):
    outscale.accept(crossing)
    outscale.wait(crossing, "active")
    told = upcloud.wait(asked["uuid"], "active")
    addresses = sorted(each["address"] for each in told["peer_network"]["ip_networks"]["ip_network"])
    equal(addresses, sorted(peer.prefixes), "what UpCloud tells of the accepter")
with check("asked by UpCloud: packets flow once the accepter has its route and its rule"):
    open_accepter(crossing)
with check("asked by UpCloud: disabled, it is active on Outscale with a message that says otherwise"):
    upcloud.modify(asked["uuid"], configured_status="disabled")
    upcloud.wait(asked["uuid"], "disabled")
    state = outscale.wait(crossing, "active")["State"]
    expect(state["Message"] and state["Message"] != "Active", f"the message is {state['Message']!r}")
    closes(own, peer)
    closes(peer, own)
with check("asked by UpCloud: enabled again, packets flow again"):
    upcloud.modify(asked["uuid"], configured_status="active")
    upcloud.wait(asked["uuid"], "active")
    equal(outscale.wait(crossing, "active")["State"]["Message"], "Active")
    flows(own, peer)
    flows(peer, own)
with check("asked by UpCloud: deleted by Outscale, both consents are gone"):
    outscale.delete(crossing)
    outscale.wait(crossing, "deleted")
    refused(404, "PEERING_NOT_FOUND", upcloud.peering, asked["uuid"])
    equal(upcloud.peerings(), [])
    closes(own, peer)
    closes(peer, own)
    close_accepter()
with check("asked by UpCloud: rejected by Outscale it is an error there, and deleted once disabled"):
    asked = upcloud.create("to green", own.uid, peer.uid)
    outscale.reject(incoming()["NetPeeringId"])
    upcloud.wait(asked["uuid"], "error")
    upcloud.remove(asked["uuid"])
with check("asked by UpCloud: withdrawn, there is nothing to accept any more"):
    asked = upcloud.create("to green", own.uid, peer.uid)
    withdrawn = incoming()["NetPeeringId"]
    upcloud.remove(asked["uuid"])
    equal(outscale.peerings(StateNames=["pending-acceptance"]), [])
    refused([400, 409], None, outscale.accept, withdrawn)
with check("asked natively: accepted by Outscale, active in both"):
    blue.ask(own, peer)
    blue.wait("to-green", "pending")
    native = incoming()["NetPeeringId"]
    outscale.accept(native)
    outscale.wait(native, "active")
    blue.wait("to-green", "active")
with check("asked natively: UpCloud lists it as well, for its owner"):
    [listed] = upcloud.peerings()
    told = (listed["state"], listed["network"]["uuid"], listed["peer_network"]["uuid"])
    equal(told, ("active", own.uid, peer.uid))
with check("asked natively: packets flow once the accepter has its route and its rule"):
    open_accepter(native)
with check("asked natively: withdrawn natively, and Outscale's side carries nothing"):
    blue("DELETE", "/v1/peerings/blue-team/to-green")
    closes(own, peer)
    closes(peer, own)
    expect(outscale.peering(native)["State"] != {"Name": "active", "Message": "Active"}, "it is still active")
    close_accepter()
with check("asked by Outscale: accepted natively, active in both"):
    there = blue_outscale.request(own, world.red, "red-team")["NetPeeringId"]
    red = Native("red-team")
    [request] = red("GET", "/v1/peerings?namespace=red-team&incoming=true")["items"]
    name = request["metadata"]["name"]
    accepted = red("POST", f"/v1/peerings/blue-team/{name}/accept", 201)["metadata"]["name"]
    red.wait(accepted, "active")
    blue_outscale.wait(there, "active")
with check("asked by Outscale: packets flow once the requester has its route and its rule"):
    blocked(own, world.red)
    blue_outscale.route(own, world.red.v4, there)
    flows(own, world.red)
    blocked(world.red, own)
    blue_outscale.let_in(own, world.red.v4)
    flows(world.red, own)
with check("asked by Outscale: withdrawn natively by the accepter, and nothing flows"):
    red("DELETE", f"/v1/peerings/red-team/{accepted}")
    closes(own, world.red)
    closes(world.red, own)
check.end()
