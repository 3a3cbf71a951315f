"""Secrets are masked everywhere, and other values stay."""

import base64
import datetime as dt
import json
import shlex
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross import lifecycle
from rallycross.deployment import load_spec
from rallycross.masking import HIDDEN, masked
from rallycross.secret import is_secret_name, secrets_written_in, shown, shown_text
from rallycross.settings import CHECKOUT

CANARY = "Canary-7Xk9-value"
FERNET = "gAAAAABmZ0" + "aB3_-x" * 12 + "=="
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlLXBhcnQ"
PRIVATE_KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----\n"

_SECRET_NAMES = """
password passphrase secret token user_password adminPass admin_pass OS_PASSWORD PGPASSWORD key_passphrase hmac_key
hmac_keys private_key api_key apiKey apikey secret_key access_key fernet_key Authorization X-Auth-Token X-Subject-Token
Cookie Set-Cookie application_credential_secret identity.admin_password userdata user_data db_passwd sql_pwd token_id
temp_url_sig credentials passcode ipmi_psk webhook_url slack_webhook ssl_key totp.passcode snmp_community
"""
_OTHER_NAMES = """
password_hash_rounds max_tokens token_count password_length token_type secret_type key key_name keypair public_key
sort_key password_file token_expiration tokens_per_second passed bypass compass monkey author authorization_ttl
Authenticate.validate_token KeystoneBasic.authenticate_user_and_validate_token user_id
"""
SECRET_NAMES, OTHER_NAMES = _SECRET_NAMES.split(), _OTHER_NAMES.split()

names = st.sampled_from(SECRET_NAMES)
# Of characters that any of the forms below can carry, and long enough not to be met by chance.
values = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9+._-]{6,20}Zq7", fullmatch=True)
plain = st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.floats(allow_nan=False), st.just("fine"))


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secrets_name_is_known(name: str) -> None:
    """Secret names are recognized in any spelling; their texts and long numbers are masked, except counts."""
    assert is_secret_name(name)
    number = 123456 if name in {"hmac_keys", "credentials"} else HIDDEN
    assert shown({name: CANARY, "n": {name: 123456}}) == {name: HIDDEN, "n": {name: number}}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_what_only_sounds_like_a_secret_is_shown(name: str) -> None:
    """Figures, types, paths and names of secrets are not masked."""
    assert not is_secret_name(name)
    data = {name: 4096, "inside": {name: "bcrypt"}}
    assert shown(data) == data
    assert shown_text(f"{name}=4096 {name}: 4096") == f"{name}=4096 {name}: 4096"


@given(names, values, st.lists(st.sampled_from(["mapping", "list", "yaml", "json", "beside"]), max_size=4), plain)
def test_a_secret_is_hidden_at_any_depth(name: str, value: str, around: list[str], other: Any) -> None:
    """In mappings, lists, and YAML and JSON in texts, nested in any order; other values stay."""
    data: Any = {name: value, "other": other}
    for wrap in around:
        data = {
            "mapping": {"inner": data},
            "list": [data, other],
            "yaml": {"text": yaml.safe_dump(data)},
            "json": {"text": json.dumps(data)},
            "beside": {"data": data, "message": f"it was {value}, was it?"},
        }[wrap]
    assert value not in json.dumps(shown(data))
    assert shown({"a": other, "b": [other]}) == {"a": other, "b": [other]}


@given(st.sampled_from([name for name in SECRET_NAMES if "." not in name]), values)
def test_a_secret_is_hidden_in_a_text(name: str, value: str) -> None:
    """A secret is masked in variables, headers, YAML, JSON, Python literals, URL queries and command lines."""
    option = f"--os-{name.lower()}"
    for text in (
        f"export {name}={value}; run",
        f"{name} = {value}",
        f"{name}: {value}",
        f"before\n  {name}: {value}\nafter",
        json.dumps({"a": 1, name: value}),
        json.dumps(json.dumps({name: value})),
        str({"b": [{name: value}]}),
        f"GET http://cloud/v3/x?limit=1&{name}={value}&marker=2 failed",
        f"openstack {option} {value} server list",
        f"openstack {option}={value} server list",
        f"Command {['openstack', option, value, 'server']} returned non-zero exit status 1",
    ):
        assert value not in shown_text(text), text
        assert value not in json.dumps(shown({"message": text})), text
    assert value not in json.dumps(shown(["openstack", option, value, "server", "list"]))


