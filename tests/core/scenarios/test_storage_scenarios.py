"""Scenarios of cinder and glance: which arguments they refuse, and requests that a healthy cloud does not show."""

from typing import Any

import pytest
from acting import iterate
from aiohttp import web
from small_cloud import SmallCloud

from rallycross import catalogue
from rallycross.cloud.errors import BadAnswer
from rallycross.errors import InvalidInput
from rallycross.task import load

IMAGE = "container_format: bare, disk_format: raw, image_location: "
SERVER = "image: {name: i}, flavor: {name: f}"
TWICE = f"size: 1, {SERVER}, key_name: k, create_vm_params: {{meta: {{a: b}}}}"
GROWS = "CinderVolumes.create_and_extend_volume"


@pytest.mark.parametrize(
    ("scenario", "args", "said"),
    [
        ("CinderVolumes.create_volume", "size: 1, name: mine", "args.name: cannot be given"),
        ("CinderVolumes.create_and_delete_volume", "size: 1, display_name: mine", "args.display_name: cannot be given"),
        ("CinderVolumes.create_and_delete_snapshot", "name: mine", "args.name: cannot be given"),
        ("CinderVolumes.create_volume_backup", "size: 1, create_volume_kwargs: {name: x}", "kwargs.name: unknown key"),
        ("CinderVolumes.create_volume_backup", "size: 1, create_backup_kwargs: {name: x}", "kwargs.name: unknown key"),
        ("CinderVolumes.create_and_update_volume", "size: 1, update_volume_kwargs: {name: x}", "name: unknown key"),
        (GROWS, "size: 2, new_size: 2", "new_size: 2 is not above `size`"),
        (GROWS, "size: {min: 3, max: 4}, new_size: {min: 1, max: 3}", "3 is not above `size`"),
        (GROWS, "size: 1, new_size: {min: 4, max: 3}", "3 is below `min`"),
        ("CinderVolumes.modify_volume_metadata", "sets: 2, set_size: 7", "create 14 keys and delete 15"),
        ("CinderVolumes.create_and_attach_volume", TWICE, "key_name: is an option of the server, beside"),
        ("CinderVolumeTypes.create_volume_type_and_encryption_type", "cipher: c", "lacks the argument 'provider'"),
        ("CinderQos.create_and_get_qos", "consumer: nobody, write_iops_sec: 1, read_iops_sec: 1", "consumer: must be"),
        ("GlanceImages.import_and_delete_image", f"{IMAGE} small.raw, import_method: web-download", "is not a URL"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told_before_the_load(scenario: str, args: str, said: str) -> None:
    """Arguments that Rally or the cloud would refuse are errors, each with its place in the file."""
    text = f"{scenario}:\n- args: {{{args}}}\n  context: {{volumes: {{size: 1}}}}\n"
    with pytest.raises(InvalidInput) as caught:
        load(text, file="t.yaml", known=catalogue.known())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("scenario", "args"),
    [
        (GROWS, "size: {min: 1, max: 4}, new_size: {min: 2, max: 5}"),
        ("CinderVolumeTypes.create_volume_type_and_encryption_type", "create_specs: {provider: luks}"),
        ("GlanceImages.import_and_delete_image", f"{IMAGE} 'http://127.0.0.1/x', import_method: web-download"),
        ("CinderVolumes.create_and_attach_volume", f"size: 1, {SERVER}, key_name: k"),
    ],
)
def test_what_can_work_is_accepted(scenario: str, args: str) -> None:
    """Arguments that can work together are no errors."""
    assert load(f"{scenario}:\n- args: {{{args}}}\n", file="t.yaml", known=catalogue.known()).workloads


def paged(cloud: SmallCloud, collection: str, pages: int) -> list[dict[str, str]]:
    """Let a cloud have some pages of a list, each with two things; return the parameters of the requests for them."""
    asked: list[dict[str, str]] = []

    async def page(request: web.Request, _: str, path: str) -> web.Response | None:
        if request.method != "GET" or not path.startswith(f"/{collection}"):
            return None
        asked.append(dict(request.query))
        number = int(request.query.get("marker", "0"))
        body: dict[str, Any] = {collection: [{"id": f"{number}-{one}"} for one in "ab"]}
        if number + 1 < pages:
            link = f"http://unreachable.invalid/{collection}?marker={number + 1}&limit=2"
            body[f"{collection}_links"] = [{"rel": "next", "href": link}]
            body["next"] = link
        return web.json_response(body)

    cloud._special = page  # type: ignore[assignment,method-assign]
    return asked


def test_all_pages_of_a_list_are_requested(small_cloud: SmallCloud) -> None:
    """A list of volumes ends with its last page; filters without a value are left out."""
    asked = paged(small_cloud, "volumes", 3)
    iterate("CinderVolumes.list_volumes", small_cloud, search_opts={"status": "available", "name": None})
    first = {"status": "available"}
    assert asked == [first, {**first, "marker": "1", "limit": "2"}, {**first, "marker": "2", "limit": "2"}]


def test_a_limited_list_ends_with_the_page_that_reaches_the_limit(small_cloud: SmallCloud) -> None:
    """With a limit, no more pages are requested than it takes."""
    asked = paged(small_cloud, "volumes", 9)
    iterate("CinderVolumes.list_volumes", small_cloud, limit=3)
    assert asked == [{"limit": "3"}, {"marker": "1", "limit": "2"}]


def test_all_pages_of_images_are_requested(small_cloud: SmallCloud) -> None:
    """A list of images ends with its last page."""
    asked = paged(small_cloud, "images", 2)
    iterate("GlanceImages.list_images", small_cloud)
    assert asked == [{"status": "active", "limit": "200"}, {"status": "active", "marker": "1", "limit": "2"}]


def test_an_endless_list_ends_at_the_limit_of_pages(small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list whose pages never end is an error that names the setting."""
    monkeypatch.setenv("RALLYCROSS_LIST_PAGES", "5")
    paged(small_cloud, "volumes", 10**9)
    with pytest.raises(BadAnswer, match=r"has more than 5 pages \(RALLYCROSS_LIST_PAGES\)"):
        iterate("CinderVolumes.list_volumes", small_cloud)
