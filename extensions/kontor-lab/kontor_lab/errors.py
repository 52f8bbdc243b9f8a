"""Refusals in words for the person at the panel."""

from __future__ import annotations

from tornado.web import HTTPError


class Refusal(HTTPError):  # type: ignore[misc]
    """A failure that the panel shows.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        Stable word for programs.
    message : str
        One or two sentences: what was wrong, and what to do.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code)
        self.code = code
        self.message = message


def body(code: str, message: str, status: int) -> dict[str, dict[str, object]]:
    """The one shape of an error in JSON."""
    return {"error": {"code": code, "message": message, "status": status}}


#: Sentences for refusals that are not ours: Jupyter's own login, XSRF and permission checks.
GENERAL = {
    400: ("bad_request", "The panel asked for something impossible. Reload the page."),
    403: ("not_allowed", "You are not signed in here, or may not do this. Reload the page to sign in again."),
    404: ("not_found", "There is no such thing here. Reload the page."),
    405: ("bad_request", "The panel asked for something impossible. Reload the page."),
}
FAILED = ("failed", "Your lab could not do this; its log says why. Try again; if it stays so, tell who runs it.")
