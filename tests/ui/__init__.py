"""The app, used as people use it: by keyboard, by mouse, on small and large terminals."""
