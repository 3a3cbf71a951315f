"""Deploys a cloud from a cloud spec, and registers it, so that later stages and runs can name it."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from operators.stage import own_reference, tells_why


class DeployOperator(BaseOperator):
    """Makes the cloud of `cloud_spec` stand; one that stands already is taken as it is.

    `cloud_spec`: path of a cloud spec (relative to the checkout), or its YAML.
    Returns `{"deployment": uuid, "cloud": name}`.
    """

    template_fields = ("cloud_spec",)
    # The path ends in .yaml: without this, Airflow would take it for a template file of its own.
    template_ext = ()

    def __init__(self, *, cloud_spec: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec

    @tells_why
    def execute(self, context: Context) -> dict[str, str]:
        """Deploy, telling the results database of every step."""
        from hooks.results import store as open_store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import deployment  # noqa: PLC0415
        from rallycross.cloud import registered  # noqa: PLC0415
        from rallycross.deployment.step import StepEvent  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.yamlfile import source  # noqa: PLC0415

        text, file = source(self.cloud_spec)
        spec = deployment.load_spec(text, file=file)
        uuid, store, paths = own_reference(context, "deploy"), open_store(), settings()
        root = str(paths.clouds / spec.name)

        def begin(total: int) -> None:
            store.begin_deployment(uuid, cloud=spec.name, engine=spec.engine, spec=text, total_steps=total)

        def tell(event: StepEvent) -> None:
            if event.total not in totals:  # the engine counts its steps when it has planned them
                totals.add(event.total)
                begin(event.total)
            store.record_step(uuid, event)
            self.log.info("%s %s %s", event.status, event.title or event.name, event.error)

        totals = {0}
        begin(0)
        registered.keep_spec(paths, spec.name, text)
        try:
            deployed = deployment.deploy(spec, deployment.LocalHost(), root=root, tell=tell)
        except BaseException as error:  # a time-out of Airflow's is no Exception
            store.end_deployment(uuid, status="failed", error=f"{error or type(error).__name__}")
            raise
        store.register_cloud(
            deployed.cloud_name,
            clouds_yaml=str(registered.keep(paths, deployed.cloud_name, deployed.clouds_yaml_text)),
            spec=text,
            engine=spec.engine,
            root=root,
            deployment=uuid,
            environment=deployed.environment,
        )
        store.end_deployment(uuid, status="finished")
        return {"deployment": uuid, "cloud": deployed.cloud_name}
