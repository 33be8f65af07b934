"""An HTTP server on loopback that follows a script and keeps what arrives."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

LONGEST_BODY_BYTES = 4 * 1024 * 1024
IDLE_CONNECTION_S = 10


class Endpoint:
    """Serves on 127.0.0.1 in a thread of its own until the `with` block ends."""

    def __init__(self):
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            timeout = IDLE_CONNECTION_S

            def do_POST(self):
                endpoint._serve(self)

            # A redirect turns a POST into a GET.
            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.script()

    def script(self, answers=({"status": 200},)):
        """The nth request gets the nth answer, the last answer goes to all that follow. Forgets earlier requests."""
        self._answers = list(answers)
        self.requests = []

    def _serve(self, exchange):
        length = int(exchange.headers.get("content-length", 0))
        if length > LONGEST_BODY_BYTES:
            raise ValueError(f"a body of {length} bytes")
        path, mark, query = exchange.path.partition("?")
        self.requests.append(
            {
                "method": exchange.command,
                "path": path,
                "query": query if mark else None,
                "headers": exchange.headers,
                "body": exchange.rfile.read(length),
            }
        )
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        # 0.0.9 takes an answer that is no JSON for a failure. A 204 has no body at all.
        body = b"" if answer["status"] == 204 else answer.get("body", "{}").encode()
        exchange.send_response(answer["status"])
        for name, value in answer.get("headers", {}).items():
            exchange.send_header(name, value.replace("{endpoint}", self.url))
        if answer["status"] != 204:
            exchange.send_header("Content-Length", str(len(body)))
        exchange.end_headers()
        exchange.wfile.write(body)

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
