"""Real files of the web, from Debian packages."""
import pathlib
import shutil
import subprocess

PACKAGES = ("libjs-bootstrap5", "libjs-jquery", "fonts-font-awesome")


def files_of(package: str) -> list[pathlib.Path]:
    """The files that a package puts below /usr/share, links followed, without its documentation."""
    listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [pathlib.Path(line) for line in listed if line.startswith("/usr/share/") and "/usr/share/doc/" not in line]
    return [path for path in paths if path.is_file()]


def gather(folder: pathlib.Path) -> dict[str, bytes]:
    """Copies the files of all packages below a folder; object key → bytes.

    A file that a package also offers under a second name (a link, or Debian's javascript and nodejs trees) is kept
    under both names: buckets know no links.
    """
    gathered = {}
    for package in PACKAGES:
        for path in files_of(package):
            key = f"{package}/{path.relative_to('/usr/share')}"
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            gathered[key] = target.read_bytes()
        # Whole folders that are links: dpkg lists the link, not what is in it.
        listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True).stdout.splitlines()
        for link in (pathlib.Path(line) for line in listed):
            if link.is_symlink() and link.is_dir():
                for path in link.rglob("*"):
                    if path.is_file():
                        key = f"{package}/{link.relative_to('/usr/share')}/{path.relative_to(link)}"
                        target = folder / key
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path, target)
                        gathered[key] = target.read_bytes()
    return gathered
