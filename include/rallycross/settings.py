"""All paths and limits of Rallycross, set by environment variables.

RALLYCROSS_HOME          state of this checkout (default: `.rallycross` beside the `rallycross` command)
RALLYCROSS_RESULTS_URL   SQLAlchemy URL of the results database (default: SQLite in the home)
RALLYCROSS_SAMPLES       folder of the sample files (default: `samples` in the home)
RALLYCROSS_REPORTS       folder of the reports (default: `reports` in the home)
RALLYCROSS_SCENARIOS     folders, separated by colons, with scenarios, contexts and SLA criteria of your own
                         (default: none); see docs/scenarios.md
RALLYCROSS_RECIPES       folders, separated by colons, with scheduled recipes of your own: `NAME.schedule.yaml` beside a
                         task file (default: none; those in `include/recipes` are always found); see
                         docs/continuous.md
RALLYCROSS_RESULTS_GROUP group of this machine that may read reports and sample files (default: none, only the owner)
RALLYCROSS_PATIENCE      seconds without progress after which a start of Airflow is given up (default: 120)
RALLYCROSS_START_LIMIT   seconds after which a start of Airflow is given up in any case (default: 3600)
RALLYCROSS_HOST_PATIENCE seconds for which a server may be unreachable during a deployment (default: 120)
RALLYCROSS_HOST_LIMIT    seconds for a command that inspects a host, or copies a file to it (default: 120)
RALLYCROSS_STEP_LIMIT    seconds for a deployment step, for undoing it, and for stopping services, unless the spec
                         says otherwise (default: 3600)
RALLYCROSS_HOOK_PATIENCE seconds to wait after a load for hook actions that have begun (default: 600)
RALLYCROSS_INSTALL_LIMIT seconds for each command that installs a verifier (default: 1200)
RALLYCROSS_LISTING_LIMIT seconds for a verifier to list its tests, or to check its options (default: 300)
RALLYCROSS_SSH_LIMIT     seconds for an SSH connection, and for each part of the sign-in (default: 15)
RALLYCROSS_FUEL_LIMIT    seconds for an answer of Fuel's API (default: 60)
RALLYCROSS_COBBLER_LIMIT seconds for an answer of Cobbler, whose fence agents wait for machines (default: 300)
RALLYCROSS_AIRFLOW_PATIENCE seconds for which Airflow may be unreachable while a run is shown (default: 300)
RALLYCROSS_END_GRACE     seconds that processes have to end by themselves before they are killed; Airflow itself gives
                         its tasks 5 (default: 3)
RALLYCROSS_PIPE_PATIENCE seconds to wait for the next data of a named pipe, such as the shell's <(...) (default: 4)
RALLYCROSS_AIRFLOW_LIMIT seconds for an answer of Airflow's API to a command (default: 30)
RALLYCROSS_DOWNLOAD_PATIENCE seconds without a byte after which the download of an image has failed (default: 180)
RALLYCROSS_DOWNLOAD_LIMIT    seconds for such a download (default: 3600)
RALLYCROSS_DATABASE_PATIENCE  seconds for which the results database may be unreachable while in use (default: 120)
RALLYCROSS_DATABASE_CONNECT   seconds for a connection to PostgreSQL, at least 2; a connect_timeout in the URL takes
                         precedence (default: 10)
RALLYCROSS_DATABASE_LIMIT     seconds for an answer of the results database, or for a lock on it to be released
                         (default: 60)
RALLYCROSS_MIGRATION_LIMIT    the same for each migration of an older results database (default: 3600)
RALLYCROSS_FILE_LIMIT    MB of a file that users write: a task file, a cloud spec, a list (default: 2)
RALLYCROSS_FILE_VALUES   values in such a file, with aliases counted each time, or words (default: 50000)
RALLYCROSS_RESULTS_LIMIT MB of a results file that is imported (default: 200)
RALLYCROSS_RESULTS_VALUES values, or elements, in such a file (default: 5000000)
RALLYCROSS_TEMPLATE_SECONDS seconds of processor time for rendering a task file (default: 2)
RALLYCROSS_TEMPLATE_MEMORY  MB of memory for rendering a task file (default: 256)
RALLYCROSS_PATTERN_SECONDS  seconds of processor time for regular expressions of users (default: 4)
RALLYCROSS_ITERATION_LIMIT  actions, and outputs, of one iteration: all are in memory until it ends (default: 10000)
RALLYCROSS_ACTION_NAMES  different action names in one sample file, at most 32766 (default: 1000)
RALLYCROSS_API_PATIENCE  seconds for which requests that are not load are retried after passing failures of a cloud's
                         API: 429, 502, 503, 504, no connection, incomplete answer (default: 120; 0 = no retries)
RALLYCROSS_REQUEST_LIMIT seconds for an answer of a cloud's API (default: 300)
RALLYCROSS_CONNECT_LIMIT seconds for a load to connect to an API (default: 30)
RALLYCROSS_SIGN_IN_LIMIT seconds for an answer of keystone outside of a load, unless the cloud's entry has an
                         `api_timeout` (default: 60)
RALLYCROSS_REACH_LIMIT   seconds for a check whether a service is reachable (default: 10)
RALLYCROSS_ANSWER_LIMIT  MB of an answer of a cloud's API (default: 256)
RALLYCROSS_LIST_PAGES    pages of a list of a cloud's API (default: 10000)
RALLYCROSS_CUT_PATIENCE  seconds to wait for the answer to a write after its iteration was cut short (default: 30)
RALLYCROSS_LATE_PATIENCE seconds to wait for what an unanswered request may have created (default: 30)
RALLYCROSS_LOST_LIMIT    seconds after such a request in which every clean-up looks for it again (default: 3600)
RALLYCROSS_HISTORY_RUNS  the newest runs of a recipe that change detection reads (default: 200)
RALLYCROSS_LEAST_CHANGE  per cent of the least change that counts; of failure rates, percentage points (default: 2)
RALLYCROSS_NOTIFY        id of the Airflow connection that changes are sent to: a webhook, Slack or SMTP (default:
                         none); see docs/changes.md
RALLYCROSS_DEAD_AFTER    seconds without a sign of life after which the process of a running task counts as dead, so
                         that its leftovers are deleted (default: 60)

The DAG `janitor`, which looks for leftovers in all registered clouds; its form can change the last two:

RALLYCROSS_JANITOR_SCHEDULE   when it runs by itself: a cron expression, or a preset such as @daily (default: never)
RALLYCROSS_JANITOR_DELETE     `true`: it deletes what it finds; `false`: it only reports (default: false)
RALLYCROSS_JANITOR_OLDER_THAN minutes in which a run must not have made anything, so that what has its names counts as
                         left, if the ledger does not have it (default: 0)

The DAG `prune_results`, which deletes old results; its form can change the last two:

RALLYCROSS_PRUNE_SCHEDULE   when it runs by itself: a cron expression, or a preset such as @weekly (default: never)
RALLYCROSS_PRUNE_OLDER_THAN age of what is deleted: a number and s, m, h, d or w (default: 90d)
RALLYCROSS_PRUNE_DELETE     `true`: it deletes; `false`: it only says what it would delete (default: false)

What a run that was triggered by a form or by Airflow's API may use; the command line has no such bounds:

RALLYCROSS_FILES          folders, separated by colons, below which it may name files (default: the checkout's
                          `include/recipes` and `include/clouds`, and `files` in the home)
RALLYCROSS_COMMANDS       whose commands (hooks, deployments) are run: `files`, those in such files (the default);
                          `all`, also those in text that is typed into a form; `none`
RALLYCROSS_PACKAGES       regular expressions, separated by spaces, of what it may install for a verification
                          (default: versions of tempest and of OpenStack's own tempest plugins)
RALLYCROSS_DELETE_LEFTOVERS what the DAG `janitor` may delete: `all` (the default); `ledger`, only what the ledger of
                          this checkout has of dead runs; `none`
RALLYCROSS_PASS_VARIABLES names of variables, separated by commas, that programs of task files and specs get besides
                          PATH, HOME, LANG and the like (default: none); see `rallycross.child_environment`
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rallycross.errors import RallycrossError

Commands = Literal["none", "files", "all"]
Leftovers = Literal["none", "ledger", "all"]

CHECKOUT = Path(__file__).resolve().parents[2]
_MB = 1_000_000
_MOST = 1e9
NAMES = 2**15 - 2  # of actions in a sample file, which stores them as 16-bit numbers


@dataclass(frozen=True)
class Settings:
    """The paths and limits in force."""

    home: Path
    results_url: str
    samples: Path
    reports: Path
    host_patience: float = 120.0
    scenarios: tuple[Path, ...] = ()
    recipes: tuple[Path, ...] = (CHECKOUT / "include/recipes",)
    results_group: str = ""
    patience: float = 120.0
    start_limit: float = 3600.0
    file_limit: int = 2_000_000
    file_values: int = 50_000
    results_limit: int = 200_000_000
    results_values: int = 5_000_000
    template_seconds: float = 2.0
    template_memory: int = 256_000_000
    pattern_seconds: float = 4.0
    iteration_limit: int = 10_000
    action_names: int = 1000
    files: tuple[Path, ...] = ()
    commands: Commands = "files"
    packages: tuple[str, ...] = ()
    host_limit: float = 120.0
    step_limit: float = 3600.0
    hook_patience: float = 600.0
    install_limit: float = 1200.0
    listing_limit: float = 300.0
    airflow_patience: float = 300.0
    end_grace: float = 3.0
    pipe_patience: float = 4.0
    connect_limit: float = 30.0
    sign_in_limit: float = 60.0
    reach_limit: float = 10.0
    ssh_limit: float = 15.0
    fuel_limit: float = 60.0
    cobbler_limit: float = 300.0
    airflow_limit: float = 30.0
    download_patience: float = 180.0
    download_limit: float = 3600.0
    database_patience: float = 120.0
    database_connect: float = 10.0
    database_limit: float = 60.0
    migration_limit: float = 3600.0
    api_patience: float = 120.0
    request_limit: float = 300.0
    answer_limit: int = 256_000_000
    list_pages: int = 10000
    cut_patience: float = 30.0
    late_patience: float = 30.0
    lost_limit: float = 3600.0
    history_runs: int = 200
    least_change: float = 0.02  # a share
    notify: str = ""
    dead_after: float = 60.0
    janitor_schedule: str = ""
    prune_schedule: str = ""
    prune_older_than: str = "90d"
    prune_delete: bool = False
    janitor_delete: bool = False
    janitor_older_than: float = 0.0
    delete_leftovers: Leftovers = "all"

    @property
    def clouds(self) -> Path:
        """One folder for each deployed cloud, named after it."""
        return self.home / "clouds"

    @property
    def deployments(self) -> Path:
        """One folder for each deployment, with the log of each of its steps."""
        return self.home / "deployments"

    @property
    def verifiers(self) -> Path:
        """One folder for each verifier's workspace."""
        return self.home / "verifiers"

    @property
    def clouds_yaml(self) -> Path:
        """The `clouds.yaml` of all registered clouds; owner-only."""
        return self.home / "clouds.yaml"


