"""The parts of `drill_cluster.py`: a client of the API, the processes of a cluster, the load on it, and what is checked."""
