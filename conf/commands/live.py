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
        where = f"http://127.0.0.1:{server.server_port}/"
        subprocess.call(BUILD_COMMAND)
        print(f"\n{where} (Ctrl+C ends it)", flush=True)
        first = True  # what was saved during the first build is built when watching has begun
        paths = (DOCS, EXAMPLES, CONF)
        for changes in watch(
            *paths, rust_timeout=500, yield_on_timeout=True, raise_interrupt=False
        ):
            if changes or first:
                subprocess.call(BUILD_COMMAND)
                print(f"\n{where}", flush=True)
            first = False


if __name__ == "__main__":
    live(int(sys.argv[1]))
