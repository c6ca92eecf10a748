"""The shortest Flask application that answers `/hello`."""

from flask import Flask


def create_app() -> Flask:
    """One route, one string."""
    app = Flask("bare")
    app.add_url_rule("/hello", view_func=lambda: "hello")
    return app