def settings(env: dict[str, str] | None = None) -> Settings:
    """Return the settings from `env` (default: the process's environment)."""
    env = dict(os.environ) if env is None else env
    home = Path(env.get("RALLYCROSS_HOME") or CHECKOUT / ".rallycross").expanduser().absolute()
    return Settings(
        home=home,
        results_url=env.get("RALLYCROSS_RESULTS_URL") or f"sqlite:///{home / 'results.db'}",
        samples=Path(env.get("RALLYCROSS_SAMPLES") or home / "samples").expanduser().absolute(),
        reports=Path(env.get("RALLYCROSS_REPORTS") or home / "reports").expanduser().absolute(),
        scenarios=_paths(env.get("RALLYCROSS_SCENARIOS", "")),
        host_patience=_number(env, "RALLYCROSS_HOST_PATIENCE", Settings.host_patience),
        recipes=(*Settings.recipes, *_paths(env.get("RALLYCROSS_RECIPES", ""))),
        results_group=env.get("RALLYCROSS_RESULTS_GROUP", ""),
        patience=_number(env, "RALLYCROSS_PATIENCE", Settings.patience),
        start_limit=_number(env, "RALLYCROSS_START_LIMIT", Settings.start_limit),
        file_limit=_bytes(env, "RALLYCROSS_FILE_LIMIT", Settings.file_limit),
        file_values=int(_number(env, "RALLYCROSS_FILE_VALUES", Settings.file_values)),
        results_limit=_bytes(env, "RALLYCROSS_RESULTS_LIMIT", Settings.results_limit),
        database_patience=_number(env, "RALLYCROSS_DATABASE_PATIENCE", Settings.database_patience),
        database_connect=_number(env, "RALLYCROSS_DATABASE_CONNECT", Settings.database_connect, least=2),
        database_limit=_number(env, "RALLYCROSS_DATABASE_LIMIT", Settings.database_limit),
        migration_limit=_number(env, "RALLYCROSS_MIGRATION_LIMIT", Settings.migration_limit),
        results_values=int(_number(env, "RALLYCROSS_RESULTS_VALUES", Settings.results_values)),
        template_seconds=_number(env, "RALLYCROSS_TEMPLATE_SECONDS", Settings.template_seconds),
        template_memory=_bytes(env, "RALLYCROSS_TEMPLATE_MEMORY", Settings.template_memory),
        pattern_seconds=_number(env, "RALLYCROSS_PATTERN_SECONDS", Settings.pattern_seconds),
        action_names=min(NAMES, int(_number(env, "RALLYCROSS_ACTION_NAMES", Settings.action_names, least=1))),
        iteration_limit=int(_number(env, "RALLYCROSS_ITERATION_LIMIT", Settings.iteration_limit, least=1)),
        host_limit=_number(env, "RALLYCROSS_HOST_LIMIT", Settings.host_limit),
        step_limit=_number(env, "RALLYCROSS_STEP_LIMIT", Settings.step_limit),
        hook_patience=_number(env, "RALLYCROSS_HOOK_PATIENCE", Settings.hook_patience),
        install_limit=_number(env, "RALLYCROSS_INSTALL_LIMIT", Settings.install_limit),
        listing_limit=_number(env, "RALLYCROSS_LISTING_LIMIT", Settings.listing_limit),
        airflow_patience=_number(env, "RALLYCROSS_AIRFLOW_PATIENCE", Settings.airflow_patience),
        end_grace=_number(env, "RALLYCROSS_END_GRACE", Settings.end_grace),
        pipe_patience=_number(env, "RALLYCROSS_PIPE_PATIENCE", Settings.pipe_patience),
        connect_limit=_number(env, "RALLYCROSS_CONNECT_LIMIT", Settings.connect_limit),
        sign_in_limit=_number(env, "RALLYCROSS_SIGN_IN_LIMIT", Settings.sign_in_limit),
        reach_limit=_number(env, "RALLYCROSS_REACH_LIMIT", Settings.reach_limit),
        ssh_limit=_number(env, "RALLYCROSS_SSH_LIMIT", Settings.ssh_limit),
        fuel_limit=_number(env, "RALLYCROSS_FUEL_LIMIT", Settings.fuel_limit),
        cobbler_limit=_number(env, "RALLYCROSS_COBBLER_LIMIT", Settings.cobbler_limit),
        airflow_limit=_number(env, "RALLYCROSS_AIRFLOW_LIMIT", Settings.airflow_limit),
        download_patience=_number(env, "RALLYCROSS_DOWNLOAD_PATIENCE", Settings.download_patience),
        download_limit=_number(env, "RALLYCROSS_DOWNLOAD_LIMIT", Settings.download_limit),
        files=_folders(env.get("RALLYCROSS_FILES"), home),
        commands=_word(env, "RALLYCROSS_COMMANDS", Settings.commands, get_args(Commands)),
        api_patience=_number(env, "RALLYCROSS_API_PATIENCE", Settings.api_patience, least=0),
        request_limit=_number(env, "RALLYCROSS_REQUEST_LIMIT", Settings.request_limit),
        answer_limit=_bytes(env, "RALLYCROSS_ANSWER_LIMIT", Settings.answer_limit),
        list_pages=int(_number(env, "RALLYCROSS_LIST_PAGES", Settings.list_pages, least=1)),
        cut_patience=_number(env, "RALLYCROSS_CUT_PATIENCE", Settings.cut_patience),
        late_patience=_number(env, "RALLYCROSS_LATE_PATIENCE", Settings.late_patience, least=0),
        lost_limit=_number(env, "RALLYCROSS_LOST_LIMIT", Settings.lost_limit, least=0),
        history_runs=int(_number(env, "RALLYCROSS_HISTORY_RUNS", Settings.history_runs, least=2)),
        least_change=_number(env, "RALLYCROSS_LEAST_CHANGE", Settings.least_change * 100, least=0) / 100,
        notify=env.get("RALLYCROSS_NOTIFY", "").strip(),
        dead_after=_number(env, "RALLYCROSS_DEAD_AFTER", Settings.dead_after),
        prune_schedule=env.get("RALLYCROSS_PRUNE_SCHEDULE", "").strip(),
        prune_older_than=env.get("RALLYCROSS_PRUNE_OLDER_THAN", "").strip() or Settings.prune_older_than,
        prune_delete=_word(env, "RALLYCROSS_PRUNE_DELETE", "false", ("true", "false")) == "true",
        janitor_schedule=env.get("RALLYCROSS_JANITOR_SCHEDULE", "").strip(),
        janitor_delete=_word(env, "RALLYCROSS_JANITOR_DELETE", "false", ("true", "false")) == "true",
        janitor_older_than=_number(env, "RALLYCROSS_JANITOR_OLDER_THAN", Settings.janitor_older_than, least=0),
        delete_leftovers=_word(env, "RALLYCROSS_DELETE_LEFTOVERS", Settings.delete_leftovers, get_args(Leftovers)),
        packages=_PACKAGES if (given := env.get("RALLYCROSS_PACKAGES")) is None else tuple(given.split()),
    )


