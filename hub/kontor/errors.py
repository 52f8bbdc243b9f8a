"""What can go wrong, in words for the person who sees it.

    KontorError                 a sentence that may be shown to anyone; says what to do
    ├── SettingsError           the settings file is wrong; `mistakes` holds every one
    ├── NotAllowed              the caller is known and may not (403)
    ├── NotFound                there is no such thing, or the caller may not know of it (404)
    ├── Conflict                the request contradicts what is there (409)
    ├── TooMany                 too many tries in a short time (429); `retry_after` in seconds
    └── Unavailable             a part that is needed does not answer (503)

Anything that is not a KontorError is logged whole and shown to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence


class KontorError(Exception):
    """A failure that a person may read.

    Parameters
    ----------
    message : str
        One or two sentences: what was wrong, and what to do.
    code : str, optional
        Stable word for programs; the class has a default.
    """

    code = "error"
    status = 400

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a notebook: the sentence, without the lines of our code that it went through."""
        return [self.message]


class SettingsError(KontorError):
    """The settings cannot be used; all mistakes at once.

    Parameters
    ----------
    source : str
        The file (or "settings") that was read.
    mistakes : sequence of str
        One sentence each.
    """

    code = "bad_settings"

    def __init__(self, source: str, mistakes: Sequence[str]) -> None:
        self.mistakes = list(mistakes)
        count = len(self.mistakes)
        head = f"{source}: {count} mistake{'s' if count != 1 else ''}."
        super().__init__("\n".join([head, *(f"  - {mistake}" for mistake in self.mistakes)]))


class NotAllowed(KontorError):
    code = "not_allowed"
    status = 403


class NotFound(KontorError):
    code = "not_found"
    status = 404


class Conflict(KontorError):
    code = "conflict"
    status = 409


class TooMany(KontorError):
    code = "too_many_tries"
    status = 429

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(KontorError):
    code = "unavailable"
    status = 503
