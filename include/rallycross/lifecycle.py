"""The life of a cloud of this checkout: deployed, registered so that later runs can name it, destroyed, forgotten."""

from rallycross import deployment
from rallycross.cloud import registered
from rallycross.deployment import CloudSpec
from rallycross.deployment.step import StepEvent, Tell
from rallycross.results.store import Store
from rallycross.settings import Settings


def root_of(paths: Settings, name: str) -> str:
    """Return the folder of a cloud on this machine."""
    return str(paths.clouds / name)


def deploy(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> str:
    """Make a cloud stand on this machine, keeping each step in the store as `uuid`; return the cloud's name.

    What an earlier call was cut off at is taken up again. Raises what `deployment.deploy` raises.
    """
    totals = {0}

    def begin(total: int) -> None:
        store.begin_deployment(uuid, cloud=spec.name, engine=spec.engine, spec=spec.text, total_steps=total)

    def record(event: StepEvent) -> None:
        if event.total not in totals:  # the engine counts its steps when it has planned them
            totals.add(event.total)
            begin(event.total)
        store.record_step(uuid, event)
        tell(event)

    begin(0)
    registered.keep_spec(paths, spec.name, spec.text)
    root = root_of(paths, spec.name)
    try:
        deployed = deployment.deploy(spec, deployment.LocalHost(), root=root, tell=record)
    except BaseException as error:  # an interrupt, and a time-out of Airflow's, are no Exception
        store.end_deployment(uuid, status="failed", error=f"{error or type(error).__name__}")
        raise
    store.register_cloud(
        deployed.cloud_name,
        clouds_yaml=str(registered.keep(paths, deployed.cloud_name, deployed.clouds_yaml_text)),
        spec=spec.text,
        engine=spec.engine,
        root=root,
        deployment=uuid,
        environment=deployed.environment,
    )
    store.end_deployment(uuid, status="finished")
    return deployed.cloud_name


def destroy(spec: CloudSpec, store: Store, paths: Settings, *, tell: Tell) -> None:
    """Destroy a cloud, half deployed or whole, and forget its registration; its results stay."""
    deployment.destroy(spec, deployment.LocalHost(), root=root_of(paths, spec.name), tell=tell)
    store.forget_cloud(spec.name)
    registered.forget(paths, spec.name)
