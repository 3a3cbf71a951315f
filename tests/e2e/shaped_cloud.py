"""A reverse proxy before a real cloud that gives it another shape: TLS, path prefixes, old names, regions, interfaces.

Real HTTP on loopback. What the catalog says is rewritten, and addresses in all other answers.
"""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rallycross.cloud.cloud import Cloud

_NOWHERE = "http://127.0.0.1:9"  # where nothing answers
_HOP_BY_HOP = {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Shape:
    """What is different."""

    tls: bool = False
    only_internal: bool = False  # public endpoints lead nowhere
    types: dict[str, str] = field(default_factory=dict)  # type in the catalog -> another name of it
    identity: str = ""  # the path of the identity endpoint in the catalog, where it is not the true one
    second_region: str = ""  # another region, whose endpoints lead nowhere


class ShapedCloud:
    """The proxy. Each service is below a prefix of its own."""

    def __init__(self, cloud: Cloud, shape: Shape, folder: Path) -> None:
        self.shape, self._cloud = shape, cloud
        self.authority = folder / "ca.pem"
        self._tls = _tls(folder) if shape.tls else None
        catalog = cloud.connect().service_catalog
        self._upstream: dict[str, str] = {
            str(service["type"]): _root(str(service["endpoints"][0]["url"])) for service in catalog
        }
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def entry(self) -> dict[str, Any]:
        """The entry of a clouds.yaml by which the cloud's administrator signs in through here."""
        config = self._cloud.config
        entry = {**config, "auth": {**config["auth"], "auth_url": f"{self.url}/identity/v3"}}
        if self.shape.tls:
            entry["cacert"] = str(self.authority)
        if self.shape.only_internal:
            entry["interface"] = "internal"
        return entry

    def admits(self, request: web.Request, headers: dict[str, str]) -> bool:  # noqa: ARG002 - for others to say
        """Say whether a request is passed on; its headers may be changed."""
        return True

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{service}{path:.*}", self._pass_on)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start())
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        self._http = self._loop.run_until_complete(_session())
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._http.close())
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        service = request.match_info["service"]
        if service not in self._upstream:
            return web.Response(status=404)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        if not self.admits(request, headers):
            return web.Response(status=401)
        async with self._http.request(
            request.method,
            self._upstream[service] + request.raw_path.removeprefix(f"/{service}"),
            data=await request.read() or None,
            headers=headers,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        if "json" in answer.headers.get("Content-Type", ""):
            body = self._reshaped(body, request.path)
        if "Location" in kept:
            kept["Location"] = self._through(kept["Location"])
        return web.Response(status=answer.status, body=body, headers=kept)

    def _reshaped(self, body: bytes, path: str) -> bytes:
        if path.endswith("/auth/tokens") and body:
            data = json.loads(body)
            if "catalog" in data.get("token", {}):
                data["token"]["catalog"] = [self._service(service) for service in data["token"]["catalog"]]
            body = json.dumps(data).encode()
        return self._through(body.decode()).encode()

    def _through(self, text: str) -> str:
        for service, root in self._upstream.items():
            text = text.replace(root, f"{self.url}/{service}")
        return text

    def _service(self, service: dict[str, Any]) -> dict[str, Any]:
        endpoints = []
        for endpoint in service["endpoints"]:
            url = endpoint["url"]
            if service["type"] == "identity" and self.shape.identity:
                url = _root(url) + self.shape.identity
            dead = self.shape.only_internal and endpoint["interface"] == "public"
            endpoints.append({**endpoint, "url": _NOWHERE if dead else url})
            if self.shape.second_region:
                other = {"region": self.shape.second_region, "region_id": self.shape.second_region}
                endpoints.append({**endpoint, **other, "id": f"{endpoint['id'][:-1]}x", "url": _NOWHERE})
        # The other region goes first, so that one who takes the first is found out.
        endpoints.sort(key=lambda one: one["region"] != self.shape.second_region)
        return {**service, "type": self.shape.types.get(service["type"], service["type"]), "endpoints": endpoints}


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _tls(folder: Path) -> ssl.SSLContext:
    """Make an authority that nobody knows, and a certificate that it has signed."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    authority = (
        _certificate(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        _certificate(own, issuer, key)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )
