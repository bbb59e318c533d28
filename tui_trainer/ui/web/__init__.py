"""The app in a browser: the server, its page, and what an app has to know when it is served."""
