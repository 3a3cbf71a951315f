"""Checks options of tempest and its plugins: which are unknown, and which values are refused.

The verifier's own Python runs this file as a script. Rallycross may not be installed there, so nothing of it is
imported. Standard input is `{"section.name": value}`; standard output is a line of `{"unknown": [option], "bad":
{option: why}, "known": [option], "services": {section: {option: default}}}`. `known` is only filled if an option is
unknown; `services` are the sections that say how a service is found in the catalog.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from oslo_config import cfg


def registered(folder: str) -> list[tuple[str, Any]]:
    """Register all options with oslo.config; return those of tempest and its plugins, with their sections."""
    Path(folder, "tempest.conf").touch()
    os.environ.update(TEMPEST_CONFIG_DIR=folder, TEMPEST_CONFIG="tempest.conf")
    from tempest import config  # noqa: PLC0415 - it reads the environment

    _ = config.CONF.compute  # registers them
    return [
        ("DEFAULT" if group is None else getattr(group, "name", group), option)
        for group, options in config.list_opts()
        for option in options
    ]


def other_names(listed: list[tuple[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return further names of options in a file: with hyphens, or deprecated."""
    names = {(section, option.name): (section, option.dest) for section, option in listed}
    for section, option in listed:
        for old in getattr(option, "deprecated_opts", None) or ():
            names.setdefault((old.group or section, old.name or option.dest), (section, option.dest))
    return names


def services(listed: list[tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sections that say how a service is found in the catalog, with the defaults of these options."""
    found: dict[str, dict[str, Any]] = {}
    for section, option in listed:
        if option.dest in {"catalog_type", "endpoint_type", "region"}:
            found.setdefault(section, {})[option.dest] = option.default
    return {section: options for section, options in found.items() if options.get("catalog_type")}


def read(file: Path, place: tuple[str, str], text: str, known_as: tuple[str, str]) -> None:
    """Read an option from a file as tempest does; raise what oslo.config raises."""
    value = "\n    ".join(text.replace("$", "$$").splitlines())  # oslo.config substitutes $name
    file.write_text(f"[{place[0]}]\n{place[1]} = {value}\n")
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            cfg.CONF([], project="tempest", default_config_files=[str(file)])
    except cfg.RequiredOptError:  # Rallycross may set it
        pass
    except SystemExit as error:  # for options that are command-line options too
        raise ValueError(said.getvalue().strip()) from error
    section, name = known_as
    group = cfg.CONF if section == "DEFAULT" else cfg.CONF[section]
    getattr(group, name)


def main() -> None:
    """Check the options on standard input."""
    given = json.load(sys.stdin)
    unknown, bad = [], {}
    with tempfile.TemporaryDirectory() as folder:
        listed = registered(folder)
        names = other_names(listed)
        for key, value in given.items():
            section, _, name = key.rpartition(".")
            try:
                read(Path(folder, "given.conf"), (section, name), value, names.get((section, name), (section, name)))
            except (cfg.NoSuchOptError, cfg.NoSuchGroupError, AttributeError, KeyError):
                unknown.append(key)
            except (cfg.ConfigFileParseError, cfg.ConfigFileValueError, ValueError, TypeError) as error:
                bad[key] = str(error).rpartition(" is not valid: ")[2]  # without the path of the temporary file
    answer = {"unknown": unknown, "bad": bad, "services": services(listed)}
    answer["known"] = sorted({f"{section}.{option.dest}" for section, option in listed}) if unknown else []
    sys.stdout.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
