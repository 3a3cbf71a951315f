"""Rallycross as an Airflow provider: the connection type `openstack` and its form."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description; the entry point `apache_airflow_provider` names this function."""
    return {
        "package-name": "rallycross",
        "name": "Rallycross",
        "description": "Deploys, verifies, benchmarks, profiles and reports on OpenStack clouds.",
        "connection-types": [
            {
                "connection-type": "openstack",
                "hook-class-name": "hooks.openstack.OpenStackHook",
                "hook-name": "OpenStack",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "Auth URL",
                        "login": "User name, or application credential id",
                        "password": "Password, or application credential secret",
                    },
                    "placeholders": {"host": "https://cloud.example.org:5000/v3", "login": "admin"},
                },
                "conn-fields": {
                    "auth_type": _choice("How to sign in", ["password", "v3applicationcredential"], "password"),
                    "project_name": _text("Project", "With a password only."),
                    "user_domain_name": _text("Domain of the user", "Default: Default."),
                    "project_domain_name": _text("Domain of the project", "Default: Default."),
                    "region_name": _text("Region", "Empty: the cloud's only one."),
                    "interface": _choice("Endpoints", ["public", "internal", "admin"], "public"),
                    "cacert": _text("CA bundle", "Path of a file on the worker; empty: the system's."),
                    "verify": {
                        "label": "Verify TLS certificates",
                        "schema": {"type": ["boolean", "null"], "default": True},
                    },
                    "cloud": _text(
                        "Name in clouds.yaml", "Takes everything from that entry; the fields above are then not used."
                    ),
                    "clouds_yaml": {
                        "label": "clouds.yaml, the whole text",
                        "description": "Empty: the worker's own clouds.yaml, where openstacksdk finds it.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                },
            }
        ],
    }


def _text(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}


def _choice(label: str, values: list[str], default: str) -> dict[str, Any]:
    return {"label": label, "schema": {"type": ["string", "null"], "enum": values, "default": default}}
