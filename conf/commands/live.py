"""``make live``: shows the site, and rebuilds it when a source is saved.

It runs the same build as ``make html``. A build that fails says why, and the last good
site stays on show. Reload the page in the browser after a build.
"""

import functools
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from project import CONF, DOCS, EXAMPLES, SITE
from watchfiles import watch

BUILD_COMMAND = [sys.executable, str(Path(__file__).with_name("site.py")), "html"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def live(port: int) -> None:
    handler = functools.partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        subprocess.call(BUILD_COMMAND)
        print(f"\nhttp://127.0.0.1:{server.server_port}/ (Ctrl+C ends it)", flush=True)
        for _ in watch(DOCS, EXAMPLES, CONF, raise_interrupt=False):
            subprocess.call(BUILD_COMMAND)
            print(f"\nhttp://127.0.0.1:{server.server_port}/", flush=True)


if __name__ == "__main__":
    live(int(sys.argv[1]))
