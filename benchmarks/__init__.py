"""The measurements of `make bench`, with peers and floor beside us in the same run."""
