"""UpCloud's published client (PyPI: upcloud-api), as the scenarios use it.

It has no methods for peerings yet, so that these go through its own requests. It hides the status of an error, which
is read off the answer on its way to it.
"""

import requests
import upcloud_api
from upcloud_api.api import API

from harness import Failed, Refused, equal, eventually

_answers = []
_request = requests.request


def _seen(*arguments, **named):
    answer = _request(*arguments, **named)
    _answers[:] = [answer]
    return answer


requests.request = _seen


class UpCloud:
    """An account."""

    def __init__(self, world, account, way="basic"):
        API.api_root = world.server + "/1.3"
        known = world.accounts[account]
        if way == "basic":
            self.manager = upcloud_api.CloudManager(known["user"], known["token"])
        elif way == "bearer":
            self.manager = upcloud_api.CloudManager(token=known["token"])
        else:
            self.manager = upcloud_api.CloudManager(token="not-a-token")

    @property
    def status(self):
        """Of the last answer."""
        return _answers[0].status_code

    @property
    def body(self):
        """Of the last answer, as it came."""
        return _answers[0].text

    def call(self, work, *arguments, **named):
        """A call of the client's, with what it hides."""
        _answers.clear()
        try:
            return work(*arguments, **named)
        except upcloud_api.UpCloudAPIError as error:
            raise Refused(self.status, error.error_code, error.error_message) from None
        except ValueError as error:
            raise Failed(f"the client cannot read {self.status} {self.body!r}: {error}") from None

    def get(self, path, **params):
        return self.call(self.manager.api.get_request, path, params=params or None)

    def post(self, path, body):
        return self.call(self.manager.api.post_request, path, body)

    def patch(self, path, body):
        return self.call(self.manager.api.patch_request, path, body)

    # Peerings, as the facts of the API have them.

    def peerings(self, **params):
        return self.get("/network-peering", **params)["network_peerings"]["network_peering"]

    def peering(self, uuid):
        return self.get(f"/network-peering/{uuid}")["network_peering"]

    def create(self, name, network, peer, **more):
        """A peering of two networks, by their uuids, which has to be answered with 201."""
        body = {"name": name, "network": {"uuid": network}, "peer_network": {"uuid": peer}, **more}
        made = self.post("/network-peering", {"network_peering": body})
        equal(self.status, 201, "the status")
        return made["network_peering"]

    def modify(self, uuid, **fields):
        modified = self.patch(f"/network-peering/{uuid}", {"network_peering": fields})
        equal(self.status, 200, "the status")
        return modified["network_peering"]

    def delete(self, uuid):
        self.call(self.manager.api.delete_request, f"/network-peering/{uuid}")
        equal((self.status, self.body), (204, ""), "the answer")

    def wait(self, uuid, state):
        """A peering once it has a state."""

        def attempt():
            peering = self.peering(uuid)
            equal(peering["state"], state, f"the state of {peering['name']}")
            return peering

        return eventually(attempt)

    def remove(self, uuid):
        """Disable it and delete it."""
        self.modify(uuid, configured_status="disabled")
        self.wait(uuid, "disabled")
        self.delete(uuid)


def addresses(side):
    """What a side of a peering tells of its prefixes."""
    return sorted((each["address"], each["family"]) for each in side["ip_networks"]["ip_network"])


def families(network):
    """The same as declared."""
    return sorted((prefix, "IPv4" if "." in prefix else "IPv6") for prefix in network.prefixes)
