"""Options that tempest does not have, or whose values it refuses, are reported before anything is created."""

import copy
import threading
from pathlib import Path
from typing import Any

import pytest
from verifiable_cloud import VerifiableCloud, standing_environment

from rallycross.errors import RallycrossError
from rallycross.verification.environments import Environment
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.tempest import Tempest
from rallycross.verification.verify import VerificationRequest, verify

TEMPEST = Tempest(Environment.own())
GOOD = {
    "compute.image_ref": "$a",
    "compute-feature-enabled.resize": "true",
    "compute.min_compute_nodes": "2",
    "DEFAULT.resource_name_prefix": "mine",
    "DEFAULT.log_dir": "/x",
    "oslo_concurrency.lock_path": "/x",
    "network-feature-enabled.api_extensions": "a,b",
    "image.http_image": "",
}
BAD = {
    "compute.min_compute_nodes": ("many", "cannot be 'many' (invalid literal for int"),
    "compute.min_compute_node": ("1", "does not have it - did you mean compute.min_compute_nodes"),
    "compute_feature_enabled.resize": ("true", "does not have it - did you mean compute-feature-enabled.resize"),
    "none.such": ("1", "does not have it"),
    "debug.x": ("1", "does not have it"),
    "DEFAULT.debug": ("many", "Invalid Boolean value: many"),
    "validation.connect_method": ("smoke", "Valid values are [fixed, floating]"),
}


def test_options_that_tempest_takes_pass(tmp_path: Path) -> None:
    """Options of a working tempest.conf pass: of tempest, of oslo's libraries, with a dollar sign."""
    TEMPEST.check(GOOD, tmp_path, stop=threading.Event())


def test_sections_of_services_are_asked_for_where_there_are_plugins(tmp_path: Path) -> None:
    """Plugins' sections for services are found by tempest's own definitions."""
    own = Environment.own()
    with_plugin = Tempest(Environment(**{**vars(own), "packages": {**own.packages, "any-tempest-plugin": "1"}}))
    with_plugin.check({}, tmp_path, stop=threading.Event())
    found = with_plugin._services
    assert found["volume"] == {"catalog_type": "block-storage", "endpoint_type": "publicURL", "region": ""}
    assert found["placement"]["endpoint_type"] == "public"
    assert "compute-feature-enabled" not in found


def test_each_option_that_tempest_does_not_take_is_told(tmp_path: Path) -> None:
    """All wrong options are reported at once, with tempest's messages and suggestions."""
    with pytest.raises(RallycrossError) as told:
        TEMPEST.check({**GOOD, **{name: value for name, (value, _) in BAD.items()}}, tmp_path, stop=threading.Event())
    lines = {line.split()[2].rstrip(":"): line for line in str(told.value).splitlines()}
    assert lines.keys() == BAD.keys()
    for name, (_, said) in BAD.items():
        assert said in lines[name]


@pytest.mark.parametrize("option", ["image_ref", ".image_ref", "compute."])
def test_an_option_without_a_section_is_refused_when_it_is_asked_for(option: str) -> None:
    """The request itself is refused, before a cloud is known."""
    with pytest.raises(RallycrossError, match=r"not of the form section\.name"):
        VerificationRequest(Choice(set="quick"), options={option: "1"})


def test_nothing_is_made_for_an_option_that_is_wrong(tmp_path: Path) -> None:
    """The cloud is unchanged, and no test has begun."""
    standing_environment(tmp_path / "environments", Source())
    request = VerificationRequest(Choice(pattern="TestApiDiscovery"), options={"compute.min_compute_nodes": "many"})
    with VerifiableCloud() as small:
        before = _there(small)
        with pytest.raises(RallycrossError, match="cannot be 'many'"):
            verify(
                small.cloud(),
                request,
                workspace=tmp_path / "w",
                environments=tmp_path / "environments",
                begin=lambda *_: pytest.fail("it began"),
                record=lambda _: pytest.fail("a test was run"),
                stop=threading.Event(),
            )
        assert _there(small) == before


def _there(small: VerifiableCloud) -> dict[str, Any]:
    return {name: copy.deepcopy(things) for name, things in small.things.items() if things}
