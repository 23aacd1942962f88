#!/usr/bin/env python3
"""Fails when a dependency's licence is not permissive, or when a crate names a dependency that it does not use."""

import json
import pathlib
import re
import subprocess
import sys

PERMISSIVE = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unicode-3.0", "Unlicense", "Zlib",
}


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression can be met with permissive licences alone."""
    expression = expression.replace("/", " OR ")
    tokens = re.findall(r"\(|\)|\bAND\b|\bOR\b|[\w.+-]+(?: WITH [\w.-]+)?", expression)
    as_python = " ".join({"AND": "and", "OR": "or", "(": "(", ")": ")"}.get(token, str(token in PERMISSIVE))
                         for token in tokens)
    return bool(tokens) and eval(as_python, {"__builtins__": {}})  # only True, False, and, or, ( and )


def unused(package: dict) -> list[str]:
    """The dependencies of a workspace crate whose name occurs nowhere in its sources."""
    root = pathlib.Path(package["manifest_path"]).parent
    sources = "\n".join(path.read_text() for path in root.rglob("*.rs"))
    names = {dependency["rename"] or dependency["name"] for dependency in package["dependencies"]}
    return sorted(name for name in names if not re.search(rf"\b{name.replace('-', '_')}\b", sources))


def main() -> None:
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    members = set(metadata["workspace_members"])
    problems = []
    for package in metadata["packages"]:
        if not is_permissive(package["license"] or ""):
            problems.append(f"{package['name']} {package['version']}: licence {package['license']} is not permissive")
        if package["id"] in members:
            problems += [f"{package['name']} does not use {name}; remove it from its Cargo.toml"
                         for name in unused(package)]
    if problems:
        sys.exit("\n".join(problems))
    print(f"licences of {len(metadata['packages'])} packages are permissive, and every dependency is used")


if __name__ == "__main__":
    main()
