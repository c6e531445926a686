"""The command line of scripts/bench."""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORE_JOBS = ["disk-hits", "saturated", "purges", "churn", "start"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures a release build of Apus against its peers on this machine, in one run. CPU is user and\n"
                    "system time of the whole server; the server is pinned to core 0, the load to core 1.\n"
                    "Exit status 1: a bound was missed.",
        epilog="Examples:\n  scripts/bench store --quick\n  scripts/bench store --only churn --json churn.json")
    parser.add_argument("what", choices=["store"], help="store: the cache's memory and disk")
    parser.add_argument("--only", action="append", choices=STORE_JOBS, help="this job; may be given several times")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small figures in two minutes, for a look")
    size.add_argument("--long", action="store_true", help="also two million objects: 30 GB of disk, half an hour")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure to this file as well")
    parser.add_argument("--folder", type=pathlib.Path, help="where to work; default: .build")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    # After the arguments: --help needs none of the Python tools that these do.
    from . import machine, store
    from .report import Report

    apus = pathlib.Path(os.environ["APUS_BINARY"])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.folder or ROOT / ".build"))
    report = Report("Apus store", {name: machine.version(command) for name, command in (
        ("apus", [str(apus), "--version"]), ("nginx", ["nginx", "-v"]), ("wrk", ["wrk", "-v"]))})
    size = "quick" if options.quick else "long" if options.long else "usual"
    try:
        for name in options.only or STORE_JOBS:
            print(f"\n==> {name}: {store.JOBS[name].__doc__.strip()}", flush=True)
            work = folder / name
            work.mkdir()
            store.JOBS[name](store.Bench(report, apus, pathlib.Path(os.environ["STORE_BENCH"]), work, size))
            shutil.rmtree(work, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if options.json and report.rows:
            report.save(options.json)
    print("\n" + report.table())
    return 0 if report.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
