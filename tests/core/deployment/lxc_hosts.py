"""LXC as a host of the tests has it: programs that behave as those of LXC 5 do, on containers that start at once.

Such a container is a set of namespaces with an OpenSSH server: processes, network, host name, /root and /opt are its
own, the rest is its host's. `PREPARE` is the script that puts all of it on a host, run as root.
"""

_PROGRAM = r"""#!/bin/bash
set -eu
name='' new='' want=''
while [ $# -gt 0 ]; do
    case $1 in
    --) break ;;
    -n) name=$2; shift ;;
    -N) new=$2; shift ;;
    -?H) want=${1:1:1} ;;
    esac
    shift
done
folder=/var/lib/lxc/$name
pid() { local pid; pid=$(cat "$folder/pid" 2>/dev/null) && [ -e "/proc/$pid" ] && echo "$pid"; }
defined() { [ -e "$folder/config" ] || { echo "$0: $name: no such container" >&2; exit 1; }; }
case ${0##*/} in
lxc-create)
    [ ! -e "$folder" ] || { echo "lxc-create: $name: container already exists" >&2; exit 1; }
    mkdir -p "$folder"/rootfs/{root,opt,usr/bin,etc/apt/apt.conf.d,etc/ssl/certs}
    touch "$folder/rootfs/usr/bin/python3"
    echo 'lxc.net.0.link = lxcbr0' > "$folder/config"
    echo "create $name" >> /var/lib/lxc/.calls
    ;;
lxc-copy)
    defined
    ! pid >/dev/null || { echo "lxc-copy: $name: is running" >&2; exit 1; }
    [ ! -e "/var/lib/lxc/$new" ] || { echo "lxc-copy: $new: container already exists" >&2; exit 1; }
    cp -a "$folder" "/var/lib/lxc/$new"
    rm -f "/var/lib/lxc/$new"/{pid,address}
    echo "copy $name $new" >> /var/lib/lxc/.calls
    ;;
lxc-start)
    defined
    ! pid >/dev/null || { echo "lxc-start: $name: is already running" >&2; exit 1; }
    exec 9> /var/lib/lxc/.lock
    flock 9
    . /etc/default/lxc-net
    if [ ! -e "$folder/address" ]; then  # as dnsmasq does, by no order of anybody's
        number=$(( RANDOM % 200 + 20 ))
        while grep -qs "\.$number$" /var/lib/lxc/*/address; do number=$(( number + 1 )); done
        echo "${LXC_ADDR%.*}.$number" > "$folder/address"
    fi
    setsid unshare --mount --net --uts --pid --fork --kill-child=KILL \
        bash -c "mount --bind $folder/rootfs/root /root; mount --bind $folder/rootfs/opt /opt
            mount -t proc proc /proc; hostname $name
            until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
            ip link set lo up; ip address add $(cat "$folder/address")/24 dev eth0; ip link set eth0 up
            ip route add default via $LXC_ADDR; exec /usr/sbin/sshd -D" </dev/null >"$folder/console" 2>&1 9>&- &
    echo $! > "$folder/pid"
    for try in $(seq 100); do
        [ "$(readlink "/proc/$!/ns/net")" = "$(readlink /proc/self/ns/net)" ] || break
        sleep 0.05
    done
    cable="ve$!"
    ip link add "$cable" type veth peer name eth0 netns "$!"
    ip link set "$cable" master lxcbr0 up
    ;;
lxc-info)
    defined
    case $want in
    s) pid >/dev/null && echo RUNNING || echo STOPPED ;;
    p) pid ;;
    i) ! pid >/dev/null || cat "$folder/address" ;;
    esac
    ;;
lxc-ls) ls /var/lib/lxc ;;
lxc-stop | lxc-destroy)
    defined
    if pid=$(pid); then
        pkill -KILL -P "$pid" || :
        kill -KILL "$pid" 2>/dev/null || :
        for try in $(seq 100); do [ -e "/proc/$pid" ] || break; sleep 0.05; done
    fi
    [ "${0##*/}" = lxc-stop ] || rm -rf "$folder"
    ;;
esac
"""
_NET = r"""[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/default/lxc-net
ExecStart=/bin/sh -c 'ip link add lxcbr0 type bridge; ip address add $LXC_ADDR/24 dev lxcbr0; ip link set lxcbr0 up'
ExecStart=/bin/sh -c 'nft "add table ip lxc; add chain ip lxc post { type nat hook postrouting priority srcnat; }"'
ExecStart=/bin/sh -c 'nft add rule ip lxc post ip saddr $LXC_NETWORK ip daddr != $LXC_NETWORK masquerade'
ExecStart=/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
"""
_NAMES = ("create", "copy", "start", "info", "ls", "stop", "destroy")

PREPARE = f"""
DEBIAN_FRONTEND=noninteractive apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends distro-info nftables >/dev/null
mkdir -p /var/lib/lxc /usr/share/lxc/templates
touch /usr/share/lxc/templates/lxc-debian
cat > /usr/local/bin/lxc-any <<'END'
{_PROGRAM}END
chmod +x /usr/local/bin/lxc-any
for name in {" ".join(_NAMES)}; do ln -sf lxc-any /usr/local/bin/lxc-$name; done
cat > /etc/systemd/system/lxc-net.service <<'END'
{_NET}END
"""
