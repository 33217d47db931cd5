#!/bin/sh
# A stage for the examples: a router with peerd on it and two hosts, `one` behind its interface veth-one and `two` behind
# veth-two, with addresses in the networks of every example. Needs root, and what
# `cargo build` makes.
#
#   sh examples/stage.sh                  # a shell on the router
#   sh examples/stage.sh COMMAND…         # or a single command there
#
# PEERD_CONFIG is its peerd.yaml, by default outscale/peerd.yaml with that example's keys, for http://127.0.0.1:8080.
# There, `peerctl` asks the stage's peerd, `one COMMAND` and `two COMMAND` run something on a host, and peerd's log is
# /run/peerd.log. All of it is in namespaces of its own, /run and the BPF pins too: it ends with the shell, however that
# ends, and the machine's own interfaces, sysctls and files are not touched.
set -eu

if [ "${PEERD_STAGE:-}" != inside ]; then
    folder=$(cd "$(dirname "$0")/.." && pwd)
    PATH="${PEERD_BIN_DIR:-${CARGO_TARGET_DIR:-$folder/target}/debug}:$PATH"
    export PATH
    command -v peerd >/dev/null || { echo "stage: there is no peerd: cargo build -p peer-userspace" >&2; exit 1; }
    [ "$(id -u)" = 0 ] || { echo "stage: namespaces and BPF need root: sudo sh $0" >&2; exit 1; }
    PEERD_STAGE=inside exec unshare --net --mount --pid --fork --kill-child --mount-proc sh "$0" "$@"
fi

mount -t tmpfs stage /run
mkdir /run/bin /run/bpf /run/tables
mount -t bpf stage /run/bpf
PATH="/run/bin:$PATH"
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
for host in one two; do
    ip netns add "$host"
    ip netns exec "$host" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    ip link add "veth-$host" type veth peer name eth0 netns "$host"
    ip link set "veth-$host" up
    ip -n "$host" link set lo up
    ip -n "$host" link set eth0 up
    printf '#!/bin/sh\nexec ip netns exec %s "$@"\n' "$host" >"/run/bin/$host"
    chmod +x "/run/bin/$host"
done

# The router is 1 and the host 2 in each network, and sends to its peer's from there.
network() { # HOST OWN PEER LENGTH
    # Without this the kernel takes its time before an IPv6 address can be anyone's source.
    case "$2" in *:*) at_once=nodad ;; *) at_once= ;; esac
    ip addr add "${2}1/$4" dev "veth-$1" $at_once
    ip -n "$1" addr add "${2}2/$4" dev eth0 $at_once
    ip -n "$1" route add "${3}0/$4" via "${2}1" src "${2}2"
}
pair() { # OF-ONE OF-TWO LENGTH
    network one "$1" "$2" "$3"
    network two "$2" "$1" "$3"
}
pair 10.1.0. 10.2.0. 24         # oep8, outscale, upcloud
pair fd00:1:: fd00:2:: 64       # oep8
pair 10.0.0. 172.31.0. 24       # kube-ovn
pair 10.8.0. 192.168.0. 24      # atlas

# A file that holds secrets has to be nobody else's to read.
install -m 600 "${PEERD_CONFIG:-$(dirname "$0")/outscale/peerd.yaml}" /run/peerd.yaml
peerd run --table /run/tables --state-dir /run/state --bpffs /run/bpf/peerd --config /run/peerd.yaml \
    --listen 127.0.0.1:8080 >/run/peerd.log 2>&1 &
tries=0
until peerctl status >/run/status 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] && kill -0 $! || { cat /run/peerd.log /run/status >&2; exit 1; }
    sleep 0.1
done

[ $# -gt 0 ] || set -- "${SHELL:-sh}"
"$@"