# Versions of tempest and of OpenStack's own tempest plugins: no URLs, folders, or packages that anybody may publish.
_PLUGINS = (
    "barbican|blazar|cinder|cloudkitty|cyborg|designate|freezer|glance|heat|ironic|keystone|kuryr|magnum|manila|mistral"
    "|monasca|murano|neutron|octavia|sahara|senlin|solum|telemetry|trove|venus|vitrage|watcher|zaqar|zun"
)
_EXACTLY = r"(\[[\w,-]+\])?([=<>~!]=?[\w.*+!]+(,[=<>~!]=?[\w.*+!]+)*)?"
_PACKAGES = (
    r"[=<>~!]{0,2}[0-9][\w.*+!]*",
    rf"tempest{_EXACTLY}",
    rf"({_PLUGINS})[-_]tempest[-_]plugin{_EXACTLY}",
)


def _folders(given: str | None, home: Path) -> tuple[Path, ...]:
    if given is None:
        return (CHECKOUT / "include/recipes", CHECKOUT / "include/clouds", home / "files")
    return _paths(given)


def _paths(given: str) -> tuple[Path, ...]:
    return tuple(Path(folder).expanduser().absolute() for folder in _listed(given, os.pathsep))


def _listed(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _word(env: dict[str, str], name: str, default: str, known: tuple[str, ...]) -> Any:
    """Return a setting that is one of some words."""
    given = env.get(name) or default
    if given not in known:
        raise RallycrossError(f"{name}: {given!r} is not one of {', '.join(known)} - use one of these")
    return given


def _bytes(env: dict[str, str], name: str, default: int) -> int:
    """Return a setting given in MB, in bytes."""
    return int(_number(env, name, default / _MB) * _MB)


def _number(env: dict[str, str], name: str, default: float, *, least: float | None = None) -> float:
    """Return a setting that is a number above 0, or at least `least`."""
    written = env.get(name) or str(default)
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    enough = value > 0 if least is None else value >= least
    if not enough or not value <= _MOST:
        bound = "above 0" if least is None else f"of {least:g} or more"
        raise RallycrossError(f"{name}: must be a number {bound}, {_MOST:g} at the most, not {written!r} - correct it")
    return value
