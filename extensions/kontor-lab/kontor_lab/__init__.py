"""The server half of Kontor in JupyterLab.

Vocabulary
----------
lab         the JupyterLab of one person, or the workspace that the people of one pilot share
service     the kontor service, which knows pilots, people and data sets; asked with the lab's own token
gateway     the Dask gateway, which runs the pilots' clusters; asked with the lab's own token
room        a document that is open in somebody's browser; several people may be in it

The parts
---------
`app`                            loads everything below into a Jupyter server
`connection`                     which service, gateway and pilot this lab belongs to, from its environment
`errors`, `handler`, `fetch`     refusals as sentences, and the one JSON shape they have
`pilots`, `clusters`             what the panel asks for
`presence`                       who is in this lab now, for the service
`sockets`                        every open socket, and the end of those whose people have left the pilot
`guard`                          who may open a room, and the versions for which this is known to hold
`saving`                         open documents reach the disk, also while people type and when the lab stops
"""

from __future__ import annotations


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "kontor-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "kontor_lab.app"}]
