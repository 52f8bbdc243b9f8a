"""Preview pictures of data sets, read from the object store with the rights of who looks."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]

from kontor.data.catalogue import DataSet
from kontor.data.credentials import Broker
from kontor.data.objectstore import client
from kontor.data.store_access import BUCKET
from kontor.errors import NotFound, Unavailable
from kontor.words import _

_KEPT: Final = 100
_LARGEST: Final = 2_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"


class Previews:
    """Fetches pictures and keeps the last hundred in memory. Safe to share between threads.

    Parameters
    ----------
    broker : Broker
    store_url : str
    """

    def __init__(self, broker: Broker, store_url: str) -> None:
        self._broker = broker
        self._store_url = store_url
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = Lock()

    def picture(self, dataset: DataSet, role: str, account: str) -> bytes:
        """A data set's preview as PNG. Who asks has to have been found allowed to read; `role` is theirs.

        Raises
        ------
        NotFound
            If the data set has no preview.
        Unavailable
            If the store does not answer.
        """
        if dataset.preview is None:
            raise NotFound(_("The data set {name} has no preview.").format(name=dataset.id), code="no_preview")
        key = (dataset.preview, dataset.sha256)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = self._fetch(dataset, dataset.preview, role, account)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return found

    def _fetch(self, dataset: DataSet, key: str, role: str, account: str) -> bytes:
        keys = self._broker.credentials(dataset.pilot, role, caller=account, generation=None)
        s3 = client("s3", self._store_url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
        try:
            picture: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(_LARGEST + 1)
        except ClientError as error:
            raise NotFound(
                _("The preview of {name} is not in the store.").format(name=dataset.id), code="no_preview"
            ) from error
        except BotoCoreError as error:
            raise Unavailable(_("The data store does not answer at the moment."), code="store_down") from error
        if len(picture) > _LARGEST or not picture.startswith(_PNG):
            raise NotFound(_("The preview of {name} is not a picture.").format(name=dataset.id), code="no_preview")
        return picture
