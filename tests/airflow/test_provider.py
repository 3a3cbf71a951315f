"""Airflow has the connection type `openstack`, with a form for the fields that the hook reads."""

from typing import Any

import pytest

from hooks.openstack import OpenStackHook
from hooks.provider_info import get_provider_info


@pytest.fixture(name="manager", scope="module")
def _manager() -> Any:
    from airflow.providers_manager import ProvidersManager  # noqa: PLC0415 - slow

    return ProvidersManager()


def test_the_hook_is_found_by_its_type(manager: Any) -> None:
    """The editable install registers the provider, and the type leads to the hook."""
    hook = manager.hooks["openstack"]

    assert (hook.package_name, hook.hook_name) == ("rallycross", "OpenStack")
    assert hook.hook_class_name == f"{OpenStackHook.__module__}.{OpenStackHook.__qualname__}"


def test_the_form_has_every_field(manager: Any) -> None:
    """Each field of the provider's description is in the form; the clouds.yaml text is kept as a secret."""
    fields = get_provider_info()["connection-types"][0]["conn-fields"]
    prefix = "extra__openstack__"
    shown = {
        name.removeprefix(prefix): field
        for name, field in manager.connection_form_widgets.items()
        if name.startswith(prefix)
    }

    assert shown.keys() == fields.keys()
    assert fields["clouds_yaml"]["schema"]["format"] == "password"


def test_the_fields_are_labelled(manager: Any) -> None:
    """Host, login and password have the labels of OpenStack."""
    relabelled = manager.field_behaviours["openstack"]["relabeling"]

    assert relabelled["host"] == "Auth URL"
    assert "application credential" in relabelled["login"]
