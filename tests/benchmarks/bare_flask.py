"""The shortest Flask application that answers `/hello`; for its imports see `bare_starlette`."""

from flask import Flask

import servers.flask_app  # noqa: F401


def create_app() -> Flask:
    """One route, one string."""
    app = Flask("bare")
    app.add_url_rule("/hello", view_func=lambda: "hello")
    return app
