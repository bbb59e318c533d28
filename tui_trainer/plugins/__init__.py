"""Parts from other people's files: a file is read, its classes are registered beside the program's own, and it is known again by its bytes.

Nothing here is loaded because a config, a lesson or a run names it: a person names the file, or has installed the package.
"""
