"""Reading files that users name."""

import os
import socket
from pathlib import Path

import pytest

from rallycross.errors import InvalidInput, RallycrossError
from rallycross.settings import settings
from rallycross.userfile import decoded, read_bytes, read_text


def test_lines_end_alike_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Foreign line ends and a byte order mark are accepted."""
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(tmp_path / "f") == "a\nb\nc\n"


def test_what_is_no_file_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a device, a socket, an endless file and an impossible name each have a message with a remedy."""
    monkeypatch.setenv("RALLYCROSS_PIPE_PATIENCE", "0.1")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path, what in {
            str(tmp_path): "cannot be read: it is a folder",
            "/dev/zero": "cannot be read: it is a device",
            str(tmp_path / "socket"): "cannot be read: it is a socket",
            str(
                tmp_path / "pipe"
            ): "cannot be read: it is a named pipe into which nothing was written for 0.1 s (RALLYCROSS_PIPE_PATIENCE)",
            str(tmp_path / "none"): "cannot be read: No such file or directory",
            "x" * 5000: "cannot be read: File name too long",
            "a\0b": "cannot be read: embedded null byte",
        }.items():
            with pytest.raises(InvalidInput) as caught:
                read_text(path, name="f", remedy="name a list")
            assert str(caught.value) in {f"f: {what} - name a list", f"f: {what} - name a file"}


def test_a_pipe_that_is_written_to_is_read() -> None:
    """A pipe from the shell's <(...) is read to its end."""
    reader, writer = os.pipe()
    os.write(writer, b"a: 1")
    os.close(writer)
    assert read_text(f"/dev/fd/{reader}") == "a: 1"
    os.close(reader)


def test_a_file_that_is_too_large_is_told_with_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of a large file is read than allowed; results files may be larger."""
    monkeypatch.setenv("RALLYCROSS_FILE_LIMIT", "0.001")
    monkeypatch.setenv("RALLYCROSS_RESULTS_LIMIT", "0.002")
    (tmp_path / "f").write_bytes(b"x" * 1001)
    assert len(read_bytes(tmp_path / "f", results=True)) == 1001
    with pytest.raises(InvalidInput, match=r"f: is larger than 0.001 MB - split .*, or raise RALLYCROSS_FILE_LIMIT"):
        read_text(tmp_path / "f")
    (tmp_path / "f").write_bytes(b"x" * 2001)
    with pytest.raises(InvalidInput, match=r"f: is larger than 0.002 MB - give .*, or raise RALLYCROSS_RESULTS_LIMIT"):
        read_bytes(tmp_path / "f", results=True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a: 1\nb: é".encode("latin-1"), "f:2:4: is not UTF-8 text: the byte 0xE9 - save it as UTF-8"),
        ("é".encode() + b"\xff", "f:1:2: is not UTF-8 text: the byte 0xFF"),
        ("a: 1".encode("utf-16"), "f:1:1: is not UTF-8 text, but UTF-16 - save it as UTF-8"),
    ],
)
def test_the_first_wrong_byte_is_told(content: bytes, complaint: str) -> None:
    """A text in another encoding is a complaint with the place, and the remedy to save it as UTF-8."""
    with pytest.raises(InvalidInput) as caught:
        decoded(content, "f")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("written", ["0", "-1", "nan", "inf", "much", "1e99"])
def test_a_setting_that_is_no_number_is_told(written: str) -> None:
    """An invalid limit is an error that names the variable."""
    with pytest.raises(RallycrossError, match="RALLYCROSS_FILE_LIMIT: must be a number above 0"):
        settings({"RALLYCROSS_FILE_LIMIT": written})
