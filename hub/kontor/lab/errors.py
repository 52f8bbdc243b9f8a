"""What can go wrong with a data file, in words for the person who opened it."""

from __future__ import annotations

from kontor.errors import KontorError


class DataFormatError(KontorError):
    """A file is not what it was taken for: another format, damaged, cut short or empty.

    The message names the file, what was expected, what was found, and what to do.
    """

    code = "bad_data_file"
    status = 422
