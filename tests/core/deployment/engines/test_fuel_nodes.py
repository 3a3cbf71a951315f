"""Which of Fuel's nodes get which roles."""

import itertools
from typing import Any

import pytest
from fuel_master import FuelMaster
from hypothesis import given
from hypothesis import strategies as st

from rallycross.deployment.engines.fuel import hardware
from rallycross.deployment.engines.fuel.placing import place
from rallycross.errors import RallycrossError


def some_nodes(number: int = 4) -> list[dict[str, Any]]:
    """Return nodes, of which the first has one cpu, 2 GB and one disk of 50 GB, the second twice that, and so on."""
    return list(FuelMaster(nodes=number).nodes.values())


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        (["ram>=4G"], 2),
        (["ram>4G"], 3),
        (["ram==8192M"], 4),
        (["cpus!=1", "cpus<4", "storage>=150G"], 3),
        (["mac==64:60:46:2E:8C:02"], 2),
        ([], 1),
    ],
)
def test_filters_choose_nodes(filters: list[str], taken: int) -> None:
    """Each kind of expression finds the first node that is as it says."""
    assert place({"compute": {"amount": 1, "filters": filters}}, some_nodes(), 9) == {taken: ["compute"]}


@pytest.mark.parametrize("change", [{"cluster": 7}, {"online": False}, {"status": "error"}], ids=str)
def test_a_node_that_is_not_free_is_passed_over(change: dict[str, Any]) -> None:
    """Nodes of other environments, offline nodes and failed nodes are not used."""
    nodes = some_nodes(2)
    nodes[0] |= change
    assert place({"compute": {"amount": 1, "filters": []}}, nodes, 9) == {2: ["compute"]}


def test_what_the_environment_has_counts() -> None:
    """Roles assigned before are not assigned again, and nodes with unwanted roles are reported."""
    nodes = some_nodes(2)
    wanted = {"controller": {"amount": 1, "filters": []}, "compute+cinder": {"amount": 1, "filters": ["cpus==1"]}}
    assert place(wanted, nodes, 9) == {1: ["cinder", "compute"], 2: ["controller"]}
    nodes[0] |= {"cluster": 9, "pending_roles": ["compute", "cinder"]}
    assert place(wanted, nodes, 9) == {2: ["controller"]}
    nodes[0] |= {"pending_roles": ["mongo"]}
    with pytest.raises(RallycrossError, match="is in the environment as mongo, which exceeds the amount in `nodes`"):
        place(wanted, nodes, 9)


def test_a_lack_of_nodes_says_what_there_is() -> None:
    """Each node is listed with what it has and what speaks against it."""
    nodes = some_nodes(2)
    nodes[0]["online"] = False
    with pytest.raises(RallycrossError) as caught:
        place({"compute": {"amount": 2, "filters": ["cpus>1"]}}, nodes, 9)
    first, second, last = str(caught.value).splitlines()
    assert "64:60:46:2e:8c:01): offline; ram 2G, cpus 1, storage 50G, mac 64:60:46:2e:8c:01" in first
    assert "64:60:46:2e:8c:02): fits; ram 4G, cpus 2, storage 100G" in second
    assert last.startswith("Fuel has too few nodes for compute: 2 with cpus>1")


_filters = st.sampled_from(["cpus>1", "cpus<3", "cpus==2", "ram>=6G", "storage!=50G"])
_wanted = st.dictionaries(
    st.sampled_from(["controller", "compute", "cinder"]),
    st.fixed_dictionaries({"amount": st.integers(1, 2), "filters": st.lists(_filters, max_size=2)}),
    min_size=1,
)


@given(_wanted)
def test_roles_are_given_wherever_they_can_be(wanted: dict[str, Any]) -> None:
    """A node that only one role can take is left to it: there is an answer exactly where one can be found by trying."""
    nodes = some_nodes()
    slots = [(role, one["filters"]) for role, one in wanted.items() for _ in range(one["amount"])]
    possible = len(slots) <= len(nodes) and any(
        all(hardware.fits(node, filters) for node, (_, filters) in zip(chosen, slots, strict=True))
        for chosen in itertools.permutations(nodes, len(slots))
    )
    try:
        placed = place(wanted, nodes, 9)
    except RallycrossError:
        assert not possible
    else:
        assert possible
        assert sorted(role for roles in placed.values() for role in roles) == sorted(role for role, _ in slots)
        for node in nodes:
            for role in placed.get(node["id"], []):
                assert hardware.fits(node, wanted[role]["filters"])


@given(st.text(max_size=12) | st.from_regex(r"(ram|cpus|mac)[=<>!]{1,2}[0-9KMGT:]{0,4}", fullmatch=True))
def test_an_expression_is_understood_or_complained_of(expression: str) -> None:
    """Whatever passes the check of a spec can be held against a node."""
    if hardware.complain([expression]) is None:
        assert hardware.fits(some_nodes(1)[0], [expression]) in {True, False}
