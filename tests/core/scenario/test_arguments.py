"""From a scenario's annotations to what a task file may say."""

from typing import Annotated, Any, Literal, TypedDict, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.cloud.naming import context_prefix, scenario_prefix
from rallycross.load.iteration import Iteration
from rallycross.scenario.arguments import Image, Since, Size, draw, needed_microversion, parameter, schema_of
from rallycross.scenario.scenario import SCENARIOS, scenario
from rallycross.scenario.user import SdkUser, User
from rallycross.task.flaw import Flaw, flaws


class Options(TypedDict, total=False):
    """Options of a scenario."""

    mode: Literal["a", "b"]
    depth: int


class Aged(TypedDict, total=False):
    """Options that came at different times."""

    old: Annotated[int, Since("compute", "2.9")]
    new: Annotated[int, Since("compute", "2.10")]


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int, [0, -3], [True, 1.5, 2.0, "1", None]),
        (float, [0, 1.5], [False, "1"]),
        (bool, [True], [0, "yes"]),
        (str, ["", "x"], [1, None]),
        (int | None, [1, None], ["1"]),
        (str | int, [1, "1"], [None, []]),
        (Any, [None, {}, [1]], []),
        (list[str], [[], ["a"]], [["a", 1], "a"]),
        (dict[str, int], [{}, {"a": 1}], [{"a": "b"}, []]),
        (Literal["x", "y"], ["x"], ["z", None]),
        (Options, [{}, {"mode": "a", "depth": 1}], [{"mode": "c"}, {"more": 1}, None]),
        (Options | None, [None, {"depth": 2}], [{"depth": "2"}, 7]),
        (Image, [{"name": "a"}, {"id": 1}, {"regex": "^a", "accurate": True}], ["a", {}, {"nam": "a"}, None]),
        (Image | None, [None, {"name": "a"}], ["a", {"nam": "a"}]),
        (Size, [1, {"min": 1, "max": 2}], [0, "1", {"min": 1}, {"min": 0, "max": 1}]),
    ],
)
def test_annotations_allow_what_they_say(annotation: Any, good: list[Any], bad: list[Any]) -> None:
    """The schema of an annotation takes values of its kind, and has something to say of every other."""
    schema = schema_of(annotation)
    assert [value for value in good if flaws(value, schema)] == []
    assert [value for value in bad if not flaws(value, schema)] == []


def test_a_word_or_a_list_of_words_is_explained_by_what_it_is_nearer_to() -> None:
    """Where a word or a list of words is allowed, a wrong item of a list is told as such, and so is a wrong word."""
    word = Literal["apart", "together"]
    schema = schema_of(word | list[word])
    wrong = "must be 'apart' or 'together', not 'aprt'"
    assert flaws(["apart", "aprt"], schema) == [Flaw((1,), wrong)]
    assert flaws("aprt", schema) == [Flaw((), wrong)]
    assert flaws(["apart"], schema) == flaws("apart", schema) == []


def test_a_request_needs_the_newest_microversion_of_its_options() -> None:
    """Of several options that are given, the one with the newest microversion counts, by numbers and not by letters."""
    assert needed_microversion(Aged, {"old": 1, "new": 1}) == "2.10"
    assert needed_microversion(Aged, {"old": 1, "new": None}) == "2.9"
    assert needed_microversion(Aged | None, {}) == needed_microversion(Aged | None, None) == ""


def test_an_annotation_that_no_file_can_serve_is_an_error_of_the_scenario() -> None:
    """A type without a form in YAML is refused where the scenario is defined."""
    with pytest.raises(TypeError, match="a task file cannot give an argument of type"):
        schema_of(set[int])


def test_an_optional_resource_is_still_one() -> None:
    """`Image | None` names an image, as `Image` does."""
    assert parameter(Image | None, required=False).resource == "image"


@given(st.integers(1, 50), st.integers(0, 50))
def test_a_size_is_as_given_or_within_its_range(least: int, more: int) -> None:
    """A number is itself; a range gives a number within it, bounds included."""
    assert draw(least) == least
    assert least <= draw({"min": least, "max": least + more}) <= least + more


async def _good(user: User, size: Size, *, deep: bool = False, **options: Unpack[Options]) -> None:
    """Do good.

    At length.
    """


async def _both(admin: User, user: User) -> None:
    """Do it with an administrator's help."""


def _plain(user: SdkUser) -> None:
    """Do it on a thread."""


async def _alone(iteration: Iteration, **options: Any) -> None:
    """Do it without a cloud."""


def test_a_scenario_is_what_its_function_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, title, arguments with their defaults, options and roles are read from the function."""
    monkeypatch.setattr(SCENARIOS, "_found", {})
    scenario("Test.good", services=["compute"], cleanup=["nova"])(_good)
    scenario("Test.both", admin_cleanup=["keystone"])(_both)
    scenario("Test.plain")(_plain)
    scenario("Test.alone")(_alone)
    good, both, plain, alone = (SCENARIOS._found[f"Test.{name}"] for name in ("good", "both", "plain", "alone"))
    assert good.signature.title == "Do good."
    assert {name: one.required for name, one in good.signature.parameters.items()} == {
        "size": True,
        "deep": False,
        "mode": False,
        "depth": False,
    }
    assert (good.roles, good.signature.services, good.blocking) == (("user",), ("compute",), False)
    assert good.signature.contexts == {"users": {}, "cleanup": ["nova"]}
    assert (both.roles, both.signature.actors) == (("admin", "user"), {"admin", "user"})
    assert both.signature.contexts == {"users": {}, "admin_cleanup": ["keystone"]}
    assert plain.blocking
    assert (alone.signature.actors, alone.signature.contexts, alone.signature.more) == (frozenset(), {}, True)


async def _nobodys(size: int) -> None: ...


async def _untyped_options(user: User, **options: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_nobodys, "its first parameter must be `user`, `admin` or `iteration`"),
        (_untyped_options, "must be typed by Unpack"),
    ],
)
def test_a_scenario_that_is_none_is_refused(function: Any, message: str) -> None:
    """A function that cannot be a scenario is refused at once, with the reason."""
    with pytest.raises(TypeError, match=message):
        scenario("Test.bad")(function)


def test_names_are_rallys() -> None:
    """Names begin with `s_rally_` or `c_rally_` and eight characters of the owner's uuid."""
    assert scenario_prefix("12345678-9abc-def0") == "s_rally_12345678_"
    assert context_prefix("12345678-9abc-def0") == "c_rally_12345678_"
