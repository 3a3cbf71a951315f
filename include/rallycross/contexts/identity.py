"""Keystone, as contexts need it."""

from typing import cast

from openstack.connection import Connection
from openstack.identity.v3._proxy import Proxy


def identity(connection: Connection) -> Proxy:
    """Return the identity service's API v3: the SDK's type says that it could be v2, which is long gone."""
    return cast("Proxy", connection.identity)
