"""What `make bench` measures, with peers and floor beside us in the same run."""
