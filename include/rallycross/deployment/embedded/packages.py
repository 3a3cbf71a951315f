"""MariaDB, RabbitMQ and memcached from Debian packages, unpacked under the root; the system is not changed."""

from rallycross.deployment.embedded.layout import CACHE, Layout
from rallycross.deployment.embedded.service import Program

NAMES = "rallycross_names"  # the Erlang module that replaces epmd
# epmd tells a node the port of another node. Here there is only one node, whose port is known.
_MODULE = f"""\
-module({NAMES}).
-export([start_link/0, register_node/2, register_node/3, port_please/2, port_please/3, listen_port_please/2,
         address_please/3, names/0, names/1]).

start_link() -> ignore.
register_node(_Name, _Port) -> {{ok, 1}}.
register_node(_Name, _Port, _Driver) -> {{ok, 1}}.
port_please(_Name, _Host) -> {{port, port(), 6}}.
port_please(Name, Host, _Timeout) -> port_please(Name, Host).
listen_port_please(_Name, _Host) -> {{ok, port()}}.
address_please(_Name, _Host, _Family) -> {{ok, {{127, 0, 0, 1}}}}.
names() -> {{ok, []}}.
names(_Host) -> {{ok, []}}.
port() -> list_to_integer(os:getenv("RABBITMQ_DIST_PORT")).
"""
# The packages; apt adds their dependencies.
WANTED = "mariadb-server-core mariadb-client-core rabbitmq-server memcached"


def prefix(layout: Layout) -> str:
    """Return the folder that the packages are unpacked in."""
    return layout.path("prefix")


def script(layout: Layout) -> str:
    """Return the script that fetches and unpacks the packages.

    apt uses its own lists, cache and status here, so it needs neither root nor a lock, and leaves nothing behind. It
    resolves as if nothing were installed: otherwise a part that the system has, such as Erlang, would be missing here,
    and another version of it would run. Other libraries are taken from the system if it has them.
    """
    return f"""
cd {layout.root}
rm -rf apt
mkdir -p apt/lists/partial apt/cache/archives/partial apt/new
touch apt/status
private=(-qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root
    -o Dir::State="$PWD/apt" -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache"
    -o APT::Install-Recommends=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
apt-get "${{private[@]}}" update || {{
    echo "apt-get update failed - are the machine's package sources (/etc/apt) in reach?" >&2; exit 1; }}
names=()
for name in $(apt-get "${{private[@]}}" -o Dir::State::status="$PWD/apt/status" --print-uris install {WANTED} |
    sed -nE "s#^'[^']*' ([^_]+)_.*#\\1#p"); do
    case $name in
    mariadb* | erlang* | rabbitmq* | memcached) names+=("$name") ;;
    # Two C libraries in one process do not get on; and no Perl is run.
    libc6 | libc-bin | perl* | libperl* | galera*) ;;
    *) dpkg-query -W -f '${{db:Status-Status}}' "$name" 2>/dev/null | grep -qx installed || names+=("$name") ;;
    esac
done
(cd apt/new && apt-get "${{private[@]}}" download "${{names[@]}}")
rm -rf prefix.part
mkdir prefix.part
for package in apt/new/*.deb; do dpkg-deb -x "$package" prefix.part; done
# Erlang's start scripts have the folder of the system's in them.
sed -i 's#ROOTDIR=/usr/lib/erlang#ROOTDIR={prefix(layout)}/usr/lib/erlang#' prefix.part/usr/lib/erlang/bin/erl \\
    prefix.part/usr/lib/erlang/erts-*/bin/erl
rm -rf prefix
mv prefix.part prefix
rm -rf apt
"""


def versions_script(layout: Layout) -> str:
    """Return the script that prints the programs' versions as lines `name version`."""
    return f"""
{libraries(layout)}
cd {prefix(layout)}/usr
echo mariadb "$(sbin/mariadbd --no-defaults --version | grep -oE '[0-9]+\\.[0-9]+\\.[0-9]+' | head -n 1)"
echo rabbitmq "$(basename lib/rabbitmq/lib/rabbitmq_server-* | cut -d- -f2)"
echo memcached "$(bin/memcached -V | cut -d' ' -f2)"
"""


def libraries(layout: Layout) -> str:
    """Return the bash line that lets the unpacked programs find their libraries."""
    folders = ":".join(f"$(echo {prefix(layout)}{lib}/*-linux-gnu)" for lib in ("/usr/lib", "/lib"))
    return f'export LD_LIBRARY_PATH="{folders}"'


def mariadb_script(layout: Layout) -> str:
    """Return the script that creates the empty database server."""
    base = prefix(layout)
    return f"""
{libraries(layout)}
export PATH={base}/usr/bin:{base}/usr/sbin:$PATH
if [ ! -e {layout.root}/mariadb/made ]; then
    rm -rf {layout.root}/mariadb
    mkdir -p {layout.root}/mariadb
    {base}/usr/bin/mariadb-install-db --no-defaults --basedir={base}/usr --datadir={layout.root}/mariadb/data \\
        --lc-messages-dir={base}/usr/share/mysql --auth-root-authentication-method=normal --skip-test-db \\
        --user="$(id -un)" >{layout.root}/log/mariadb-install.log 2>&1 || {{
        cat {layout.root}/log/mariadb-install.log >&2; exit 1; }}
    touch {layout.root}/mariadb/made
fi
"""


