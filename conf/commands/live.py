"""``make live``: shows the site, and rebuilds it when a source is saved.

It runs the same build as ``make html``, each time in a fork of this process, which has imported
Sphinx once. A build that fails says why, and the last good site stays on show. Reload the page in
the browser after a build.
"""

import functools
import multiprocessing
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from watchfiles import watch

from prefork import command, import_what_takes_long, in_fork, restart_with_fixed_environment
from project import CONF, DOCS, EXAMPLES, SITE

build = command(Path(__file__).with_name("website.py"), ["html"])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def live(port: int) -> None:
    handler = functools.partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        # In a process of its own: a process with threads should not fork.
        serving = multiprocessing.get_context("fork").Process(
            target=server.serve_forever, daemon=True
        )
        serving.start()
        import_what_takes_long()
        where = f"http://127.0.0.1:{server.server_port}/"
        in_fork(build)
        print(f"\n{where} (Ctrl+C ends it)", flush=True)
        first = True  # what was saved during the first build is built when watching has begun
        paths = (DOCS, EXAMPLES, CONF)
        for changes in watch(
            *paths, rust_timeout=500, yield_on_timeout=True, raise_interrupt=False
        ):
            if changes or first:
                in_fork(build)
                print(f"\n{where}", flush=True)
            first = False


if __name__ == "__main__":
    restart_with_fixed_environment()
    live(int(sys.argv[1]))
