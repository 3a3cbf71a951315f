"""Images in every project."""

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rallycross.cloud.api import Api
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.errors import ApiError, Unreachable, outcome_unknown
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.parallel import in_parallel, pause_after
from rallycross.cloud.resource import Thing
from rallycross.cloud.retrying import TRANSIENT
from rallycross.cloud.service import resource
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.download import CannotBeDownloaded, download
from rallycross.context.resource_context import ResourceContext, wait_for_all
from rallycross.leftovers.draining import show
from rallycross.task.bounds import COUNT
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_SIZE: Schema = {"type": "integer", "minimum": 0}
_FORMAT: Schema = {"enum": ["qcow2", "raw", "vhd", "vmdk", "vdi", "iso", "aki", "ari", "ami"]}
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "image_url": {"type": "string"},
        "disk_format": _FORMAT,
        "container_format": {"enum": ["aki", "ami", "ari", "bare", "docker", "ova", "ovf"]},
        "image_name": {"type": "string"},
        "min_ram": _SIZE,  # MiB
        "min_disk": _SIZE,  # GiB
        "visibility": {"enum": ["public", "private", "shared", "community"]},
        "images_per_tenant": COUNT,
        # The older names of the keys above; the newer name takes precedence.
        "image_args": {"type": "object"},
        "image_container": {"type": "string"},
        "image_type": _FORMAT,
    },
    "required": ["image_url"],
    "additionalProperties": False,
}
_URL = ("http://", "https://")
_LIMIT = 600.0  # seconds until all images of a project must be active
_UPLOADS = 3  # attempts at uploading an image's data


def _makes(config: dict[str, Any]) -> Iterator[tuple[str, NamedResource]]:
    if name := config.get("image_name"):
        details = {"min_ram": config.get("min_ram", 0), "min_disk": config.get("min_disk", 0), "size": 0}
        yield "image", NamedResource("", name, details)


@context("images", order=410, schema=_SCHEMA, needs=Needs(("image",), things={"image_url": "file"}), makes=_makes)
class Images(ResourceContext):
    """Uploads a local or downloaded file as images of every project."""

    name = "images"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._source: str = config["image_url"]
        self._count: int = config.get("images_per_tenant", 1)
        self._name: str = config.get("image_name", "") if self._count == 1 else ""
        old = config.get("image_args", {})
        visibility = {True: "public", False: "private", None: old.get("visibility", "private")}[old.get("is_public")]
        self._body = {
            "disk_format": config.get("disk_format") or config.get("image_type"),
            "container_format": config.get("container_format") or config.get("image_container"),
            "visibility": config.get("visibility", visibility),
            "min_ram": config.get("min_ram", old.get("min_ram", 0)),
            "min_disk": config.get("min_disk", old.get("min_disk", 0)),
        }

    def make_all(self) -> None:
        """Upload the images. A URL is downloaded once."""
        for name in ("disk_format", "container_format"):
            if self._body[name] is None:
                raise SetUpFailed(f"images: `{name}` is missing - add `{name}:`")
        project_users = self.project_users()
        with _local(self._source) as path:
            made = in_parallel(
                lambda project_user: self._make(project_user, path),
                [project_user for project_user in project_users for _ in range(self._count)],
            )
        for tenant, user in project_users:
            ids = [image["id"] for owner, image in made if owner is tenant]
            api = self.admin.api(user)
            tenant.resources["images"] = wait_for_all(api, resource("glance.images"), ids, "active", limit=_LIMIT)

    def _make(self, project_user: tuple[Tenant, Actor], path: Path) -> tuple[Tenant, Thing]:
        tenant, user = project_user
        api = self.admin.api(user)

        # With an id of our own, the image can be found whatever its name is, even if the answer is lost.
        identifier, name = str(uuid.uuid4()), self._name or self.admin.name()
        row = self.note("glance.images", name, project=tenant.id, ours=not tenant.existing)
        self.admin.ledger.learned(row, identifier)

        def create() -> Thing:
            return dict(api.post("image", "/images", {"id": identifier, "name": name, **self._body}))

        image = self.make_known(row, create, lambda: show(resource("glance.images"), api, identifier))
        _upload(api, identifier, path)
        return tenant, image


def _upload(api: Api, image: str, path: Path) -> None:
    """Upload an image's data; repeat that if the upload broke off and the image still waits for its data."""
    for attempt in range(1, _UPLOADS + 1):
        try:
            with path.open("rb") as data:
                api.upload("image", f"/images/{image}/file", data)
        except (ApiError, Unreachable) as error:
            if not outcome_unknown(error) and getattr(error, "status", 0) not in TRANSIENT:
                raise
            time.sleep(pause_after(attempt))
            status = (show(resource("glance.images"), api, image) or {}).get("status")
            if status in {"active", "saving"}:
                return
            if status != "queued" or attempt == _UPLOADS:
                raise
        else:
            return


@contextmanager
def _local(source: str) -> Iterator[Path]:
    """Give a local file; a URL is downloaded to a temporary file."""
    if not source.startswith(_URL):
        path = Path(source).expanduser()
        if not path.is_file():
            raise SetUpFailed(f"images: there is no file '{source}' - give `image_url` a path or a URL")
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="rallycross-image-") as folder:
        path = Path(folder, "image")
        try:
            download(source, path)
        except CannotBeDownloaded as error:
            raise SetUpFailed(f"images: {error}") from error
        yield path