def rabbitmq_script(layout: Layout) -> str:
    """Return the script that compiles the module that replaces epmd, and makes the Erlang cookie owner-only.

    Erlang does not accept a cookie that others can read.
    """
    module = layout.path("rabbitmq", f"{NAMES}.erl")
    return f"""
chmod 400 {_cookie(layout)}
({libraries(layout)}
{prefix(layout)}/usr/lib/erlang/bin/erlc -o {layout.path("rabbitmq")} {module})
"""


def _cookie(layout: Layout) -> str:
    # In the broker's home, where Erlang looks for it; on a command line all users could see it.
    return layout.path("rabbitmq", ".erlang.cookie")


def files(layout: Layout, databases: list[str]) -> dict[str, str]:
    """Return the configuration files: path -> content."""
    statements = [
        "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';",
        "DELETE FROM mysql.global_priv WHERE User = '';",
        "FLUSH PRIVILEGES;",
        f"ALTER USER root@localhost IDENTIFIED BY '{layout.secrets['database']}';",
        f"CREATE USER IF NOT EXISTS openstack@'127.0.0.1' IDENTIFIED BY '{layout.secrets['database']}';",
    ]
    for database in databases:
        statements += [
            f"CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4;",
            f"GRANT ALL ON {database}.* TO openstack@'127.0.0.1';",
        ]
    return {
        layout.path("etc", "mariadb.sql"): "\n".join(statements) + "\n",
        layout.path("etc", "rabbitmq.conf"): f"""\
listeners.tcp.1 = {layout.address}:{layout.ports["rabbitmq"]}
default_user = openstack
default_pass = {layout.secrets["messages"]}
log.console = true
log.file = false
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
""",
        layout.path("etc", "enabled_plugins"): "[].\n",
        _cookie(layout): layout.secrets["cookie"],
        layout.path("rabbitmq", f"{NAMES}.erl"): _MODULE,
    }


def programs(layout: Layout) -> tuple[Program, ...]:
    """Return the servers: MariaDB and RabbitMQ on ports with a password, memcached on a socket."""
    base = prefix(layout)
    # One word for bash -c; supervisor itself does not expand wildcards.
    shell = "/bin/bash -c '" + libraries(layout).replace('"', "") + "; exec {}'"
    erlang = {
        "HOME": layout.path("rabbitmq"),
        "PATH": f"{base}/usr/lib/erlang/bin:{base}/usr/bin:/usr/local/bin:/usr/bin:/bin",
    }
    rabbitmq = {
        "RABBITMQ_NODENAME": f"{layout.name}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": layout.address,
        "RABBITMQ_NODE_PORT": str(layout.ports["rabbitmq"]),
        "RABBITMQ_DIST_PORT": str(layout.ports["rabbitmq_distribution"]),
        # With this the supervised process is the broker itself, and not a shell whose kill would leave the broker.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
        # For the broker, and for the Erlang process that it runs only to start epmd, which would serve any client.
        # Without the interface, the distribution port would listen on all addresses.
        "ERL_FLAGS": " ".join(
            (
                f"-start_epmd false -pa {layout.path('rabbitmq')} -epmd_module {NAMES}",
                f"-erl_epmd_port {layout.ports['rabbitmq_distribution']} -kernel inet_dist_use_interface {{127,0,0,1}}",
                # Idle schedulers would busy-wait on cores that the load needs.
                "+sbwt none +sbwtdcpu none +sbwtdio none",
            )
        ),
        "RABBITMQ_MNESIA_BASE": layout.path("rabbitmq", "data"),
        "RABBITMQ_LOG_BASE": layout.path("log"),
        "RABBITMQ_PID_FILE": layout.path("rabbitmq", "pid"),
        "RABBITMQ_CONFIG_FILE": layout.path("etc", "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": layout.path("etc", "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": layout.path("rabbitmq", "config"),
        "RABBITMQ_FEATURE_FLAGS_FILE": layout.path("rabbitmq", "feature_flags"),
    }
    mariadbd = " ".join(
        (
            f"{base}/usr/sbin/mariadbd --no-defaults --basedir={base}/usr --datadir={layout.path('mariadb', 'data')}",
            f"--lc-messages-dir={base}/usr/share/mysql --plugin-dir={base}/usr/lib/mysql/plugin",
            # Relative to the data folder: an absolute path may be too long for a socket.
            f"--socket=mariadb.sock --bind-address=127.0.0.1 --port={layout.ports['mariadb']} --skip-name-resolve",
            f"--max-connections=2000 --user=$(id -un) --init-file={layout.path('etc', 'mariadb.sql')}",
            # As OpenStack expects MariaDB: since 11.6 a row changed by another transaction would be an error (1020),
            # and since 11.5 the collation of tables would differ from that of the connections.
            "--loose-innodb-snapshot-isolation=OFF --loose-character-set-collations=",
            "--character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci",
            # A crash may lose the commits of the last second, which is acceptable for a test cloud.
            "--innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=256M",
        )
    )
    memcached = f"{base}/usr/bin/memcached -s {CACHE} -a 0600 -m 128 -c 4096 -u $(id -un)"
    broker = f"{base}/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
    return (
        Program("mariadb", shell.format(mariadbd), endpoint=f"127.0.0.1:{layout.ports['mariadb']}"),
        Program("memcached", shell.format(memcached), endpoint=f"unix:{CACHE}"),
        Program(
            "rabbitmq",
            shell.format(broker),
            erlang | rabbitmq,
            endpoint=f"{layout.address}:{layout.ports['rabbitmq']}",
        ),
    )
