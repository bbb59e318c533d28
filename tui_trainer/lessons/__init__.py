"""What a textbook says about training, as claims that runs beside one another bear out or not: a TOML file for each."""
