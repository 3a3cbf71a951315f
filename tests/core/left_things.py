"""What dead runs have left in a small cloud, beside what is not theirs: for all that find leftovers by name."""

from small_cloud import SmallCloud

from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

ALIVE = "a11feed0-0000-4000-8000-000000000000"  # a run of this checkout
LEFT = {
    "servers": ["s_rally_DeadBeef_aaaaaaaa", "s_rally_DeadBeef_bbbbbbbb-2"],
    "networks": ["c_rally_0badcafe_aaaaaaaa"],
    "volumes": ["s_rally_DeadBeef_cccccccc"],
    "users": ["c_rally_0badcafe_cccccccc"],
    "projects": ["c_rally_0badcafe_bbbbbbbb"],
}
STAYS = {
    "servers": ["mine", "s_rally_a11feed0_aaaaaaaa", "s_rally_DeadBeef", "xs_rally_DeadBeef_aaaaaaaa", "s_rally_x_y"],
    "networks": ["s_rally_DeadBeef_aaaaaaaa's neighbour"],
    "projects": ["c_rally_a11feed0_bbbbbbbb"],
}
EVERYTHING = {kind: {*LEFT.get(kind, ()), *STAYS.get(kind, ())} for kind in {*LEFT, *STAYS}}
WHAT_STAYS = {kind: set(STAYS.get(kind, ())) for kind in EVERYTHING}
_OWNERS = {"servers": "tenant_id", "volumes": "os-vol-tenant-attr:tenant_id"}


def fill(cloud: SmallCloud, store: Store) -> None:
    """Fill a cloud with all of it; begin the run that is alive."""
    task = Task("t", (Subtask("s", (Workload(0, "A.b", {}, "serial", {}, {}, {}),)),))
    store.workloads.begin(store.tasks.begin(ALIVE, cloud="small", task=task, environment={})[0])
    for collection in EVERYTHING:
        things = cloud.things.setdefault(collection, {})
        for name in (*LEFT.get(collection, ()), *STAYS.get(collection, ())):
            key = f"id of {name}"
            things[key] = {
                "id": key,
                "name": name,
                _OWNERS.get(collection, "project_id"): "id of c_rally_0badcafe_bbbbbbbb",
            }
            things[key] |= {"made": 0.0} if collection in _OWNERS else {}  # long ago
            things[key] |= {"created": "2026-01-01T00:00:00Z"} if collection == "servers" else {}
            things[key] |= {"domain_id": "default", "password": "p"} if collection == "users" else {}
    for collection in ("servers", "networks"):
        for name in STAYS[collection]:
            cloud.things[collection][f"id of {name}"][_OWNERS.get(collection, "project_id")] = "somebody"


def names(cloud: SmallCloud) -> dict[str, set[str]]:
    """Return what is in the cloud."""
    return {kind: {one["name"] for one in cloud.things[kind].values()} for kind in EVERYTHING}
