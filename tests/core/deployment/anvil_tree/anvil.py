"""The actions of smithy, with systemd's units in the place of packages and their services."""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = Path("/etc/anvil/settings.yaml")  # what was asked last is what is asked for next
RC = Path("/etc/anvil/install.rc")
UNITS = Path("/etc/systemd/system")
COLOURS = {"started": 32, "installed": 32, "stopped": 31}


def main() -> int:
    """Do one action."""
    parser = argparse.ArgumentParser(prog="smithy", allow_abbrev=False)
    parser.set_defaults(**(json.loads(SETTINGS.read_text()) if SETTINGS.exists() else {}))
    for flags in (["-a"], ["-p"], ["-o"], ["-d"], ["-k"], ["-j"], ["--origins-patch"], ["--distros-patch"]):
        parser.add_argument(*flags)
    parser.add_argument("--no-prompt-passwords", action="store_true")
    asked = parser.parse_args()
    for what, path in (("persona", asked.p), ("origin", asked.o)):
        if not path or not Path(path).is_file():
            print(f"Invalid {what} file {path!r} specified!\nPerhaps you should try --help")
            return 1
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text(json.dumps({key: value for key, value in vars(asked).items() if key != "a"}))
    return Anvil(asked).run()


class Anvil:
    """One call."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        text = Path(asked.p).read_text()
        self.trap = (re.search(r"trap: (\S+)", text) or ["", ""])[1]
        persona, origins = read(text), read(Path(asked.o).read_text())
        wanted = [name for name in persona["components"] if name in origins or name in persona.get("no-origin", [])]
        for name in set(persona["components"]) - set(wanted):
            print(f"WARNING: Automatically disabling {name}, not present in origin file")
        self.components = [name for name in wanted if "disabled" not in origins.get(name, {})]
        self.subsystems = persona.get("subsystems", {})
        self.phases = Path(asked.d) / "phases"
        self.phases.mkdir(parents=True, exist_ok=True)

    def run(self) -> int:
        """Do what was asked."""
        print(f"INFO: Starting action {self.asked.a}")
        actions = {
            "prepare": self.prepare,
            "build": self.build,
            "install": self.install,
            "start": self.start,
            "status": self.status,
            "stop": self.stop,
            "uninstall": self.uninstall,
            "purge": self.purge,
        }
        if self.asked.a not in actions:
            print(f"No action named {self.asked.a}\nPerhaps you should try --help")
            return 1
        try:
            actions[self.asked.a]()
        except RuntimeError as error:
            print(f"ERROR: {error}")
            return 1
        return 0

    def phase(self, name: str, component: str, *removes: str) -> bool:
        """Tell whether a component is still to be done, and note that it is; what undoes it counts as not done."""
        for other in removes:
            file = self.phases / f"{other}.phases"
            if file.exists():
                file.write_text(
                    "".join(f"{line}\n" for line in file.read_text().split("\n") if line and line != component)
                )
        file = self.phases / f"{name}.phases"
        if file.exists() and component in file.read_text().split("\n"):
            return False
        with file.open("a") as done:
            done.write(f"{component}\n")
        return True

    def units(self, component: str) -> list[str]:
        """Return the services of a component."""
        return [f"openstack-{component}-{program}.service" for program in self.subsystems.get(component, [])]

    def prepare(self) -> None:
        """Fetch sources."""
        if self.trap == "slow":
            time.sleep(3)
        failed = Path("/opt/failed-once")
        for component in self.components:
            if self.trap == "fail-once" and component == "glance" and not failed.exists():
                failed.touch()
                raise RuntimeError("Failed fetching git://github.com/openstack/glance.git")
            if self.phase("download", component):
                print(f"INFO: Downloading {component}")

    def build(self) -> None:
        """Make packages."""
        for component in self.components:
            if not (self.phases / "download.phases").exists():
                raise RuntimeError("Nothing was prepared")
            if self.phase("package", component):
                print(f"INFO: Packaging {component}")

    def install(self) -> None:
        """Install the packages, and write down how to sign in."""
        keyring = Path(self.asked.k or "/etc/anvil/passwords.cfg")
        if not keyring.exists():
            if not self.asked.no_prompt_passwords:
                print("Enter a password for keystone admin: ", end="", flush=True)
                if not sys.stdin.readline():
                    raise RuntimeError("EOF when reading a line")
            keyring.write_text("admin_password = drowssap-" + Path("/proc/sys/kernel/random/uuid").read_text())
        password = keyring.read_text().split()[-1]
        for component in self.components:
            if not self.phase("install", component, "uninstall"):
                continue
            for unit in self.units(component):
                command = "/bin/false" if self.trap == "dies" and component == "glance" else "/bin/sleep infinity"
                (UNITS / unit).write_text(f"[Service]\nExecStart={command}\n")
        systemctl("daemon-reload")
        if "keystone" not in self.components or self.trap == "silent":
            return
        address = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()[0]
        exports = {
            "OS_PASSWORD": f"'{password}'",
            "OS_TENANT_NAME": "admin",
            "OS_USERNAME": "admin",
            "OS_AUTH_URL": f"http://{address}:5000/v2.0",
            "KEYSTONE_ADMIN_URI": f"http://{address}:35357/v2.0",
        }
        lines = [f"export {name}={value}" for name, value in exports.items()]
        RC.write_text("# Exports for action install\n\n# Exports for keystone\n" + "\n".join(lines) + "\n")
        print(f"INFO: Wrote to {RC} {len(lines)} exports")
        for line in lines:
            print(f"INFO: |-- {line}")

    def start(self) -> None:
        """Start what was not started yet; a program that does not start is worth a line."""
        for component in self.components:
            if self.phase("start", component, "stopped"):
                for unit in self.units(component):
                    systemctl("start", unit)
                    time.sleep(0.1)
                    if not active(unit):
                        print(f"ERROR: Failed to start program {unit} under component {component}.")

    def status(self) -> None:
        """Say how all is, in colours."""
        for component in self.components:
            programs = self.subsystems.get(component, [])
            states = ["started" if active(unit) else "stopped" for unit in self.units(component)] or ["installed"]
            if len(states) == 1:
                of = f" ({programs[0]})" if programs else ""
                print(f"INFO: Status of {colour(component, 34)}{of} is {colour(states[0])}.")
                continue
            print(f"INFO: Status of {colour(component, 34)} is:")
            for program, state in zip(programs, states, strict=True):
                print(f"INFO: |-- {program} is {colour(state)}.")

    def stop(self) -> None:
        """Stop what is not stopped."""
        for component in self.components:
            if self.phase("stopped", component, "start"):
                for unit in self.units(component):
                    systemctl("stop", unit)

    def uninstall(self) -> None:
        """Take the packages away."""
        for component in self.components:
            if self.phase("uninstall", component, "install"):
                for unit in self.units(component):
                    systemctl("stop", unit)
                    (UNITS / unit).unlink(missing_ok=True)
        systemctl("daemon-reload")

    def purge(self) -> None:
        """Take what was fetched away."""
        for file in self.phases.iterdir():
            file.unlink()


def read(text: str) -> dict:
    """Return as much of YAML as the tests' personas and origins have: mappings of mappings or lists of words."""
    found: dict = {}
    holders: list[tuple[int, dict, str]] = []  # indent, where, key
    for line in text.splitlines():
        words = line.strip()
        if not words or words.startswith(("#", "---", "...")):
            continue
        indent = len(line) - len(line.lstrip())
        if words.startswith("- "):
            _, where, key = holders[-1]
            where[key] = [*(where[key] or []), words[2:]]
            continue
        holders = [one for one in holders if one[0] < indent]
        where = found
        if holders:
            _, above, key = holders[-1]
            above[key] = above[key] or {}
            where = above[key]
        name, _, value = words.partition(":")
        where[name] = value.strip()
        holders.append((indent, where, name))
    return found


def active(unit: str) -> bool:
    """Tell whether a service runs."""
    return subprocess.run(["systemctl", "is-active", "-q", unit], check=False).returncode == 0


def systemctl(*words: str) -> None:
    """Ask systemd, whatever it says."""
    subprocess.run(["systemctl", *words], check=False, capture_output=True)


def colour(text: str, code: int | None = None) -> str:
    """Return a text as a terminal would colour it."""
    return f"\x1b[{code or COLOURS[text]}m{text}\x1b[0m"


sys.exit(main())
