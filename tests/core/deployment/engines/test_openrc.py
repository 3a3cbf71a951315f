"""OS_ variables, of an openrc or of the environment, as a cloud."""

from pathlib import Path

import pytest
from sites import a_site
from small_cloud import SmallCloud

from rallycross import deployment
from rallycross.cloud.variables import entry_from_variables, openrc_variables
from rallycross.errors import RallycrossError


def test_an_openrc_is_read_and_not_run(tmp_path: Path) -> None:
    """Values come with and without quotes and `export`; a command in it leaves no trace."""
    trace = tmp_path / "trace"
    text = f"#!/bin/sh\nunset OS_X\nexport OS_AUTH_URL='http://a/v3'\nOS_USERNAME=me # who\ntouch {trace}\n"
    assert openrc_variables(text + 'export OS_PASSWORD="p w"\n') == {
        "OS_AUTH_URL": "http://a/v3",
        "OS_USERNAME": "me",
        "OS_PASSWORD": "p w",
    }
    assert not trace.exists()


def test_variables_become_an_entry() -> None:
    """Rally's old names are taken too, and an application credential is known for one."""
    user = {"OS_AUTH_URL": "u", "OS_USERNAME": "me", "OS_PASSWORD": "p"}
    old = {**user, "OS_TENANT_NAME": "t", "OS_ENDPOINT_TYPE": "internalURL", "OS_INSECURE": "True"}
    assert entry_from_variables(old) == {
        "auth": {"auth_url": "u", "username": "me", "password": "p", "project_name": "t"},
        "interface": "internal",
        "verify": False,
    }
    credential = {"OS_AUTH_URL": "u", "OS_APPLICATION_CREDENTIAL_ID": "i", "OS_APPLICATION_CREDENTIAL_SECRET": "s"}
    assert entry_from_variables(credential)["auth_type"] == "v3applicationcredential"
    with pytest.raises(RallycrossError, match="OS_AUTH_URL is not set"):
        entry_from_variables({"OS_USERNAME": "me"})


def test_a_cloud_of_an_openrc_is_signed_in_to(small_cloud: SmallCloud, tmp_path: Path) -> None:
    """A spec that names an openrc needs nothing else."""
    auth = small_cloud.cloud().config["auth"]
    lines = [f"export OS_{key.upper()}={value}" for key, value in auth.items()]
    (tmp_path / "openrc").write_text("\n".join([*lines, "export OS_REGION_NAME=R"]))
    spec = deployment.load_spec(f"name: mine\nengine: existing\nopenrc: {tmp_path}/openrc\n", file="c.yaml")
    deployed = deployment.deploy(spec, a_site(tmp_path))
    assert (deployed.cloud_name, deployed.regions) == ("mine", ("R",))


def test_an_openrc_that_asks_is_refused(tmp_path: Path) -> None:
    """One that reads the password from the terminal is told, with what to do."""
    text = "export OS_AUTH_URL=http://a\nread -sr OS_PASSWORD_INPUT\nexport OS_PASSWORD=$OS_PASSWORD_INPUT\n"
    (tmp_path / "openrc").write_text(text)
    spec = deployment.load_spec(f"name: mine\nengine: existing\nopenrc: {tmp_path}/openrc\n", file="c.yaml")
    with pytest.raises(
        RallycrossError, match=r"line 3: OS_PASSWORD .* it is asked for when it is sourced - source it, then "
    ):
        deployment.deploy(spec, a_site(tmp_path))
