"""An auth_url at which another service answers."""

import pytest
from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException
from small_cloud import ADMIN, SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import SignInFailed


@pytest.mark.parametrize("path", ["/compute/v2.1/servers", "/compute/v2.1/servers/v3", "/identity/v3/users"])
@pytest.mark.parametrize("by", ["sign-in", "connection"])
def test_what_asks_for_a_token_is_no_keystone(path: str, by: str) -> None:
    """A service that asks for a token during sign-in is not asked endlessly; the error says that it is not keystone."""
    with SmallCloud() as small:
        url = small.url + path
        cloud = Cloud("small", {"auth": {**ADMIN, "auth_url": url}, "region_name": "R"})
        with pytest.raises((SignInFailed, SDKException, ClientException)) as caught:
            SignIn(cloud)() if by == "sign-in" else cloud.connect().authorize()
        assert len(small.requests) <= 3, small.requests
        assert sum(request.startswith("POST") for request in small.requests) <= 1  # with the password
    if by == "sign-in":
        assert f"cannot sign in at {url}" in str(caught.value)
        assert "keystone's API version 3 is not there: correct its auth_url" in str(caught.value)


def test_the_address_of_tokens_is_shortened() -> None:
    """For an auth_url that ends with `/v3/auth/tokens` the error names the right one."""
    with SmallCloud() as small:
        url = f"{small.url}/identity/v3/auth/tokens/"
        small.refuse["GET identity /auth/tokens"] = 401
        cloud = Cloud("small", {"auth": {**ADMIN, "auth_url": url}, "region_name": "R"})
        with pytest.raises(SignInFailed, match=rf"should be {small.url}/identity/v3$"):
            SignIn(cloud)()
