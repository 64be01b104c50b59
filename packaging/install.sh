#!/bin/sh
# Finds a Python that the bundle has packages for, and installs with it: ./install.sh FOLDER
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for python in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if grep -q "\"$version\"" "$here/bundle.json"; then
        exec "$python" -B "$here/install.py" "$@"
    fi
done
echo "nothing was installed: no Python for this bundle was found; it needs one of" >&2
grep '"pythons"' "$here/bundle.json" >&2
exit 1
