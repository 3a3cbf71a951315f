"""The controller, as far as a compute node notices it: takes the name of each that registers."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Cell(BaseHTTPRequestHandler):
    """Writes down who has come."""

    def do_GET(self) -> None:
        """Take a name."""
        if self.path.startswith("/register/"):
            with Path(sys.argv[1]).open("a") as file:
                file.write(self.path.rpartition("/")[2] + "\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"cell\n")


HTTPServer(("0.0.0.0", 5000), Cell).serve_forever()
