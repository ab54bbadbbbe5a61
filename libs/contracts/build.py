"""Generate the Python classes of `proto/` into `libs/contracts/generated/` (not committed).

Run as `python -m libs.contracts.build`; `make venv` and the service image do.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "libs" / "contracts" / "generated"


def build() -> None:
    """Write the classes afresh; exit with protoc's code if a file is wrong."""
    import grpc_tools
    from grpc_tools import protoc

    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    sources = sorted(str(path) for path in (ROOT / "proto").glob("lienthong/**/*.proto"))
    include = Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={TARGET}"]
    code = protoc.main([*arguments, *sources])
    if code:
        sys.exit(code)
    for folder in [TARGET, *(path for path in TARGET.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()


if __name__ == "__main__":
    build()
