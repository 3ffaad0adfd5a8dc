"""A mail server that others wrote: `python mail.py PORT FOLDER`. Every mail becomes a file, as it came."""

import sys
import threading
import uuid
from pathlib import Path

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server, session, envelope):
        file = self.folder / f"{uuid.uuid4()}.part"
        file.write_bytes(envelope.content)
        # Whole or not at all: whoever reads the folder sees no half mail.
        file.rename(file.with_suffix(".eml"))
        return "250 kept"


port, folder = int(sys.argv[1]), sys.argv[2]
Controller(Keep(folder), hostname="127.0.0.1", port=port).start()
print(f"Mail at smtp://127.0.0.1:{port}", flush=True)
threading.Event().wait()
