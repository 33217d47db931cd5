"""Outscale's command line (PyPI: osc-sdk, `osc-cli`), which asks at /api/latest and signs otherwise than the library."""

import json
import os
import re
import subprocess
import sys

from harness import Checks, Refused, World, blocked, closes, equal, eventually, expect, flows, refused

PROGRAM = os.path.join(os.path.dirname(sys.executable), "osc-cli")

check = Checks()
world = World()


class Account:
    """A profile of the command line's configuration file."""

    def __init__(self, account):
        self.account = account

    @staticmethod
    def configure(folder):
        """A file with a profile for each account."""
        profiles = {
            name: {
                "access_key": known["access_key"],
                "secret_key": known["secret_key"],
                "region": "local-1",
                "https": False,
                "endpoint": world.server,
            }
            for name, known in world.accounts.items()
            if "access_key" in known
        }
        profiles["stranger"] = {**profiles["blue-team"], "secret_key": "no-secret"}
        Account.file = os.path.join(folder, "osc-cli.json")
        with open(Account.file, "w", encoding="utf-8") as file:
            json.dump(profiles, file)

    def __call__(self, action, **parameters):
        command = [PROGRAM, "api", action, "--config_path", Account.file, "--profile", self.account]
        for name, value in parameters.items():
            # As its users write them: lists in brackets, filters by their path.
            value = json.dumps(value) if isinstance(value, (dict, list, bool, int)) else value
            command.append(f"--{name}={value}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            told = re.search(r"status = (\d+), code = (\w+)", last)
            raise Refused(int(told[1]) if told else None, told[2] if told else None, last)
        answer = json.loads(done.stdout)
        expect(answer["ResponseContext"]["RequestId"], f"no RequestId in {answer}")
        return answer

    def state(self, peering):
        found = self("ReadNetPeerings", Filters={"NetPeeringIds": [peering]})["NetPeerings"]
        equal([each["NetPeeringId"] for each in found], [peering], "what is read")
        return found[0]["State"]["Name"]

    def wait(self, peering, state):
        eventually(lambda: equal(self.state(peering), state, "the state"))


Account.configure(os.environ["HOME"])
blue, green = Account("blue-team"), Account("green-team")
own, peer = world.blue, world.green

with check("ReadNets reads the account's own"):
    found = {net["NetId"] for net in blue("ReadNets")["Nets"]}
    equal(found, {network.net_id for network in world.of("blue-team")})
with check("a wrong secret is 401"):
    refused(401, None, Account("stranger"), "ReadNets")
with check("ReadAccounts reads the account"):
    equal([each["AccountId"] for each in blue("ReadAccounts")["Accounts"]], ["blue-team"])
with check("CreateNetPeering with DryRun makes nothing"):
    wanted = {"SourceNetId": own.net_id, "AccepterNetId": peer.net_id, "AccepterOwnerId": "green-team"}
    equal(set(blue("CreateNetPeering", DryRun=True, **wanted)), {"ResponseContext"})
    equal(blue("ReadNetPeerings")["NetPeerings"], [])
with check("CreateNetPeering makes a request"):
    made = blue("CreateNetPeering", **wanted)["NetPeering"]
    peering = made["NetPeeringId"]
    equal(made["State"]["Name"], "pending-acceptance")
with check("CreateNetPeering again is told as 409 and 9067"):
    refused(409, "9067", blue, "CreateNetPeering", **wanted)
with check("ReadNetPeerings by filters as they are typed"):
    typed = {"Filters.NetPeeringIds": [peering], "Filters.StateNames": ["pending-acceptance"]}
    for account in [blue, green]:
        found = account("ReadNetPeerings", **typed)["NetPeerings"]
        equal([each["NetPeeringId"] for each in found], [peering])
    equal(blue("ReadNetPeerings", **{"Filters.StateNames": ["active"]})["NetPeerings"], [])
with check("ReadNetPeerings by a page"):
    equal(len(blue("ReadNetPeerings", ResultsPerPage=1)["NetPeerings"]), 1)
with check("AcceptNetPeering by the other account, and both read active"):
    green("AcceptNetPeering", NetPeeringId=peering)
    blue.wait(peering, "active")
    green.wait(peering, "active")
    blocked(own, peer)
with check("CreateRoute and CreateSecurityGroupRule on both sides, and packets flow"):
    for account, network, other in [(blue, own, peer), (green, peer, own)]:
        account(
            "CreateRoute",
            RouteTableId="rtb-" + network.uid[:8],
            DestinationIpRange=other.v4,
            NetPeeringId=peering,
        )
        account(
            "CreateSecurityGroupRule",
            SecurityGroupId="sg-" + network.uid[:8],
            Flow="Inbound",
            IpProtocol="icmp",
            FromPortRange=-1,
            ToPortRange=-1,
            IpRange=other.v4,
        )
    flows(own, peer)
    flows(peer, own)
with check("ReadRouteTables by the peering that routes lead to"):
    found = blue("ReadRouteTables", **{"Filters.RouteNetPeeringIds": [peering]})["RouteTables"]
    equal([table["RouteTableId"] for table in found], ["rtb-" + own.uid[:8]])
with check("CreateTags and ReadTags"):
    tag = {"Key": "env", "Value": "prod"}
    blue("CreateTags", ResourceIds=[peering], Tags=[tag])
    [read] = blue("ReadTags", **{"Filters.ResourceIds": [peering]})["Tags"]
    equal((read["Key"], read["Value"]), ("env", "prod"))
with check("DeleteRoute, and nothing flows"):
    blue("DeleteRoute", RouteTableId="rtb-" + own.uid[:8], DestinationIpRange=peer.v4)
    closes(own, peer)
with check("DeleteNetPeering by the other account, and both read deleted"):
    green("DeleteNetPeering", NetPeeringId=peering)
    blue.wait(peering, "deleted")
    green.wait(peering, "deleted")
with check("RejectNetPeering, and AcceptNetPeering of what is rejected is told as 409"):
    again = blue("CreateNetPeering", **wanted)["NetPeering"]["NetPeeringId"]
    green("RejectNetPeering", NetPeeringId=again)
    blue.wait(again, "rejected")
    refused(409, None, green, "AcceptNetPeering", NetPeeringId=again)
check.end()
