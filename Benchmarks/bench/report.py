"""What was measured, as a table of at most 80 columns and as JSON."""
import json
import pathlib
import statistics

from . import machine


class Report:
    """Rows of one run: a job, what was measured, its value, the bound, and whether it is kept."""

    def __init__(self, title: str, versions: dict[str, str]):
        self.rows: list[dict] = []
        self.title, self.versions, self.machine = title, versions, machine.description()

    def add(self, job: str, what: str, value: float, unit: str, bound: float | None = None, **more) -> None:
        """One figure; `bound` is the most that it may be."""
        row = {"job": job, "what": what, "value": value, "unit": unit, "bound": bound,
               "kept": None if bound is None else value <= bound} | more
        self.rows.append(row)
        print("  " + self._line(row), flush=True)

    @staticmethod
    def _line(row: dict) -> str:
        mark = {None: "", True: "ok", False: "MISSED"}[row["kept"]]
        bound = "" if row["bound"] is None else f"<= {row['bound']:.4g}"
        return f"{row['job']:<12.12} {row['what']:<32.32} {row['value']:>10.4g} {row['unit']:<6.6} {bound:<10} {mark}"

    @property
    def is_kept(self) -> bool:
        return all(row["kept"] is not False for row in self.rows)

    def table(self) -> str:
        head = [self.title, self.machine, *(f"{name}: {text}" for name, text in self.versions.items()), ""]
        return "\n".join(head + [self._line(row) for row in self.rows])

    def save(self, file: pathlib.Path) -> None:
        file.write_text(json.dumps({"title": self.title, "machine": self.machine, "versions": self.versions,
                                    "rows": self.rows}, indent=1) + "\n")


def middle(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> dict:
    """min, median, max, for the JSON of a figure of several rounds."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values), "rounds": len(values)}
