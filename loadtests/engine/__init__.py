"""Inside a Locust process: a schedule, an event loop in a native thread, and samples."""
