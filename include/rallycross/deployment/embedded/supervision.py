"""The configuration of supervisord, which starts, restarts and stops every process of the cloud."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.on_host.control import USER, address
from rallycross.deployment.embedded.service import Program


def supervisor_file(layout: Layout, programs: list[Program]) -> str:
    """Return supervisord.conf. Nothing is autostarted: the steps start the programs in order."""
    log = layout.path("log")
    sections = [
        {
            "": "supervisord",
            "logfile": f"{log}/supervisor.log",
            "logfile_maxbytes": "5MB",
            "logfile_backups": "1",
            "pidfile": layout.path("supervisor.pid"),
            "childlogdir": log,
            "directory": layout.root,
            "umask": "077",
            # Files that libraries write to the home or its cache stay under the root.
            "environment": _environment(
                {"HOME": layout.path("home"), "XDG_CACHE_HOME": layout.path("home", ".cache"), "LANG": "C.UTF-8"}
            ),
        },
        {
            "": "unix_http_server",
            "file": address(layout.root),
            "username": USER,
            "password": layout.secrets["supervisor"],
        },
        {
            "": "supervisorctl",
            "serverurl": f"unix://{address(layout.root)}",
            "username": USER,
            "password": layout.secrets["supervisor"],
        },
        {
            "": "rpcinterface:supervisor",
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface",
        },
        *(
            {
                "": f"program:{program.name}",
                "command": program.command,
                "directory": layout.root,
                "umask": "077",
                "environment": _environment(program.environment),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "2",
                "startretries": "30",
                "stopasgroup": "true",
                "killasgroup": "true",
                # After that, unfinished work of a service is in the database, or is lost with its fake hardware.
                "stopwaitsecs": "8",
                "redirect_stderr": "true",
                "stdout_logfile": f"{log}/{program.name}.log",
                "stdout_logfile_maxbytes": "50MB",
                "stdout_logfile_backups": "1",
            }
            for program in programs
        ),
    ]
    return "\n".join(_section(dict(section)) for section in sections)


def _section(options: dict[str, str]) -> str:
    name = options.pop("")
    lines = [f"{key} = {_escape(key, value)}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _escape(key: str, value: str) -> str:
    """Escape a value: supervisord expands %(name)s, and takes ` ;` as the start of a comment."""
    if key == "command":
        value = value.replace(" ;", ";")
    return value.replace("%", "%%")


def _environment(variables: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in variables.items())
