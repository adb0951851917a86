#!/bin/sh
# Put otel-distro and what it needs into one folder that every Python from 3.10 to 3.13 can import.
#
#   build.sh <wheel or name of otel-distro> <folder>
set -eu
what=$1 tree=$2
pip() { python3 -m pip --quiet --disable-pip-version-check "$@"; }

# typing-extensions is what packages need on older versions of Python only: pip asks the running one.
pip install --no-compile --target "$tree" "$what" typing-extensions
# HTTP only: gRPC is 40 MB of code for one version of Python.
rm -rf "$tree"/grpc "$tree"/grpcio-* "$tree"/opentelemetry/exporter/otlp/proto/grpc \
    "$tree"/opentelemetry_exporter_otlp_proto_grpc-* "$tree"/opentelemetry_exporter_otlp-*

# Extension modules carry the version of Python in their file names, so those of all versions lie side by side.
compiled=$(grep -lE '\.cpython-[^/]*\.so,' "$tree"/*.dist-info/RECORD |
    sed -E 's|.*/([^/]+)-([^-/]+)\.dist-info/RECORD|\1==\2|')
for version in 3.10 3.11 3.12 3.13; do
    # shellcheck disable=SC2086 -- a list of words
    pip install --no-compile --no-deps --only-binary=:all: --python-version "$version" --target "$tree.$version" $compiled
    cp -R "$tree.$version/." "$tree/"
    rm -rf "$tree.$version"
done
# Console scripts are not used by the operator.
rm -rf "$tree/bin"
chmod -R go+rX "$tree"
