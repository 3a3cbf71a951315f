"""Requests to any HTTP server. The options are those of Python's `requests`, as Rally's task files have them."""

import random
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypedDict, Unpack
from urllib.parse import urlsplit

import aiohttp

from rallycross.cloud.web import proxy_of, tls_of, whole
from rallycross.load.iteration import Iteration
from rallycross.scenario.arguments import Argument, Seconds, schema_of
from rallycross.scenario.scenario import scenario
from rallycross.settings import settings
from rallycross.task.flaw import Flaw
from rallycross.task.url import url_problem

_proxy, _tls = cache(proxy_of), cache(tls_of)  # asked once, since each request would pay for it

Status = Annotated[int, Argument({"type": "integer", "minimum": 100, "maximum": 599})]
Pair = Annotated[list[str], Argument({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2})]


class RequestOptions(TypedDict, total=False):
    """Options of a request other than its URL."""

    params: dict[str, Any]
    headers: dict[str, str]
    cookies: dict[str, str]
    data: str | dict[str, Any]  # a mapping is sent as a form
    json: Any
    auth: Pair  # user and password
    timeout: Seconds | None  # until the whole answer has arrived
    allow_redirects: bool
    proxies: dict[str, str]  # by the scheme of the URL
    verify: bool | str  # whether to check certificates, or a file of CA certificates
    cert: str | Pair  # the client certificate: one file with certificate and key, or two files


class _Expecting(RequestOptions, total=False):
    status_code: Status  # expected; default: the one for all requests


class HttpRequest(_Expecting):
    """A whole request."""

    url: str
    method: str


Requests = Annotated[list[HttpRequest], Argument({"type": "array", "minItems": 1, "items": schema_of(HttpRequest)})]


def _no_url(args: Mapping[str, Any]) -> Iterator[Flaw]:
    if what := url_problem(args["url"]):
        yield Flaw(("url",), f"'{args['url']}' is {what}", "write a complete URL, such as http://example.org/path")


def _no_urls(args: Mapping[str, Any]) -> Iterator[Flaw]:
    for number, request in enumerate(args["requests"]):
        for flaw in _no_url(request):
            yield Flaw(("requests", number, *flaw.path), flaw.what, flaw.remedy)


@scenario("HttpRequests.check_request", strict=True, contradictions=_no_url)
async def check_request(
    iteration: Iteration, url: str, method: str, status_code: Status, **options: Unpack[RequestOptions]
) -> None:
    """Send a request, and check the status of the answer."""
    await _check(iteration, url, method, status_code, options)


@scenario("HttpRequests.check_random_request", contradictions=_no_urls)
async def check_random_request(iteration: Iteration, requests: Requests, status_code: Status) -> None:
    """Send one of several requests, and check the status of the answer: the request's own, or the one for all."""
    options: dict[str, Any] = {**random.choice(requests)}  # noqa: S311 - no secret
    expected = options.pop("status_code", status_code)
    await _check(iteration, options.pop("url"), options.pop("method"), expected, options)


async def _check(
    iteration: Iteration, url: str, method: str, expected: int, options: RequestOptions | dict[str, Any]
) -> None:
    with iteration.action("requests.check_request"):
        async with iteration.http.request(method.upper(), url, **_for_aiohttp(url, options)) as answer:
            if await whole(answer, most := _most_bytes()) is None:
                raise ValueError(f"{method} {url}: the answer has more than {most} bytes (RALLYCROSS_ANSWER_LIMIT)")
        if answer.status != expected:
            raise ValueError(f"{method} {url}: answered {answer.status}, expected {expected}")


@cache
def _most_bytes() -> int:
    return settings().answer_limit


def _for_aiohttp(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a request under aiohttp's names."""
    given: dict[str, Any] = {key: options[key] for key in ("headers", "cookies", "data", "json") if key in options}
    given["allow_redirects"] = options.get("allow_redirects", True)
    if isinstance(given.get("data"), Mapping):
        given["data"] = aiohttp.FormData(_texts(given["data"]))
    if options.get("params"):
        given["params"] = _texts(options["params"])
    if options.get("auth"):
        given["headers"] = {"Authorization": aiohttp.encode_basic_auth(*options["auth"]), **given.get("headers", {})}
    if options.get("timeout") is not None:
        given["timeout"] = aiohttp.ClientTimeout(total=options["timeout"])
    scheme, server = urlsplit(url)[:2]
    if proxy := options.get("proxies", {}).get(scheme) or _proxy(scheme, server):
        given["proxy"] = proxy
    certificate = options.get("cert")
    if "verify" in options or certificate:
        files = (certificate,) if isinstance(certificate, str) else tuple(certificate or ())
        verify = options.get("verify", True)
        authorities = verify if isinstance(verify, str) else None
        given["ssl"] = _tls(files, verify=verify is not False, authorities=authorities)
    return given


def _texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (name, text) pairs: one for each item of a list, and none for null."""
    pairs = ((name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value]))
    return [(name, str(value)) for name, value in pairs if value is not None]
