"""placement: what is free on which host."""

from collections.abc import Mapping
from functools import partial

from rallycross.cloud.naming import custom_trait, name_of_trait
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import Service, TempestService, describe

_resource = partial(Resource, scope="cloud", service="placement", at_once=True)


def _look_for_traits(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List the custom traits, each with the name that it was made of."""
    del narrowed  # the names of traits are others
    wanted = {"name": f"startswith:{custom_trait('')}"}
    traits = place.api.get(resource.service, resource.path, wanted, resource.microversion)["traits"]
    return [{"id": trait, "name": name_of_trait(trait)} for trait in traits]


describe(
    Service(
        "placement",
        "placement",
        microversion="placement",
        resources=(
            _resource(
                "placement.resource_providers",
                path="/resource_providers",
                id="uuid",
                microversion="1.20",
            ),
            # After the resource providers, which have them.
            _resource("placement.traits", path="/traits", microversion="1.6", look=_look_for_traits),
        ),
        tempest=TempestService(section="placement", endpoint_suffix=""),
    )
)
