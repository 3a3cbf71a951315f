"""keystone: identity."""

from rallycross.deployment.embedded.layout import CACHE_URL, Layout
from rallycross.deployment.embedded.service import IDENTITY, Deployable, OpenStackService, api, conf, offer


def service(layout: Layout) -> OpenStackService:
    """Return keystone: fernet tokens, cached in memcached, and cheap password hashes."""
    folder = layout.path("etc", "keystone")
    manage = f"{layout.bin('keystone-manage')} --config-file {folder}/keystone.conf"
    me = '--keystone-user "$(id -un)" --keystone-group "$(id -gn)"'
    return OpenStackService(
        name=IDENTITY,
        type="identity",
        endpoint=layout.identity_url,
        databases=("keystone",),
        files={
            f"{folder}/keystone.conf": conf(
                {
                    "DEFAULT": {"use_stderr": True},
                    "database": {"connection": layout.database_url("keystone")},
                    "token": {"provider": "fernet"},
                    "fernet_tokens": {"key_repository": f"{folder}/fernet-keys"},
                    # The default is in the system's /etc.
                    "fernet_receipts": {"key_repository": f"{folder}/receipt-keys"},
                    "credential": {"key_repository": f"{folder}/credential-keys"},
                    # With production's number of rounds, each sign-in would cost 0.2 s of a core.
                    "identity": {"password_hash_rounds": layout.options.password_hash_rounds},
                    "cache": {
                        "enabled": True,
                        "backend": "dogpile.cache.pymemcache",
                        "memcache_servers": CACHE_URL,
                    },
                }
            )
        },
        schema=f"""
mkdir -p {folder}/fernet-keys {folder}/receipt-keys {folder}/credential-keys
chmod 700 {folder}/fernet-keys {folder}/receipt-keys {folder}/credential-keys
{manage} db_sync
{manage} fernet_setup {me}
{manage} receipt_setup {me}
{manage} credential_setup {me}
OS_BOOTSTRAP_PASSWORD='{layout.secrets["admin"]}' {manage} bootstrap --bootstrap-region-id {layout.options.region} \\
    --bootstrap-public-url {layout.identity_url} --bootstrap-internal-url {layout.identity_url} \\
    --bootstrap-admin-url {layout.identity_url}
""",
        programs=(
            api(
                layout,
                "keystone",
                "rallycross_drivers.keystone_api:application",
                {"OS_KEYSTONE_CONFIG_DIR": folder, "OS_KEYSTONE_CONFIG_FILES": "keystone.conf"},
                # With several threads, keystone sometimes takes the roles of one request's token for another's, and
                # then refuses to create application credentials.
                workers=2 * layout.options.api_workers,
                threads=1,
            ),
        ),
    )


offer(Deployable(IDENTITY, service))
