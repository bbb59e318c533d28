"""The first minute: real digits that a network learns to read, and three ways to go on."""
