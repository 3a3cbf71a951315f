"""An OpenStack service is one module on each side: an added toy service is known everywhere."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from small_cloud import SmallCloud

# What a contributor writes: `cloud/services/toy.py`, and `deployment/embedded/services/toy.py`.
DESCRIPTOR = '''
"""toy: toys."""

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Resource, quotas_of
from rallycross.cloud.service import Fact, ServiceQuotas, Service, TempestService, describe


def _toys(api):
    return [NamedResource(one["id"], one["name"]) for one in api.list("toy-keeping", "/toys", "toys")]


TOYS = Resource("toy.toys", "project", "toy-keeping", "/toys", one="toy", at_once=True)
QUOTAS = Resource("toy.quotas", "quota", "toy-keeping", "/os-quota-sets", at_once=True, look=quotas_of)

describe(
    Service(
        "toy",
        "toy-keeping",
        version="v1",
        microversion="toys",
        order=150,
        resources=(TOYS, QUOTAS),
        facts={"toy": Fact(_toys)},
        quotas=ServiceQuotas(QUOTAS, key="quota_set", defaults="defaults", names=("toys",)),
        tempest=TempestService("toy", "toys"),
    )
)
'''
PART = '''
"""toy: toys, kept in a database."""

from rallycross.deployment.embedded.service import (
    Content,
    RequiredList,
    OpenStackService,
    Deployable,
    api,
    conf,
    offer,
    token_check,
)


def service(layout):
    """Return toy."""
    folder = layout.path("etc", "toy")
    return OpenStackService(
        name="toy",
        type="toy-keeping",
        endpoint=f"{layout.url('toy')}/v1",
        databases=("toy",),
        files={f"{folder}/toy.conf": conf({"keystone_authtoken": token_check(layout, "toy")})},
        schema=f"{layout.bin('toy-manage')} --config-file {folder}/toy.conf db sync",
        programs=(api(layout, "toy", "toy.wsgi:application", {"OS_TOY_CONFIG_DIR": folder}),),
        shipped=("api-paste.ini",),
        folders=("toy",),
        contents=(Content("/toys", {"name": "bear"}, "toy"),),
        reporting=("toy-keeper",),
        ready=(RequiredList("/toys", "toys", names=("bear",), called="the toy"),),
        settle="toy-manage settle\\n",
    )


offer(Deployable("toy", service, needs=("nova",)))
'''
# Run by a process of its own, which finds modules in the folders that it is given, and tells what is known of a toy.
ASKED = """
import json, sys
from pathlib import PurePath

cloud_side, embedded_side, url = sys.argv[1:]
import rallycross.cloud.services as services
import rallycross.deployment.embedded.services as parts
if cloud_side:
    services.__path__.append(cloud_side)
    parts.__path__.append(embedded_side)

from small_cloud import ADMIN
from rallycross import catalogue
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.inventory import facts
from rallycross.cloud.resource import Place
from rallycross.cloud.service import OF_USERS, chosen, microversion_header, resources
from rallycross.deployment.embedded.layout import SECRETS, EmbeddedOptions, Layout
from rallycross.deployment.embedded.options import OPTIONS, PORTS, with_needs
from rallycross.deployment.embedded.plan import steps
from rallycross.leftovers.draining import empty, sweep
from rallycross.verification.configuration import configure
from rallycross.verification.facts import Admin, Endpoint, Facts, Keystone
from rallycross.verification.cleanup import clean

cloud = Cloud("small", {"auth": {"auth_url": f"{url}/identity/v3", **ADMIN}, "region_name": "R"})
api = Api(cloud.connect())
place = Place(api, admin=True, project="admin-project")
path = "/toys" if cloud_side else "/v1/toys"  # the catalog names no version
there = lambda: sorted(one["name"] for one in api.list("toy-keeping", path, "toys"))
said = {"order": [name for name in resources() if name.startswith(("nova.servers", "toy.", "neutron.port"))]}
said["chosen"] = [one.name for one in chosen(["toy"], OF_USERS)]
known = catalogue.known().contexts
said["refused"] = {
    name: [str(flaw) for flaw in known[name].validate(config)]
    for name, config in {
        "quotas": {"toy": {"toys": 3}}, "cleanup": ["toy.toys"], "api_versions": {"toy": {"version": 1.7}}
    }.items()
}
found = facts(cloud, {"toy", "toy_quota"}).things
said["facts"] = {kind: sorted(one.name for one in things) for kind, things in found.items()}
said["header"] = microversion_header("toy-keeping", "1.7")
said["there"] = [there()]
sweep("s_rally_1_", list(resources().values()), [place])
said["there"].append(there())
said["left"] = clean(cloud.connect(), "tempest-1").remaining
said["there"].append(there())
empty([place])
said["there"].append(there())
told = Facts(Keystone("http://k/v3"), frozenset({"toy-keeping"}), endpoints={"toy-keeping": Endpoint("toy-keeping")})
conf = configure(told, Admin("d", "d", "p", "u", "s"), folder=PurePath("/x"), prefix="p")
said["tempest"] = {option.key: option.value for option in conf.options if "toy" in option.key}

