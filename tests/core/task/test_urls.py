"""Checking the URLs of a task file before the load."""

import json

import pytest

from rallycross import catalogue
from rallycross.errors import InvalidInput
from rallycross.task import load
from rallycross.task.checks import check_files


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("example.org/path", "not a URL that begins with http"),
        ("ftp://example.org", "not a URL that begins with http"),
        ("http://", "a URL without a host"),
        ("http://example.org:99999/", "not a URL (Port out of range"),
        ("http://[::1/", "not a URL (Invalid IPv6 URL"),
        ("http://exa mple.org/", "not a URL: it contains a blank"),
    ],
)
def test_urls_are_looked_at_before_the_load(url: str, said: str) -> None:
    """Invalid URLs of requests and images are reported before the load."""
    one = {"url": url, "method": "GET"}
    for text in (
        {"HttpRequests.check_request": [{"args": {**one, "status_code": 200}}]},
        {
            "HttpRequests.check_random_request": [
                {"args": {"requests": [{"url": url, "method": "GET"}], "status_code": 200}}
            ]
        },
    ):
        with pytest.raises(InvalidInput) as caught:
            load(json.dumps(text), file="t.yaml", known=catalogue.known())
        assert said in str(caught.value)
    if url.startswith("http"):
        args = {"container_format": "bare", "disk_format": "raw", "image_location": url}
        task = load(
            json.dumps({"GlanceImages.create_and_delete_image": [{"args": args}]}),
            file="t.yaml",
            known=catalogue.known(),
        )
        [complaint] = check_files(task, catalogue.known())
        assert said in str(complaint)