@given(st.sampled_from(["http", "https", "git+https", "mysql+pymysql", "redis", "rabbit", "ssh"]), values)
def test_the_password_of_a_url_is_hidden(scheme: str, value: str) -> None:
    """The user's name and the address in a URL are not masked."""
    assert shown_text(f"401: {scheme}://me:{value}@c:80/x?y") == f"401: {scheme}://me:***@c:80/x?y"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Basic {CANARY}",
        f"curl -H 'Authorization: Token {CANARY}' http://c",
        f"curl -u me:{CANARY} http://c",
        f"sshpass -p {CANARY} ssh host",
        f"it answered to Bearer {CANARY} with 401",
        f"https://{CANARY}@git.example/x.git",
        PRIVATE_KEY,
        PRIVATE_KEY[:60],
        json.dumps({"text": PRIVATE_KEY}),
        f"password: >-\n  {CANARY}\n  and more",
        f"password:{CANARY}",
        f"Password:{CANARY} User:me",
        f"password=b'{CANARY}'",
        f"export OS_PASSWORD='it'\\''s {CANARY}'",
        f"sent [('Accept', '*'), ('X-Auth-Token', '{CANARY}')]",
        f"sent {{b'X-Subject-Token': b'{CANARY}'}}, and [(b'X-Auth-Token', b'{CANARY}')]",
        f'{{"user": "me", "password": "{CANARY}',
        json.dumps(json.dumps(json.dumps({"password": CANARY}))),
        f"<user><password>{CANARY}</password></user>",
        f"http://c:6080/vnc_auto.html?path=%3Ftoken%3D{CANARY}",
        f"https://hooks.slack.com/services/T1/B2/{CANARY}",
        f"mysql+pymysql://root:with/{CANARY}@c/nova",
        f"postgresql://me:a#b/{CANARY}@c/rallycross",
        f"http://me:with/{CANARY}@c/cirros.img",
        f"InvalidURL: https://me:12ab#{CANARY}@c:8080/x",
        f"mysqldump -uroot -p{CANARY} nova",
        f"curl -sSume:{CANARY} http://c",
        f"redis-cli -h c -a {CANARY} ping",
        f"ldapsearch -D cn=me -w {CANARY} x",
        f"echo root:{CANARY} | sudo chpasswd",
        f"echo {CANARY} | passwd --stdin root",
        f"machine c login me password {CANARY}",
    ],
)
def test_a_secret_is_known_by_its_form(text: str) -> None:
    """Secrets are masked in headers, programs' password options, private keys, and nested or truncated texts."""
    assert CANARY not in shown_text(text)
    assert CANARY not in json.dumps(shown({"a": [text]}))


@pytest.mark.parametrize("token", [FERNET, JWT])
def test_a_token_is_known_wherever_it_stands(token: str) -> None:
    """A token is masked whatever precedes it."""
    assert shown_text(f"refused {token}, ask again") == "refused ***, ask again"


@pytest.mark.parametrize(
    "text",
    [
        "users.user_password: must be a string, not a list",
        "password: is missing",
        "Basic authentication is used, or Bearer tokens",
        "http://c/identity/v3/auth/tokens: 401 Unauthorized",
        "ssh://git@host/x.git",
        "the token has expired; sign in again",
        "authenticate.validate_token took 0.2 s",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@here",
        "password=None, token=null, secret: false",
        "me ALL=(ALL) NOPASSWD:ALL",
        "start it with ${POSTGRES_PASSWORD:?write it into .env}",
        "the methods are ('password', 'token'), and <password> is missing",
        "postgresql://c/rallycross, and http://c:9696/v2.0/ports?name=a@b",
        "http://[2001:db8::1]:9696/v2.0/ports?name=a@b, and http://c/a:b/c@d",
        "curl -u me http://c, mysql -u root nova, echo done | cat",
    ],
)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    """The names that messages are about are not masked."""
    assert shown_text(text) == text


def test_what_is_given_beside_a_name_has_that_name() -> None:
    """Values in lists of name and value are masked by the name."""
    data = {"env": [{"name": "OS_PASSWORD", "value": CANARY}], "headers": [["X-Auth-Token", CANARY], ["Accept", "x"]]}
    assert shown(data) == {
        "env": [{"name": "OS_PASSWORD", "value": HIDDEN}],
        "headers": [["X-Auth-Token", HIDDEN], ["Accept", "x"]],
    }


@given(st.text(max_size=300))
def test_any_text_can_be_shown(text: str) -> None:
    """Masking twice has the same result as masking once."""
    once = shown_text(text)
    assert shown_text(once) == once


@pytest.mark.parametrize("part", ["{", "- ", "[", "a: ", "? ", "\n  "])
def test_a_text_that_is_nested_without_end_is_shown(part: str) -> None:
    """Very deeply nested texts are not parsed."""
    text = part * 20_000 + "password"
    assert shown_text(text) == text


