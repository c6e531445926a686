# shellcheck shell=bash disable=SC2034
# Functions shared by the scripts in this folder. Sourced by bash, run by nothing.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

# What the program is compiled and linked with; what SwiftPM calls; what the toolchain itself is linked with.
readonly BUILD_PACKAGES=(
    libssl-dev zlib1g-dev libbrotli-dev libzstd-dev libsqlite3-dev pkg-config
    git ca-certificates binutils libc6-dev libstdc++-12-dev
    libcurl4 libncurses6 libxml2
)
readonly SWIFT_MINIMUM=6.3

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
die() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Seconds as "3 min 20 s".
duration() {
    if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %d s' "$(($1 / 60))" "$(($1 % 60))"; fi
}

# install_missing PACKAGE...: installs Debian packages that are not there yet; asks apt for nothing otherwise.
install_missing() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "This is not a Debian system; these packages, or their equivalents, are needed: $*"
        return 0
    fi
    local package missing=()
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        say "Debian packages: all there"
        return 0
    fi
    say "Debian packages to install: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y) log
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "installing needs root or sudo; as root, run: apt-get install --no-install-recommends ${missing[*]}"
        apt=(sudo "${apt[@]}")
    fi
    log=$(mktemp)
    # The package lists of a fresh machine are empty or old: only then is an update needed.
    if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1; then
        say "updating the package lists"
        if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } \
            </dev/null >"$log" 2>&1; then
            tail -n 20 "$log" >&2
            die "apt-get could not install ${missing[*]}; the last lines of its output are above ($log)"
        fi
    fi
    rm -f "$log"
}

# prepare_build: packages and compiler, or a sentence that says what is missing.
prepare_build() {
    command -v swift >/dev/null ||
        die "swift is not on the PATH. Apus needs Swift $SWIFT_MINIMUM or later: https://www.swift.org/install/linux/"
    install_missing "${BUILD_PACKAGES[@]}"
    require_swift
}

# Fails with a sentence unless `swift` runs and is new enough.
require_swift() {
    local said version
    said=$(swift --version 2>&1) || die "'swift --version' fails: $said"
    version=$(sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' <<<"$said" | head -n 1)
    [[ -n $version ]] || die "'swift --version' names no version: $said"
    [[ $(printf '%s\n%s\n' "$SWIFT_MINIMUM" "$version" | sort -V | head -n 1) == "$SWIFT_MINIMUM" ]] ||
        die "Swift $version is too old. Apus needs $SWIFT_MINIMUM or later: https://www.swift.org/install/linux/"
    say "Swift $version"
}

# build CONFIGURATION: builds the program and sets APUS to its path.
build() {
    swift build --package-path "$ROOT" -c "$1" --product apus
    APUS=$(swift build --package-path "$ROOT" -c "$1" --product apus --show-bin-path)/apus
}

# prepare_python: the tools that journeys and measurements use (AWS CLI, boto3, a browser driver), in .venv, made once.
prepare_python() {
    local venv=$ROOT/.venv wanted=$ROOT/Tests/Journeys/requirements.txt python=python3
    # Debian's own Python where there is one: another one on the PATH may lack venv or the SSL module.
    [[ -x /usr/bin/python3 ]] && python=/usr/bin/python3
    if [[ ! -x $venv/bin/pytest ]] || ! cmp -s "$wanted" "$venv/installed.txt"; then
        "$python" -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" ||
            die "the Python tools could not be installed; pip's output is above"
        cp "$wanted" "$venv/installed.txt"
    fi
    say "Python tools: $venv"
}
