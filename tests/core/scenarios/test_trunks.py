"""The scenarios about trunks: what is told before the load."""

import pytest

from rallycross.scenario.scenario import SCENARIOS


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, []),
        ({"subports_per_batch": 2047, "batches": 2}, []),
        ({"subports_per_batch": 1000}, ["5000 subports in all are more than the 4094 VLANs of a trunk"]),
        ({"batches": 410}, ["4100 subports in all are more than the 4094 VLANs of a trunk"]),
    ],
)
def test_a_trunk_cannot_have_more_subports_than_vlans(args: dict[str, int], told: list[str]) -> None:
    """All batches together must fit the VLANs of a trunk, also where one of the two numbers is left to its default."""
    contradictions = SCENARIOS["NeutronTrunks.boot_server_and_batch_add_subports"].signature.contradictions
    assert [flaw.what for flaw in contradictions(args)] == told
