"""Reading an openrc as bash does, or refusing it: no value is used that bash would not have."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rallycross.cloud.openrc import read_openrc
from rallycross.errors import RallycrossError


def bash(text: str, folder: Path) -> dict[str, str]:
    """Return the OS_ variables that bash has after it has sourced the text, those that are not exported too."""
    empty = folder / "empty"  # no file that a pattern or a redirection would find
    subprocess.run(["rm", "-rf", str(empty)], check=True)
    empty.mkdir()
    file = folder / "openrc"
    file.write_text(text, newline="")
    done = subprocess.run(
        ["bash", "--norc", "-c", 'set -a; source "$1" >/dev/null 2>&1; env -0', "bash", str(file)],
        capture_output=True,
        check=False,
        cwd=empty,
        env={"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    pairs = (line.partition("=") for line in done.stdout.decode(errors="surrogateescape").split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("OS_")}


def differences(text: str, folder: Path) -> list[tuple[str, str | None, str | None]]:
    """Return what is said to be known and is not so in bash, and what bash has and is not spoken of."""
    try:
        found = read_openrc(text)
    except RallycrossError:
        return []
    there = bash(text, folder)
    wrong = [
        (name, value, there.get(name))
        for name, value in found.known.items()
        if name.startswith("OS_") and there.get(name, "") != value
    ]
    spoken_of = found.known.keys() | found.unknown.keys()
    return wrong + [(name, None, value) for name, value in there.items() if name not in spoken_of]


_PIECES = [
    *("export ", "declare -x ", "declare -i ", "local ", "readonly ", "OS_A=", "OS_A+=", "export OS_B=", "OS_B", "A="),
    *(
        '"',
        "'",
        "\\",
        "$",
        "`",
        "#",
        " ",
        " # ",
        "\n",
        ";",
        "&&",
        " || ",
        "|",
        "&",
        "{",
        "}",
        "{a,b}",
        "(",
        ")",
        "<",
        ">",
    ),
    *(
        "~",
        "/",
        ":",
        "!",
        "*",
        "?",
        "[",
        "=",
        "a",
        "0",
        "é",
        "'x y'",
        '"x$y"',
        "\\\n",
        "$$",
        "$1",
        "$'\\t'",
        "set -a\n",
    ),
    *("$OS_A", "${OS_A}", "${OS_A:-x}", "$(echo x)", 'if [ -z "$OS_A" ]; then ', '[ -n "$OS_A" ]', "else ", "\nelif "),
    *(
        "\nfi\n",
        "unset OS_A\n",
        "read OS_A\n",
        "return\n",
        "source /dev/null\n",
        "f() { OS_A=2; }\n",
        "f\n",
        "true",
        "echo x\n",
    ),
    *(
        "for OS_A in 1 2; do ",
        "\ndone\n",
        "case x in x) ",
        ";; esac\n",
        "printf -v OS_A x\n",
        "cat <<E\n",
        "\nE\n",
        "eval ",
    ),
]


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openrc")


@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=12).map("".join), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example("if [ -n x ]; then OS_A=1; elif [ -n x ]; then OS_A=2; fi", False)
@example("export OS_A=x{1,2}y", False)
@example("f() { OS_A=2; }", False)
@example("OS_A=1 | OS_A=2\nOS_A=3 & ", False)
def test_what_is_known_is_what_bash_has(folder: Path, text: str, begins: bool) -> None:
    """For any text of shell syntax, each known value is the one that bash has."""
    whole = f"{'export OS_A=' if begins else ''}{text}\n"
    assert differences(whole, folder) == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_password_that_is_quoted_is_known(folder: Path, password: str) -> None:
    """Any text in single quotes, double quotes or backslashes is read as by bash."""
    single = "'" + password.replace("'", "'\\''") + "'"
    double = '"' + "".join(f"\\{one}" if one in '$`"\\' else one for one in password) + '"'
    text = f"export OS_A={single} OS_B={double}\nexport OS_C=$OS_A OS_D='pre'\"${{OS_B}}\"post\n"
    found = read_openrc(text)
    assert found.known == {"OS_A": password, "OS_B": password, "OS_C": password, "OS_D": f"pre{password}post"}
    assert bash(text, folder) == found.known


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'export OS_PASSWORD="pass\$n#1"', "pass$n#1"),
        (r'export OS_PASSWORD="a\`b\"c\\d\e"', 'a`b"c\\d\\e'),
        ("export OS_PASSWORD=pass#1", "pass#1"),
        ("export OS_PASSWORD=x # who", "x"),
        ("declare -x OS_PASSWORD=x", "x"),
        ("typeset -rx OS_PASSWORD='x y'", "x y"),
        ("export A=1 OS_PASSWORD=a'b c'\"d\"\\ e", "ab cd e"),
        ("export OS_PASSWORD=a\\\nb", "ab"),
        ("OS_PASSWORD=x; export OS_PASSWORD", "x"),
        ("OS_PASSWORD=first\nunset OS_PASSWORD\nexport OS_PASSWORD=second && true", "second"),
        ("export OS_PASSWORD=x$", "x$"),
        ("export OS_PASSWORD=a~b:c", "a~b:c"),
        ('export OS_PASSWORD=x\nif [ -z "$OS_PASSWORD" ]; then unset OS_PASSWORD; fi', "x"),
        ("PS1='\\u $(x)'\nexport PS1=\"$(date)\"\nexport OS_PASSWORD=x", "x"),
        ("for key in $( set | awk '{FS=\"=\"}  /^OS_/ {print $1}' ); do unset $key ; done\nexport OS_PASSWORD=x", "x"),
        ("unset ${!OS_*}\nexport OS_PASSWORD=x", "x"),
        ("export 'OS_PASSWORD=x y'", "x y"),
        ("set -euo pipefail\nexport -- OS_PASSWORD=$HOME/~", f"{os.environ['HOME']}/~"),
        ("HOME=/there\nexport OS_PASSWORD=~/x", "/there/x"),
        ("export OS_PASSWORD=x\nfunction f {\nOS_PASSWORD=y\n}", "x"),
        ("export OS_PASSWORD=x\nif (true); then\nA=1\nfi", "x"),
        ("export OS_PASSWORD=x\ncase a in\n(a) A=1;;\nesac\nif (( 1 )); then A=2; fi", "x"),
    ],
)
def test_what_a_file_says_is_known(folder: Path, text: str, value: str) -> None:
    """Quotes, escapes, comments, continued lines and declarations are read as by bash."""
    assert read_openrc(text).of("OS_PASSWORD") == {"OS_PASSWORD": value}
    assert bash(text, folder)["OS_PASSWORD"] == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nexport OS_PASSWORD=${OS_PASSWORD:-plain}", "line 2: OS_PASSWORD .*depends on the environment"),
        ("export OS_PASSWORD=$(cat /etc/x)", r"line 1: OS_PASSWORD .*the output of a command"),
        ("export OS_PASSWORD=`cat /etc/x`", r"line 1: OS_PASSWORD .*the output of a command"),
        ("export OS_PASSWORD=$OTHER", r"line 1: OS_PASSWORD .* is made of \$OTHER, which the file does not set"),
        ("export OS_PASSWORD=$'a\\tb'", r"line 1: OS_PASSWORD .*\$'"),
        (
            "read -sr OS_PASSWORD_INPUT\nexport OS_PASSWORD=$OS_PASSWORD_INPUT",
            "line 2: .* asked for when it is sourced",
        ),
        ("read OS_PASSWORD", "line 1: OS_PASSWORD .* is set by `read`"),
        ("if [ -f x ]; then\nOS_PASSWORD=a\nfi", "line 2: OS_PASSWORD .* is set under a condition"),
        ("true || OS_PASSWORD=a\ncommand_of_mine && OS_PASSWORD=b", "line 2: OS_PASSWORD .* under a condition"),
        ("for OS_PASSWORD in a b; do true; done", "line 1: OS_PASSWORD .* is set by a loop"),
        ("export OS_PASSWORD=~admin", "line 1: OS_PASSWORD .* put it in quotes"),
        ("export OS_PASSWORD={a,b}", "line 1: OS_PASSWORD .* braces that bash expands"),
        ("export OS_PASSWORD=a\n: ${OS_PASSWORD:=b}", "line 2: OS_PASSWORD .* while another value is made"),
        ("A=${B:-${OS_PASSWORD=b}}", "line 1: OS_PASSWORD .* while another value is made"),
        ("((OS_PASSWORD=3))", "line 1: OS_PASSWORD .* while another value is made"),
        ("A=$((OS_PASSWORD=3))", "line 1: OS_PASSWORD .* while another value is made"),
        ("let 'OS_PASSWORD = 3'", "line 1: OS_PASSWORD .* by `let`"),
        ("echo x {OS_PASSWORD}>/dev/null", "line 1: OS_PASSWORD .* by a redirection"),
        ("declare -u OS_PASSWORD\nOS_PASSWORD=a", "line 2: OS_PASSWORD .* declared with -u"),
        ("export OS_PASSWORD=a\nexport -n OS_PASSWORD", "line 2: OS_PASSWORD .* declared with -n"),
        ("OS_PASSWORD[0]=a\nOS_PASSWORD=b", "line 2: OS_PASSWORD .* an array"),
        ("OS_PASSWORD=a\nunset $(list)", "line 2: OS_PASSWORD .* taken away by `unset`"),
        ("unset HOME\nOS_PASSWORD=~", "line 2: OS_PASSWORD .* changes HOME"),
    ],
)
def test_what_a_shell_alone_can_know_is_refused(text: str, words: str) -> None:
    """The error has the line, the variable, the reason and the remedy."""
    with pytest.raises(RallycrossError, match=f"(?s){words}.*source it, then ./rallycross cloud create --from-sysenv"):
        read_openrc(text).of("OS_PASSWORD")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('export OS_X=1\nexport OS_PASSWORD="plain', 'line 2: the quote " is not closed'),
        ("export OS_PASSWORD='plain", "line 1: the quote ' is not closed"),
        ("export OS_PASSWORD=a(b", r"line 1: `\(` in a word"),
        ("export OS_PASSWORD=x\r\n", "line 1: has a Windows line end"),
        ("export OS_PASSWORD=x\nsource stackrc", "line 2: has `source`, which may set anything"),
        ("if true; then", "line 1: `if` is not closed"),
        ("\ufeffexport OS_PASSWORD=x", "line 1: begins with a byte order mark"),
        ("declare -n A=OS_PASSWORD", "line 1: has a declaration of another name"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, words: str) -> None:
    """A file that is not bash, or reads other files, is an error with the line."""
    with pytest.raises(RallycrossError, match=words):
        read_openrc(text)
