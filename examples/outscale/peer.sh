#!/bin/sh
# Two Nets peer by osc-cli (pip install osc-sdk), to the first ping and back. Its peerd runs with
#   peerd run --table table.yaml --config peerd.yaml --listen 127.0.0.1:8080
# and is asked by each account with its own key, of osc-cli.json.
set -eu
here=$(dirname "$0")

ask() { # PROFILE ACTION [PARAMETERS]
    profile=$1 action=$2
    shift 2
    echo "--- $profile: $action" >&2
    osc-cli --profile "$profile" --config_path "$here/osc-cli.json" api "$action" "$@"
}
field() { # NAME, of what was answered: its first value
    sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1
}
inbound() { # PROFILE GROUP RANGE: what may come in
    ask "$1" CreateSecurityGroupRule --SecurityGroupId "$2" --Flow Inbound \
        --Rules '[{"IpProtocol":"icmp","FromPortRange":-1,"ToPortRange":-1,"IpRanges":["'"$3"'"]}]'
}

# 1. Each account reads its Net's ids, and tells the other.
BLUE=$(ask blue ReadNets | field NetId)
GREEN=$(ask green ReadNets | field NetId)
BLUE_ROUTES=$(ask blue ReadRouteTables | field RouteTableId)
GREEN_ROUTES=$(ask green ReadRouteTables | field RouteTableId)
BLUE_GROUP=$(ask blue ReadSecurityGroups | field SecurityGroupId)
GREEN_GROUP=$(ask green ReadSecurityGroups | field SecurityGroupId)

# 2. Blue asks: pending-acceptance. Green accepts: active, and a ping is not answered yet.
PEERING=$(ask blue CreateNetPeering --SourceNetId "$BLUE" --AccepterNetId "$GREEN" \
    --AccepterOwnerId '"222222222222"' | field NetPeeringId)
ask green AcceptNetPeering --NetPeeringId "$PEERING"

# 3. A route and an inbound rule of each. Now it is, both ways.
ask blue CreateRoute --RouteTableId "$BLUE_ROUTES" --DestinationIpRange 10.2.0.0/16 --NetPeeringId "$PEERING"
ask green CreateRoute --RouteTableId "$GREEN_ROUTES" --DestinationIpRange 10.1.0.0/16 --NetPeeringId "$PEERING"
inbound blue "$BLUE_GROUP" 10.2.0.0/16
inbound green "$GREEN_GROUP" 10.1.0.0/16
ask blue ReadNetPeerings --Filters '{"StateNames":["active"]}'

# 4. Either deletes it: deleted, for an hour, and a ping is not answered. `keep` leaves it.
[ "${1:-}" = keep ] && exit
ask blue DeleteNetPeering --NetPeeringId "$PEERING"
ask green ReadNetPeerings
