"""What was learned: a network restored from its files, looked into, asked about images, and exported."""
