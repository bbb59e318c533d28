"""The face without a screen: runs, lessons and sweeps as text or JSON lines, ended cleanly by signals."""
