# What the guest runs: eth0 sends to the router's eth1, the router's eth2 to eth3, which
# counts. Lines that begin with `vm: ` are heard by the host. PROGRAMS is where peerd and
# the benchmark are.
export PATH=$PROGRAMS:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PEERD_SOCKET=/run/peerd.sock
echo "vm: Linux $(uname -r) is up"
modprobe virtio_net
modprobe pktgen
ip link set lo up

inside() {
    nsenter --net=/run/netns/router "$@"
}

ip netns add router
inside ip link set lo up
for number in 1 2; do
    ip link set eth$number netns router
    inside ip address add 10.$number.0.1/24 dev eth$number
    inside ip address add fd00:$number::1/64 dev eth$number nodad
    inside ip link set eth$number up
done
# Neither end has addresses, so that nothing answers what comes; neighbours never change.
for number in 0 3; do
    echo 1 > /proc/sys/net/ipv6/conf/eth$number/disable_ipv6
    ip link set eth$number up
done
inside ip neighbour add 10.2.0.2 lladdr 52:54:00:00:00:03 dev eth2
inside ip neighbour add fd00:2::2 lladdr 52:54:00:00:00:03 dev eth2

# Whether the router's kernel forwards: 0 or 1.
route_in_kernel() {
    inside sh -c "echo $1 > /proc/sys/net/ipv4/ip_forward
        echo $1 > /proc/sys/net/ipv6/conf/all/forwarding"
}

# Send by IPv4 and IPv6; the arguments name who forwards.
measure() {
    for ends in '10.1.0.2 10.2.0.2' 'fd00:1::2 fd00:2::2'; do
        set -- "$1" $ends
        timeout 600 peer-bench --pktgen --quick -i eth0 -m 52:54:00:00:00:01 --src "$2" -d "$3" \
            -p 1000-1063 -n 5000 --search --rx eth3 --out /tmp/report 2>&1 |
            sed "s|^pktgen: |vm: $1, to $3: |"
    done
}

# Run peerd on ports of a mode, as long as the second argument takes.
with_peerd() {
    for number in 1 2; do
        cat << TABLE
---
apiVersion: peerd/v1
kind: Network
metadata: { name: network-$number }
spec:
  prefixes: [10.$number.0.0/16, 'fd00:$number::/48']
  ports: [{ interface: eth$number, mode: $1 }]
---
apiVersion: peerd/v1
kind: Peering
metadata: { name: from-$number }
spec:
  network: network-$number
  peer: { network: network-$((3 - number)) }
TABLE
    done > /run/table.yaml
    # Not by the function above, whose shell would be killed in its place.
    nsenter --net=/run/netns/router peerd run --table /run/table.yaml --state-dir /run/peerd --socket $PEERD_SOCKET \
        > /run/peerd.log 2>&1 &
    daemon=$!
    tries=0
    until peerctl get peerings -A 2>&1 | grep -q ' active'; do
        tries=$((tries + 1))
        if [ $tries = 60 ]; then
            sed 's/^/vm: peerd: /' /run/peerd.log
            return
        fi
        sleep 1
    done
    peerctl get ports -A 2>&1 | sed 's/^/vm: ports: /'
    inside ip link show | grep -o 'eth.*xdp.* qdisc\|prog/xdp.*' | sed "s/^/vm: mode $1: /"
    $2 "peerd, mode $1"
    for number in 1 2; do
        inside ethtool -S eth$number | grep -E 'xdp_(redirects|tx|drops|tx_drops): *[1-9]' |
            sed "s/^ */vm: mode $1: eth$number: /"
    done
    kill $daemon
    wait $daemon
    cat /run/peerd.log
    inside peerd detach
}

route_in_kernel 1
measure 'kernel routes'
route_in_kernel 0
with_peerd xdp measure
with_peerd auto true
with_peerd tc measure
