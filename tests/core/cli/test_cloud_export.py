"""The output of `cloud export`."""

from typing import Any

import pytest

from rallycross.cli.commands.cloud import openrc
from rallycross.cloud.variables import entry_from_variables, openrc_variables


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": {"auth_url": "http://a/v3", "username": "me", "password": "it's $HOME", "project_name": "p"}},
        {
            "auth": {"auth_url": "u", "application_credential_id": "i", "application_credential_secret": "s"},
            "auth_type": "v3applicationcredential",
            "region_name": "R",
            "cacert": "/a b.pem",
        },
    ],
)
def test_an_openrc_leads_back_to_its_entry(entry: dict[str, Any]) -> None:
    """Read by a shell, the variables have the values of the entry, even with quotes and dollars."""
    entry = {"interface": "public", "identity_api_version": "3", **entry}
    assert entry_from_variables(openrc_variables(openrc(entry))) == entry
