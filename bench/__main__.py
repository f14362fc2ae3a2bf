"""In charge of: the benchmarks by name; without a name, all that need nothing but this machine.

Not in charge of: what they measure.

python -m bench [mail | parsing | bulk | outbound | desk | streams | soak] [options]
python -m bench replies [FOLDER …] [--show] [--peers]
"""

from __future__ import annotations

import importlib
import signal
import sys

ALL = ("mail", "parsing", "bulk", "outbound")
NAMED_ONLY = ("replies", "desk", "streams", "soak")  # needs files, or much time


def main(arguments: list[str]) -> int:
    """Run the benchmarks named first in `arguments`; the rest are its options."""
    signal.signal(signal.SIGTERM, _interrupt)
    if arguments and not arguments[0].startswith("-"):
        name = arguments[0]
        if name not in (*ALL, *NAMED_ONLY):
            print(f"There is no benchmark {name!r}: use {', '.join((*ALL, *NAMED_ONLY))}.", file=sys.stderr)
            return 2
        return _run(name, arguments[1:])
    return max(_run(name, arguments) for name in ALL)


def _run(name: str, arguments: list[str]) -> int:
    sys.argv = [f"bench {name}", *arguments]
    try:
        return int(importlib.import_module(f"bench.{name}").main() or 0)
    except KeyboardInterrupt:
        print("\nStopped; everything that was started is taken down.", file=sys.stderr)
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
