"""Suggesting template arguments for an image and a flavor that the cloud does not have."""

import json
import shlex

import pytest
from example_task import ALL, TASK

from rallycross import catalogue
from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.task import check, load


def test_a_template_is_told_how_to_be_filled() -> None:
    """The error suggests template arguments: the smallest image and flavor that fit."""
    source = '{% set image = image or "cirros" %}\n{% set flavor = flavor or "m1.nano" %}\n---\n' + TASK.replace(
        "name: cirros", "name: {{ image }}"
    ).replace("name: m1.nano", "name: {{ flavor }}")
    known = catalogue.known()
    images = (
        NamedResource("1", "debian", {"size": 10**9}),
        NamedResource("2", "it's tiny", {"size": 10**6, "min_ram": 64, "min_disk": 1}),
        NamedResource("3", "a", {"size": 10, "status": "queued"}),
    )
    flavors = (
        NamedResource("1", "m1.large", {"ram": 4096, "disk": 20}),
        NamedResource("2", "m0", {"ram": 32, "disk": 0}),
        NamedResource("3", "m1.tiny", {"ram": 512, "disk": 1}),
    )
    facts = CloudFacts("C", ALL, {"image": images, "flavor": flavors})
    told = [str(complaint) for complaint in check(load(source, file="t.yaml", known=known), facts, known)]
    words = [shlex.split(one.split("--task-args ")[1])[0] for one in told if "--task-args" in one]
    assert [json.loads(word) for word in words] == [{"image": "it's tiny", "flavor": "m1.tiny"}] * 2
    filled = load(source, args=json.loads(words[0]), file="t.yaml", known=known)
    assert not [one for one in check(filled, facts, known) if ".image:" in str(one) or "flavor" in str(one)]


@pytest.mark.parametrize(
    ("head", "names", "filled"),
    [
        (
            '{% set image_name = image_name or "^cirros$" %}{% set flavor_name = flavor_name or "m1.nano" %}',
            "_name",
            True,
        ),
        ('{% set image_name = "^cirros$" %}{% set flavor_name = "m1.nano" %}', "_name", False),
        ("{%- set image = image|default('cirros') -%}{% set flavor = flavor|default('m1.nano') %}", "", True),
    ],
)
def test_variables_are_called_as_rallys_samples_call_them(head: str, names: str, *, filled: bool) -> None:
    """`image_name` and `flavor_name` are suggested like `image` and `flavor`; fixed values are not."""
    source = f"{head}\n" + TASK.replace("name: cirros", f"name: {{{{ image{names} }}}}").replace(
        "name: m1.nano", f"name: {{{{flavor{names}}}}}"
    )
    known = catalogue.known()
    facts = CloudFacts(
        "C", ALL, {"image": (NamedResource("1", "tiny"),), "flavor": (NamedResource("2", "m0", {"ram": 512}),)}
    )
    task = load(source, file="t.yaml", known=known)
    told = "\n".join(str(one) for one in check(task, facts, known))
    expected = json.dumps({f"image{names}": "tiny", f"flavor{names}": "m0"})
    assert (f"--task-args '{expected}'" in told) is filled
    assert ("`Task arguments` in Airflow's form" in told) is filled
