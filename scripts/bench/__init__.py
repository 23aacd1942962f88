"""The parts of the benches that start servers."""
