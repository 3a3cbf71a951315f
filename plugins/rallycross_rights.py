"""Who may see the pages, and change what they show: by the rights on the runs of Rallycross's DAGs."""

from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel, DagTag
from airflow.utils.session import create_session
from fastapi import HTTPException
from sqlalchemy import select

TAG = "rallycross"  # all DAGs of Rallycross have it


def may_read(user: GetUserDep) -> None:
    """Require the right to read the runs of all DAGs of Rallycross: the results of all are on one page."""
    _require("GET", user, "you may not read the runs of all DAGs of Rallycross - ask an administrator of Airflow")


def may_change(user: GetUserDep) -> None:
    """Require the right to trigger all DAGs of Rallycross."""
    _require("POST", user, "you may not trigger the DAGs of Rallycross - ask an administrator of Airflow")


def _require(method: Any, user: Any, refusal: str) -> None:
    with create_session() as session:
        dags = list(session.scalars(select(DagTag.dag_id).where(DagTag.name == TAG)))
    details = [DagDetails(id=dag, team_name=DagModel.get_team_name(dag)) for dag in dags] or [DagDetails()]
    requests: Any = [{"method": method, "access_entity": DagAccessEntity.RUN, "details": one} for one in details]
    if not get_auth_manager().batch_is_authorized_dag(requests, user=user):
        raise HTTPException(403, refusal)
