"""Parts held against what the training loop relies on: a file for each kind, and each check with a reason for whoever wrote the part."""
