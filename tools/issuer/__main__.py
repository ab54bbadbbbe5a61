"""`python -m tools.issuer --data DIR --port N --port-file FILE`: the development issuer.

DIR holds `accounts.json`, a list of {username, password, subject, agency, position, roles,
on_behalf_of}, and `key.pem`, which is made at the first start.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from libs.observability import get_logger, set_up_logging
from libs.web.issuer import TokenIssuer
from libs.web.ops import threaded_server
from tools.issuer.accounts import Accounts
from tools.issuer.app import build

HOST = "127.0.0.1"
logger = get_logger("tools.issuer")


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Serve until the process ends; 2 when this is not a development machine."""
    parser = argparse.ArgumentParser(prog="python -m tools.issuer", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of accounts.json")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--port-file", type=Path, help="where to write the port")
    options = parser.parse_args(arguments)
    if environ.get("LIENTHONG_DEVELOPMENT") != "1":
        sys.stderr.write(
            "The development issuer gives tokens for passwords in a file. It starts only with "
            "LIENTHONG_DEVELOPMENT=1; elsewhere set OIDC_ISSUER to a real provider.\n"
        )
        return 2
    set_up_logging("issuer")
    server = threaded_server(HOST, options.port)
    issuer = TokenIssuer(f"http://{HOST}:{server.server_port}", options.data / "key.pem")
    server.set_app(build(issuer, Accounts(options.data / "accounts.json")))
    if options.port_file:
        draft = options.port_file.with_suffix(".draft")
        draft.write_text(f"{server.server_port}\n")
        draft.replace(options.port_file)
    logger.info("http_listening", host=HOST, port=server.server_port)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
