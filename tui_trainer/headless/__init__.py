"""One face: runs, lessons and sweeps as lines of text or of JSON, and signals as a clean way out."""
