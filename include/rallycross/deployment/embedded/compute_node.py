"""A compute node as steps: an environment with nova alone, nova-compute, and a supervisor above it."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.parts import (
    VENV,
    bound,
    driver_files,
    drivers_found,
    environment,
    lock,
    on_host_files,
    stop_script,
    supervisor,
    up,
)
from rallycross.deployment.embedded.services.nova import compute_conf, compute_file, compute_programs
from rallycross.deployment.embedded.supervision import supervisor_file
from rallycross.deployment.step import Step

_INSTALL = (
    "uv pip install --quiet --compile-bytecode --python venv/bin/python --constraint etc/requirements.txt"
    " nova supervisor setuptools"
)


def compute_steps(layout: Layout) -> list[Step]:
    """Return the steps of one compute node; the one that starts it is `always`, and needs the controller's services."""
    files = {compute_file(layout): compute_conf(layout), **driver_files(layout)}
    programs = [bound(program, files) for program in compute_programs(layout)]
    here = f"on {layout.host}"
    return [
        Step(
            f"environment {here}",
            environment(layout, _INSTALL),
            hosts=(layout.host,),
            files=lock(layout),
            title=f"nova from PyPI {here}",
            leaves=VENV,
        ),
        Step(
            f"configuration {here}",
            f"cd {layout.root}\nmkdir -p log lock home nova\n{drivers_found(layout)}",
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
