"""The steps of a compute node: an environment with only what runs there, its programs, and a supervisor for them."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.parts import (
    VENV,
    bound,
    driver_files,
    environment,
    keeper,
    link_drivers,
    lock,
    on_host_files,
    stop_script,
    supervisor,
    up,
)
from rallycross.deployment.embedded.service import DEPLOYABLE
from rallycross.deployment.embedded.supervision import supervisor_file
from rallycross.deployment.step import Step

_INSTALL = (
    "uv pip install --quiet --compile-bytecode --python venv/bin/python --constraint etc/requirements.txt"
    " supervisor setuptools"
)


def compute_steps(layout: Layout) -> list[Step]:
    """Return the steps of one compute node; its start is an `always` step, and needs the controller's services."""
    of_services = [
        part.on_computes(layout) for name in layout.options.services if (part := DEPLOYABLE[name]) and part.on_computes
    ]
    files = {path: text for one in of_services for path, text in one.files.items()} | driver_files(layout)
    own = [bound(program, files) for one in of_services for program in one.programs]
    programs = [*own, keeper(layout, (), own)]
    folders = " ".join(folder for one in of_services for folder in one.folders)
    packages = " ".join(one.package for one in of_services)
    here = f"on {layout.host}"
    return [
        Step(
            f"environment {here}",
            environment(layout, f"{_INSTALL} {packages}"),
            hosts=(layout.host,),
            files=lock(layout),
            title=f"{packages} from PyPI {here}",
            leaves=VENV,
        ),
        Step(
            f"configuration {here}",
            f"cd {layout.root}\nmkdir -p log lock home {folders}\n{link_drivers(layout)}",
            hosts=(layout.host,),
            needs=(f"environment {here}",),
            files={
                **files,
                layout.path("etc", "supervisord.conf"): supervisor_file(layout, programs),
                **on_host_files(layout),
            },
            title=f"Configuration {here}",
        ),
        Step(
            f"compute {here}",
            supervisor(layout) + up(layout, tuple(programs)),
            hosts=(layout.host,),
            needs=("services", f"configuration {here}"),
            title=f"nova-compute {here}",
            always=True,
            undo=stop_script(layout.root),
        ),
    ]
