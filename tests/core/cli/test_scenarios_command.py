"""The command `scenarios`: what is found by which pattern, and what is said of one scenario."""

import json

import pytest

from rallycross.catalogue import known
from rallycross.cli.main import main
from rallycross.scenario.arguments import Image, Location, Seconds, Size
from rallycross.scenario.scenario import SCENARIOS, Scenario, scenario
from rallycross.scenario.user import User
from rallycross.task import load
from rallycross.task.schema_words import in_words
from rallycross.views.scenarios import ScenarioView


@pytest.mark.parametrize(
    ("pattern", "there", "not_there"),
    [
        ("", {"NovaServers.list_servers", "Dummy.dummy"}, set()),
        ("nova", {"NovaServers.list_servers"}, {"Dummy.dummy", "CinderVolumes.create_and_delete_volume"}),
        ("LIST_SERVERS", {"NovaServers.list_servers"}, {"NovaServers.boot_and_delete_server"}),
        ("novaservers.*delete*", {"NovaServers.boot_and_delete_server"}, {"NovaServers.list_servers"}),
    ],
)
def test_scenarios_are_found_by_service_and_name(
    capsys: pytest.CaptureFixture[str], pattern: str, there: set[str], not_there: set[str]
) -> None:
    """A pattern is a service, a part of a name, or a name with `*`, in any case; without one all are listed."""
    assert main(["scenarios", pattern, "--json"]) == 0
    found = {one["scenario"] for one in json.loads(capsys.readouterr().out)["scenarios"]}
    assert there <= found
    assert not not_there & found


def test_one_scenario_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Its arguments with values and defaults, its actions, who acts, its code; and a task file that is valid."""
    assert main(["scenarios", "NovaServers.boot_and_delete_server"]) == 0
    said = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert {
        "image an image required",
        "force_delete true or false false",
        "disk_config 'AUTO' or 'MANUAL' -",
        "acts as a user",
        "actions nova.boot_server, nova.delete_server",
        "needs compute, image",
    } <= said
    assert main(["scenarios", "NovaServers.boot_and_delete_server", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["scenarios", "NovaServers.boot_and_delete_server", "--task"]) == 0
    task = capsys.readouterr().out
    assert task == document["task"]
    assert [one.scenario for one in load(task, known=known()).workloads] == ["NovaServers.boot_and_delete_server"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["NovaServers.boot_and_delete_servr"], "did you mean NovaServers.boot_and_delete_server"),
        (["nova", "--task"], "there is no scenario 'nova'"),
        (["--task"], "--task needs the name of a scenario"),
    ],
)
def test_what_names_no_scenario_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    """An unknown name, and a pattern where one name is needed, are errors with a remedy."""
    assert main(["scenarios", *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.fixture(name="view")
def _view() -> ScenarioView:
    """Return a scenario that disrupts, requires and passes on."""

    @scenario(
        "Of_a_test.disrupt",
        services=["compute"],
        extensions=["trunk"],
        microversions={"compute": "2.54"},
        requires=["network", ("servers", "args.image")],
        disrupts="moves servers to other hosts",
    )
    async def disrupt(user: User, admin: User, size: Size, image: Image | None = None, *, wait: Seconds = 0.5) -> None:
        """Do it.

        At length.
        """

    made: Scenario = SCENARIOS._found.pop("Of_a_test.disrupt")
    assert made.function is disrupt
    return ScenarioView(made)


def test_what_a_scenario_needs_is_told(view: ScenarioView) -> None:
    """Who acts, services, extensions, contexts that must be named, and what it disrupts."""
    assert (view.title, view.group, view.for_administrators) == ("Do it.", "your own", True)
    assert view.needs == ("compute from 2.54", "the neutron extension trunk")
    assert view.requires == ("the context network", "the context servers or the argument image")
    assert view.contexts == ("users",)
    assert view.document()["disrupts"] == "moves servers to other hosts"
    assert [(one.name, one.required, one.default) for one in view.arguments] == [
        ("size", True, ""),
        ("image", False, ""),
        ("wait", False, "0.5"),
    ]
    assert (view.actions(), view.recipe) == (None, "")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "a whole number from 1"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "a number from 0 to 1"),
        ({"type": ["string", "null"]}, "a string or null"),
        ({"enum": ["raw", None]}, "'raw' or null"),
        ({"type": "array", "items": {"type": "string"}}, "a list (a string)"),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, "a string or true or false"),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}, "a mapping with a, b (required)"),
        ({}, "any value"),
    ],
)
def test_a_schema_is_said_in_words(schema: dict[str, object], words: str) -> None:
    """The values that a task file may give are told without any word of schemas."""
    assert in_words(schema) == words


def test_a_file_is_told_as_a_path() -> None:
    """What names a file, an image or a length of time is told as that."""

    @scenario("Of_a_test.file")
    async def of_a_file(user: User, where: Location, image: Image, pause: Seconds) -> None:
        """Do it."""

    view = ScenarioView(SCENARIOS._found.pop("Of_a_test.file"))
    assert view.scenario.function is of_a_file
    assert [one.allowed for one in view.arguments] == ["a path or a URL", "an image", "seconds"]