def test_a_yaml_of_aliases_is_not_unfolded() -> None:
    """A text with exploding aliases is not expanded."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    bomb = "\n".join(["a0: &a0 [x, password]", *lines])
    assert shown_text(bomb) == bomb


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_spec_is_shown_without_its_passwords_however_they_are_written(password: str) -> None:
    """A quoted, escaped or folded value is masked, and the rest stays readable."""
    spec = {"name": "mine", "engine": "existing", "auth": {"auth_url": "http://c", "password": f"{password}x"}}
    folded = yaml.safe_dump(spec, default_style='"', width=20, sort_keys=False)
    for text in (json.dumps(spec), yaml.safe_dump(spec, sort_keys=False), folded):
        seen = yaml.safe_load(lifecycle.shown(load_spec(text, file="c.yaml")))
        assert seen["auth"]["password"] == HIDDEN
        assert list(seen) == list(spec)


def test_what_stands_under_a_secret_key_is_hidden_at_any_depth() -> None:
    """Texts and long numbers are masked, also where they occur elsewhere; booleans, null and counts are not."""
    data = {"tokens": [{"a": "one", "b": 2222}, None], "use_password": True, "line": "see one two", "rest": [1, "x"]}
    assert shown(data, ["one"]) == {
        "tokens": [{"a": HIDDEN, "b": HIDDEN}, None],
        "use_password": True,
        "line": "see *** two",
        "rest": [1, "x"],
    }


def test_a_secret_that_begins_another_leaves_nothing_of_it() -> None:
    """The longer of two overlapping secrets is masked as a whole, in any order."""
    for secrets in (("hush", "hush-7Xk9"), ("hush-7Xk9", "hush")):
        assert masked("say hush-7Xk9 and hush", secrets) == "say *** and ***"


def test_a_known_secret_is_found_as_it_is_written_elsewhere() -> None:
    """A known secret is also masked in its forms in URLs, JSON and HTML."""
    secret = 'p"/<w> ß'
    for text in (json.dumps({"a": secret}), shlex.quote(secret), "u=p%22%2F%3Cw%3E%20%C3%9F", "p&quot;/&lt;w&gt; ß"):
        assert HIDDEN in masked(text, [secret])


@given(st.text(max_size=20), st.text(min_size=6, max_size=20), st.text(max_size=20))
def test_a_known_secret_is_found_in_base64(before: str, secret: str, after: str) -> None:
    """A known secret is masked within Base64 of any text, such as `user:password`, also in the URL-safe form."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        told = encode((before + secret + after).encode()).decode()
        assert masked(f"it was {told}", [secret]) == f"it was {HIDDEN}"


@pytest.mark.parametrize("value", [7, 1234, 1.5, 20010203, dt.date(2001, 2, 3), b"bytes"])
def test_what_yaml_takes_for_no_text_is_a_password_all_the_same(value: Any) -> None:
    """Numbers of any length, dates and bytes under a password's name are masked."""
    assert shown({"user_password": value, "passwords": 3}) == {"user_password": HIDDEN, "passwords": 3}


@pytest.mark.parametrize("name", ["auth", "basic_auth", "http_auth", "proxy_auth", "proxyAuth"])
def test_a_user_and_a_password_are_hidden_under_every_name_of_the_pair(name: str) -> None:
    """The password is masked in a list or after a colon."""
    assert shown({name: ["me", CANARY]}) == {name: [HIDDEN, HIDDEN]}
    assert shown({name: f"me:{CANARY}"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    "part", ["curl ", "mysql -", "\\", "('password', ", "<password ", "mysql://a:", '"password": "']
)
def test_a_text_of_beginnings_takes_no_longer_than_it_is_long(part: str) -> None:
    """The time to mask repeated beginnings of secrets grows about linearly with the length."""
    spent = []
    for many in (2_000, 20_000):
        began = time.process_time()
        shown_text(part * many)
        spent.append(time.process_time() - began)
    assert spent[1] < 50 * spent[0] + 1


def test_a_task_shows_no_password() -> None:
    """Passwords are masked by name, and next to a user; other values stay."""
    args = {"url": "http://me:hush@c", "auth": ["me", "hush"], "user_password": "other", "times": 2}
    assert shown(args) == {"url": "http://me:***@c", "auth": [HIDDEN, HIDDEN], "user_password": HIDDEN, "times": 2}


@pytest.mark.parametrize("file", sorted((CHECKOUT / "include/clouds").glob("*.yaml")), ids=lambda file: file.name)
def test_what_is_shown_of_a_shipped_spec_can_be_read_again(file: Path) -> None:
    """Values that are not secret, such as the cost of password hashes, stay in stored specs."""
    spec = load_spec(file.read_text(), file=file.name)
    assert load_spec(lifecycle.shown(spec), file=file.name).options == spec.options


def test_a_secret_that_is_folded_is_left_out_beside_one_that_is_known() -> None:
    """Masking one secret does not prevent the rest from being read as YAML."""
    userdata = "#cloud-config\nchpasswd:\n  list: root:Canary-one\npassword: Canary-one\n"
    text = yaml.safe_dump({"args": {"userdata": userdata}, "users": {"user_password": "Canary-two"}})

    for known in ((), ("Canary-two",), ("Canary-two", userdata)):
        assert "Canary" not in shown_text(text, known)


def test_what_is_written_in_urls_and_tokens_is_found() -> None:
    """Passwords and tokens in URLs are secrets; the user's name for SSH is not."""
    text = "from http://me:Pass-1@h/x, https://Token-2@h, ssh://git@h/y and gAAAAA" + "x" * 30
    assert list(secrets_written_in(text)) == ["Pass-1", "Token-2", "gAAAAA" + "x" * 30]
