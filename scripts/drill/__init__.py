"""The parts of `drill_cluster.py`: a client of the API, the processes, the load on them, what is read and checked."""