options = EmbeddedOptions.of({name: option.default for name, option in OPTIONS.items()})
ports = {name: 20001 + number for number, name in enumerate(PORTS)}
layout = Layout("one", "/srv/one", ports, {name: name for name in SECRETS}, options, machine={})
made = {step.name: step for step in steps(layout)}
files = {path: text for step in made.values() for path, text in step.files.items()}
contents = json.loads(files["/srv/one/etc/contents.json"])
said["needs"] = with_needs(["toy"]) if "toy" in options.services else []
said["steps"] = [name for name in made if "toy" in name or "toy" in made[name].script]
said["files"] = [path for path, text in files.items() if "toy" in text]
said["contents"] = [one for one in contents["services"] if one["type"] == "toy-keeping"]
said["users"] = [user["name"] for user in contents["users"] if user["name"] == "toy"]
print(json.dumps(said))
"""


class ToyCloud(SmallCloud):
    """A small cloud with a further service."""

    def __init__(self) -> None:
        super().__init__()
        names = ("s_rally_1_a", "tempest-1-b", "mine")
        self.things["toys"] = {name: {"id": name, "name": name, "project_id": "admin-project"} for name in names}

    async def _act(self, request: web.Request, service: str, path: str, project: str) -> web.Response:
        if path.endswith("/defaults"):
            return web.json_response({"quota_set": {"toys": 10}})
        return await super()._act(request, service, path, project)


def asked(folder: Path | None) -> dict[str, Any]:
    """Return what is known of the toy, with its two modules in a folder, or without them."""
    with ToyCloud() as small:
        small.catalog = [
            {"type": kind, "name": kind, "endpoints": [{"interface": "public", "region_id": "R", "url": url}]}
            for kind, url in {
                "identity": f"{small.url}/identity/v3",
                "compute": f"{small.url}/compute/v2.1",
                "toy-keeping": f"{small.url}/toy-keeping",
            }.items()
        ]
        folders = [str(folder / side) if folder else "" for side in ("cloud", "embedded")]
        done = subprocess.run(
            [sys.executable, "-c", ASKED, *folders, small.url],
            env={"PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_two_modules_make_a_service_known_everywhere(tmp_path: Path) -> None:
    """The service can be chosen, limited, cleaned, verified, and planned by the embedded engine."""
    for side, text in (("cloud", DESCRIPTOR), ("embedded", PART)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "__init__.py").write_text("")
        (tmp_path / side / "toy.py").write_text(text)
    said = asked(tmp_path)
    assert said["order"] == ["nova.servers", "toy.toys", "toy.quotas", "neutron.port"]
    assert said["chosen"] == ["toy.toys"]
    assert said["refused"] == {"quotas": [], "cleanup": [], "api_versions": []}
    assert said["facts"] == {"toy": ["mine", "s_rally_1_a", "tempest-1-b"], "toy_quota": ["toys"]}
    assert said["header"] == {"OpenStack-API-Version": "toys 1.7"}
    assert said["there"] == [["mine", "s_rally_1_a", "tempest-1-b"], ["mine", "tempest-1-b"], ["mine"], []]
    assert said["left"] == []
    assert said["tempest"] == {
        "service_available.toy": "true",
        "toys.catalog_type": "toy-keeping",
        "toys.endpoint_type": "publicURL",
    }
    assert said["needs"] == ["keystone", "glance", "neutron", "placement", "nova", "toy"]
    assert {"schema of toy", "configuration", "services", "contents"} <= set(said["steps"])
    files = {f"/srv/one/etc/{name}" for name in ("toy/toy.conf", "mariadb.sql", "supervisord.conf")}
    assert files <= set(said["files"])
    assert [one["contents"][0]["body"] for one in said["contents"]] == [{"name": "bear"}]
    assert said["users"] == ["toy"]


def test_without_its_modules_nothing_knows_of_it() -> None:
    """Without the modules its resources are left alone, and task files that name it are refused."""
    said = asked(None)
    assert said["order"] == ["nova.servers", "neutron.port"]
    assert all(said["refused"][name] for name in ("quotas", "cleanup"))
    assert said["there"] == [["mine", "s_rally_1_a", "tempest-1-b"]] * 4
    empty = ("chosen", "facts", "tempest", "needs", "steps", "files", "contents", "users")
    assert [name for name in empty if said[name]] == []
