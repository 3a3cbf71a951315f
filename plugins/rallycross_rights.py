"""Who may see the pages, and change what they show: by the rights on the runs of Rallycross's DAGs."""

from typing import Any
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel, DagTag
from airflow.utils.session import create_session
from fastapi import HTTPException, Request
from sqlalchemy import select

TAG = "rallycross"  # all DAGs of Rallycross have it


def may_read(user: GetUserDep) -> None:
    """Require the right to read the runs of all DAGs of Rallycross: the results of all are on one page."""
    _require("GET", user, "you may not read the runs of all DAGs of Rallycross - ask an administrator of Airflow")


def may_change(user: GetUserDep) -> None:
    """Require the right to trigger all DAGs of Rallycross."""
    _require("POST", user, "you may not trigger the DAGs of Rallycross - ask an administrator of Airflow")


def can_change(user: Any) -> bool:
    """Tell whether `may_change` lets a user pass."""
    return _has("POST", user)


def same_site(request: Request) -> None:
    """Refuse a form that another site has sent: a browser adds the user's cookie to it."""
    host = urlsplit(request.headers.get("origin", "")).netloc
    from_elsewhere = request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
    if from_elsewhere or (host and host != request.headers.get("host")):
        raise HTTPException(403, "the form was sent by another site - send it from the page in Airflow")


def _require(method: Any, user: Any, refusal: str) -> None:
    if not _has(method, user):
        raise HTTPException(403, refusal)


def _has(method: Any, user: Any) -> bool:
    with create_session() as session:
        dags = list(session.scalars(select(DagTag.dag_id).where(DagTag.name == TAG)))
    details = [DagDetails(id=dag, team_name=DagModel.get_team_name(dag)) for dag in dags] or [DagDetails()]
    requests: Any = [{"method": method, "access_entity": DagAccessEntity.RUN, "details": one} for one in details]
    return get_auth_manager().batch_is_authorized_dag(requests, user=user)
