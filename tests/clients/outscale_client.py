"""Outscale's published client (PyPI: osc-sdk-python), as the scenarios use it."""

import os

import requests
from osc_sdk_python import Gateway

from harness import Failed, Refused, equal, eventually, expect

# What Python's dictionaries of a reply never lack.
CONTEXT = "ResponseContext"


class Outscale:
    """An account. Actions are called by their names: `account.ReadNets(Filters={...})`."""

    def __init__(self, world, account, secret=None, key=None):
        # As the client's users configure it, but for the keys: there are several accounts here.
        os.environ["OSC_ENDPOINT_API"] = world.server + "/api/v1"
        os.environ["OSC_REGION"] = "local-1"
        known = world.accounts[account]
        self.account = account
        self.gateway = Gateway(
            access_key=key or known["access_key"],
            secret_key=secret or known["secret_key"],
            # It allows itself five requests a second, and hides a server's trouble by asking again.
            limiter_max_requests=1_000_000,
            max_retries=0,
        )

    def __getattr__(self, action):
        return lambda **parameters: self._call(getattr(self.gateway, action), **parameters)

    def raw(self, action, **parameters):
        """Past the client's own look at the parameters."""
        return self._call(self.gateway.raw, action, **parameters)

    def dry(self, action, **parameters):
        """Asks whether it might, which the typed calls cannot."""
        answer = self.raw(action, DryRun=True, **parameters)
        equal(set(answer), {CONTEXT}, "what is in the answer")

    @staticmethod
    def _call(work, *arguments, **parameters):
        try:
            answer = work(*arguments, **parameters)
        except requests.HTTPError as error:
            raise _refusal(error.response) from None
        except requests.RequestException as error:
            raise Failed(f"the client gave up: {error}") from None
        expect(isinstance(answer, dict), f"the answer is {answer!r}")
        expect(answer.get(CONTEXT, {}).get("RequestId"), f"no RequestId in {answer!r}")
        return answer

    # Net peerings.

    def peerings(self, **filters):
        answer = self.ReadNetPeerings(Filters=filters) if filters else self.ReadNetPeerings()
        return answer["NetPeerings"]

    def peering(self, peering):
        """One by its id, which has to be there."""
        found = self.peerings(NetPeeringIds=[peering])
        equal([each["NetPeeringId"] for each in found], [peering], "what is read")
        return found[0]

    def request(self, source, accepter, owner=None):
        """Ask for a peering of two networks."""
        more = {"AccepterOwnerId": owner} if owner else {}
        answer = self.CreateNetPeering(SourceNetId=source.net_id, AccepterNetId=accepter.net_id, **more)
        return answer["NetPeering"]

    def accept(self, peering):
        return self.AcceptNetPeering(NetPeeringId=peering)["NetPeering"]

    def reject(self, peering):
        equal(set(self.RejectNetPeering(NetPeeringId=peering)), {CONTEXT}, "what is in the answer")

    def delete(self, peering):
        equal(set(self.DeleteNetPeering(NetPeeringId=peering)), {CONTEXT}, "what is in the answer")

    def wait(self, peering, state):
        """A peering once it has a state."""

        def attempt():
            found = self.peering(peering)
            equal(found["State"]["Name"], state, f"the state ({found['State']['Message']})")
            return found

        return eventually(attempt)

    # The main route table and the default security group of a Net.

    def table(self, network):
        return "rtb-" + network.uid[:8]

    def group(self, network):
        return "sg-" + network.uid[:8]

    def routes(self, network):
        """Destinations of its routes to peerings, and where they lead."""
        tables = self.ReadRouteTables(Filters={"RouteTableIds": [self.table(network)]})["RouteTables"]
        equal(len(tables), 1, "the number of route tables")
        routes = [route for route in tables[0]["Routes"] if route.get("NetPeeringId")]
        return {route["DestinationIpRange"]: route["NetPeeringId"] for route in routes}

    def route(self, network, destination, peering):
        """Make one."""
        answer = self.CreateRoute(
            RouteTableId=self.table(network), DestinationIpRange=destination, NetPeeringId=peering
        )
        return answer["RouteTable"]

    def unroute(self, network, destination):
        return self.DeleteRoute(RouteTableId=self.table(network), DestinationIpRange=destination)["RouteTable"]

    def let_in(self, network, source, protocol="-1"):
        """Allow all of a protocol from a range."""
        answer = self.CreateSecurityGroupRule(Flow="Inbound", **self._rule(network, source, protocol))
        return answer["SecurityGroup"]

    def keep_out(self, network, source, protocol="-1"):
        """Allow it no more."""
        answer = self.DeleteSecurityGroupRule(Flow="Inbound", **self._rule(network, source, protocol))
        return answer["SecurityGroup"]

    def _rule(self, network, source, protocol):
        return {
            "SecurityGroupId": self.group(network),
            "IpProtocol": protocol,
            "IpRange": source,
            "FromPortRange": -1,
            "ToPortRange": -1,
        }


def _refusal(response):
    """An error as the API's body tells it."""
    try:
        body = response.json()
        error = body["Errors"][0]
        told = Refused(response.status_code, error["Code"], f"{error['Type']} {error['Details']}")
        told.kind = error["Type"]
        expect(body[CONTEXT]["RequestId"], "no RequestId")
    except (ValueError, KeyError, IndexError, TypeError):
        return Refused(response.status_code, None, f"not Outscale's form of an error: {response.text[:300]}")
    return told
