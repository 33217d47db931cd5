#!/bin/sh
# Run on the stage, with table.yaml applied: sh examples/upcloud/peer.sh [keep]
# A peering made, agreed, used, disabled and deleted by UpCloud's API, and its other half as Aiven makes it.
#
# Asks peerd on its unix socket (PEERD_SOCKET), where nobody needs a password. Over TCP it is the same with the URL of
# `peerd run --listen` and a token of peerd.yaml:
#   curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/1.3/network-peering
# UpCloud's own clients take the same address, so that the steps below are also
#   export UPCLOUD_DEBUG_API_BASE_URL=http://127.0.0.1:8080 UPCLOUD_TOKEN=$TOKEN
#   upctl network-peering list
#   upctl network-peering delete "peering upcloud->aiven" --disable
set -eu
export PEERD_SOCKET="${PEERD_SOCKET:-/run/peerd/peerd.sock}"

ask() { # METHOD PATH [BODY]
    curl --silent --show-error --unix-socket "$PEERD_SOCKET" --request "$1" "http://peerd/1.3/$2" \
        --header 'Content-Type: application/json' ${3:+--data "$3"}
    echo
}
network() { # NAMESPACE/NAME
    peerctl get networks "$1" -o jsonpath='{.metadata.uid}'
}

# 1. Both networks' uuids, here for an admin who sees both. Each owner sees its own with
#    GET /1.3/network and tells the other.
ask GET network
SDN=$(network acme/sdn)
VPC=$(network aiven/vpc)

# 2. UpCloud's half: pending-peer.
MADE=$(ask POST network-peering '{ "network_peering": {
    "configured_status": "active",
    "name": "peering upcloud->aiven",
    "network": { "uuid": "'"$SDN"'" },
    "peer_network": { "uuid": "'"$VPC"'" }
} }')
echo "$MADE"
PEERING=$(echo "$MADE" | sed 's/.*"uuid":"\([^"]*\)".*/\1/')

# 3. Aiven's half. In its console the uuid of the SDN network is all there is to say, as in `peer: { id }`; its status
#    has `networkUid`, the VPC's uuid for step 2. Whichever half is first waits for the other.
peerctl apply -f - <<DOCUMENT
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: aiven, name: to-upcloud }
spec: { network: vpc, peer: { id: $SDN } }
DOCUMENT

# 4. active, with what the peer exports.
ask GET "network-peering/$PEERING"
ask PATCH "network-peering/$PEERING" '{ "network_peering": { "labels": [{ "key": "env", "value": "prod" }] } }'
ask GET 'network-peering?label=env%3Dprod'

# 5. `keep` leaves it. Not disabled, it is not deleted: PEERING_NOT_DISABLED. Then it is.
[ "${1:-}" = keep ] && exit
ask DELETE "network-peering/$PEERING"
ask PATCH "network-peering/$PEERING" '{ "network_peering": { "configured_status": "disabled" } }'
ask DELETE "network-peering/$PEERING"
ask GET "network-peering/$PEERING"
