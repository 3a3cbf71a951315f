#!/usr/bin/env bash
# Behaves as DevStack's does where the engine can notice: what it refuses, asks for, leaves behind and ends with.
# TRAP in local.conf makes it misbehave: fail-once, silent, slow.
set -o errexit

cd "$(dirname "$0")"
# shellcheck source=/dev/null
source tools/tracing.sh
state=$HOME/data
if [ "$(id -u)" = 0 ]; then
    echo "You are running this script as root. Cut it out." >&2
    exit 10
fi
[ -s local.conf ] || { echo "no local.conf" >&2; exit 11; }
# shellcheck disable=SC1090
source <(awk '/^\[\[/ { on = ($0 == "[[local|localrc]]"); next } on && !/^enable_plugin/' local.conf)
for name in ADMIN_PASSWORD DATABASE_PASSWORD RABBIT_PASSWORD SERVICE_PASSWORD; do
    # The real one asks on the terminal; there is none.
    [ -n "${!name}" ] || { echo "ENTER A PASSWORD TO USE FOR $name." >&2; read -r "${name?}"; }
done
# What a run that failed has left is in the way of the next.
[ ! -e "$state/running" ] || { echo "already stacked: run unstack.sh first" >&2; exit 12; }
mkdir -p "$state"
touch "$state/running"
echo run >> "$HOME/runs"

unit() {  # name, command
    printf '[Unit]\nDescription=Devstack %s\n[Service]\nUser=stack-is-any\nExecStart=%s\n[Install]\nWantedBy=multi-user.target\n' \
        "$1" "$2" | sed "s/stack-is-any/$(id -un)/" | sudo tee "/etc/systemd/system/$1" >/dev/null
    sudo systemctl daemon-reload
    sudo systemctl enable -q "$1"
    sudo systemctl start "$1"
}

echo "installing for $ENABLED_SERVICES"
[ "$TRAP" != slow ] || sleep 5
if [ -z "$SERVICE_HOST" ]; then
    unit devstack@keystone.service "/usr/bin/python3 -u $PWD/tools/cell.py $state/cell"
    # It runs before it listens.
    for try in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/5000") 2>/dev/null && break; sleep 0.1; done
else
    exec 3<>"/dev/tcp/$SERVICE_HOST/5000"
    printf 'GET /register/%s HTTP/1.0\r\n\r\n' "$(hostname)" >&3
    grep -q 'cell' <&3
fi
if [ "$TRAP" = fail-once ] && [ ! -e "$HOME/failed" ]; then
    touch "$HOME/failed"
    echo "E: Unable to fetch some archives" >&2
    exit 100
fi
for folder in "${DEST:?}"/*/; do
    # The real one takes a folder for a clone.
    [ ! -d "$folder/.git" ] || git -C "$folder" rev-parse -q --verify HEAD
done
unit mariadb.service "/bin/sleep infinity"
sudo install -d -o "$(id -un)" /etc/nova
echo "password = $ADMIN_PASSWORD" > /etc/nova/nova.conf
unit devstack@n-cpu.service "/bin/sleep infinity"
if [ -z "$SERVICE_HOST" ] && [ "$TRAP" != silent ]; then
    sudo mkdir -p /etc/openstack
    entry() {
        printf '  %s:\n    auth:\n      auth_url: http://%s/identity\n      username: %s\n      password: %s\n' \
            "$1" "$HOST_IP" "$2" "$ADMIN_PASSWORD"
        printf '      project_name: %s\n      user_domain_id: default\n      project_domain_id: default\n' "$3"
        printf '    region_name: RegionOne\n    identity_api_version: "3"\n'
    }
    { echo clouds:; entry devstack demo demo; entry devstack-admin admin admin; entry devstack-alt alt_demo alt_demo; } |
        sudo tee /etc/openstack/clouds.yaml >/dev/null
fi
echo "stack.sh completed in $SECONDS seconds."
