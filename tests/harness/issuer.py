"""An OIDC issuer on the loopback: discovery, JWKS, keys that rotate; it counts how often it is asked."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def _number(value: int, length: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(length, "big")).rstrip(b"=").decode()


class OutsideIssuer:
    """Signs whatever a test wants signed."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.broken = False
        self.address = ""
        self.add("ec1", ec.generate_private_key(ec.SECP256R1()))
        self.add("rsa1", rsa.generate_private_key(65537, 2048))

    def add(self, kid: str, key: Any) -> None:
        self.keys[kid] = key

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._published(kid, key) for kid, key in self.keys.items()]}

    @staticmethod
    def _published(kid: str, key: Any) -> dict[str, Any]:
        numbers = key.public_key().public_numbers()
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return {"kid": kid, "kty": "EC", "crv": "P-256", "use": "sig", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return {"kid": kid, "kty": "RSA", "use": "sig", "n": _number(numbers.n, key.key_size // 8), "e": _number(numbers.e, 3)}

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        made = {"iss": self.address, "aud": "loanfile", "sub": subject, "iat": now, "nbf": now, "exp": now + timedelta(minutes=5)} | changed
        return {name: value for name, value in made.items() if value is not None}

    def token(
        self, subject: str, kid: str = "ec1", *, key: Any = None, algorithm: str | None = None, head: Any = None, **changed: Any
    ) -> str:
        key = key if key is not None else self.keys[kid]
        algorithm = algorithm or ("ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256")
        return jwt.encode(self.claims(subject, **changed), key, algorithm, headers={"kid": kid, **(head or {})})


@contextmanager
def outside_issuer() -> Iterator[OutsideIssuer]:
    """Listens until the block ends."""
    made = OutsideIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            known = {
                "/.well-known/openid-configuration": {"issuer": made.address, "jwks_uri": f"{made.address}/jwks"},
                "/jwks": made.jwks(),
            }
            found = None if made.broken else known.get(self.path)
            body = json.dumps(found).encode()
            self.send_response(200 if found else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
