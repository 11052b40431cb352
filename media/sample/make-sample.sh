#!/bin/bash
# make-sample.sh ARCHIVE: compiles sample.c, runs it in a Podman container and freezes that into ARCHIVE.
# Needs root, gcc (with a static libc), podman and criu. The lab has them: node --import tsx test/lab/make-sample.ts
set -eu
archive=$1
here=$(cd "$(dirname "$0")" && pwd)
work=/run/sample-work
# A storage of its own: the archive names its paths, and nothing is left of it afterwards.
storage=/var/lib/sample
podman() { command podman --root $storage --runroot /run/sample "$@"; }
tidy() {
  podman rm --all --force --time 0 > /dev/null 2>&1 || true
  podman rmi --all --force > /dev/null 2>&1 || true
  rm -rf $work $storage /run/sample
}
trap tidy EXIT

# An interrupted run may have left something too.
tidy
mkdir -p $work/root/data
gcc -Wall -Wextra -O1 -g -static -pthread -o $work/root/sample "$here/sample.c"
# Neither a builder's name nor a time of building in the container image.
tar -C $work/root --owner=0 --group=0 --numeric-owner --mtime=@0 --sort=name -cf $work/root.tar .
podman import --quiet --change 'ENTRYPOINT ["/sample"]' --change 'WORKDIR /data' $work/root.tar localhost/sample
podman run --detach --name sample --hostname sample --network none --env GREETING="hello from the sample" localhost/sample
for _ in $(seq 100); do
  if podman logs sample 2> /dev/null | grep -q ready; then break; fi
  sleep 0.1
done
podman container checkpoint --compress gzip --export "$archive" sample
# An archive that doesn't wake is no sample.
podman rm --time 0 --force sample
podman container restore --import "$archive"
