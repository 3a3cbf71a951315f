"""Users of the API server's application that the tests run in their own process."""


def token(role: str) -> dict[str, str]:
    """Return the header of a user with this role."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - slow
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - slow

    made = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="someone", role=role))
    return {"Authorization": f"Bearer {made}"}
