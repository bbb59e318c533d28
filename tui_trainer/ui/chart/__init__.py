"""Charts: from a run's history to curves, from curves to characters, and the widget that shows them."""
