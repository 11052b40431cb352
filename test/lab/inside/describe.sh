#!/bin/bash
# describe.sh ARCHIVE OUT: what crit and checkpointctl say about a Podman archive, as a tar.gz of checkpointctl.json and
# crit/IMAGE.json.
set -eu
archive=$1 out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/archive" "$work/crit"
tar -C "$work/archive" -xf "$archive"
checkpointctl inspect --all --format json "$archive" > "$work/checkpointctl.json"
for image in "$work"/archive/checkpoint/*.img; do
  case $(basename "$image") in
    # Not in criu's own framing.
    pages-* | tmpfs-dev-*) continue ;;
  esac
  crit decode -i "$image" --pretty > "$work/crit/$(basename "$image").json"
done
tar -C "$work" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 -czf "$out" checkpointctl.json crit
