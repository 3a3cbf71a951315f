"""Stores a verification request: in the results database without its secrets, which are in a file of this machine."""

import json
from pathlib import Path

from rallycross.errors import RallycrossError
from rallycross.masking import HIDDEN
from rallycross.owner_only import write_owner_only
from rallycross.results.store import Store
from rallycross.secret import shown
from rallycross.settings import Settings
from rallycross.verification.verify import VerificationRequest


def begin(store: Store, uuid: str, cloud: str, request: VerificationRequest, *, paths: Settings) -> None:
    """Begin a verification; secrets in its request are kept out of the results database."""
    keep_secrets(uuid, request, paths=paths)
    data = request.data()
    data["options"], data["source"] = shown(dict(request.options)), shown(data["source"])
    store.verifications.begin(uuid, cloud=cloud, chosen=request.choice.title, request=data)


def keep_secrets(uuid: str, request: VerificationRequest, *, paths: Settings) -> None:
    """Store the secrets of a request for the process that runs it on this machine."""
    options = {name: value for name, value in request.options.items() if shown({name: value}) != {name: value}}
    source = request.source.data()
    if options or shown(source) != source:
        write_owner_only(_file(uuid, paths), json.dumps({"options": options, "source": source}))


def forget_secrets(uuid: str, *, paths: Settings) -> None:
    """Delete the secrets of a verification, if it has any."""
    _file(uuid, paths).unlink(missing_ok=True)


def request_of(store: Store, uuid: str, *, paths: Settings) -> VerificationRequest:
    """Return the request of a verification with its secrets. Raises `RallycrossError` if this machine lacks them."""
    row = store.verifications.find(uuid)
    options, source = row.request["options"], row.request["source"]
    secret = [name for name, value in options.items() if HIDDEN in value]
    secret += ["the package"] if HIDDEN in json.dumps(source) else []
    if not secret:
        return VerificationRequest.of(row.request)
    file = _file(row.uuid, paths)
    if not file.exists():
        raise RallycrossError(
            f"verification {row.uuid}: the values of {', '.join(secret)} are secret, and {file} does not exist"
            " - begin a new verification with these options"
        )
    kept = json.loads(file.read_text())
    return VerificationRequest.of({**row.request, "options": {**options, **kept["options"]}, "source": kept["source"]})


def _file(uuid: str, paths: Settings) -> Path:
    return paths.verifiers / "secrets" / f"{uuid}.json"
