#!/bin/bash
# images.sh FOLDER NODE KEY: makes the lab's container images out of the lab's own files and gives them to both engines,
# with no registry. FOLDER keeps their trees; NODE is a Node binary; KEY names this version of the images: an engine
# that has an image with another key, or none, gets it anew.
#   lab/busybox  a shell and the usual tools
#   lab/native   the same, and /threads (test/lab/programs/threads.c, static, with symbols)
#   lab/node     the same, and Node with its libraries
#   lab/debuggers  the same, and Python with debugpy, gdb, gdbserver, and the programs steps of test/lab/programs: /steps,
#                static, with symbols, /gosteps, and /app/steps.py
#   lab/jvm      the same, and a Java runtime; for Podman only, since it is large
set -eu
folder=$1 node=$2 key=$3
tools='sh ls cat sleep echo ps top nc ping wget tail dd touch rm mkdir mv ln kill env id hostname ip sed awk grep find mount stat tee vi seq date head wc true false'

shell_tree() {
  local name tool
  mkdir -p "$1"/{usr/bin,usr/lib,usr/lib64,usr/sbin,proc,sys,dev,etc,root,var/log}
  mkdir -p -m 1777 "$1/tmp"
  for name in bin lib lib64 sbin; do ln -s "usr/$name" "$1/$name"; done
  cp /usr/bin/busybox "$1/usr/bin/"
  for tool in $tools; do ln -s busybox "$1/usr/bin/$tool"; done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' > "$1/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' > "$1/etc/group"
}
add_busybox() { :; }
add_native() { gcc -static -g -O0 -pthread -o "$1/threads" /project/test/lab/programs/threads.c; }
add_node() {
  cp "$node" "$1/usr/bin/node"
  add_libraries "$1" "$node"
}
add_debuggers() {
  gcc -static -g -O0 -o "$1/steps" /project/test/lab/programs/steps.c
  GOCACHE=$1.go GOTOOLCHAIN=local CGO_ENABLED=0 \
    go build -gcflags 'all=-N -l' -o "$1/gosteps" /project/test/lab/programs/steps.go
  rm -rf "$1.go"
  install -D -m 644 /project/test/lab/programs/steps.py "$1/app/steps.py"
  cp --dereference /usr/bin/python3 /usr/bin/gdb /usr/bin/gdbserver "$1/usr/bin/"
  mkdir -p "$1/usr/share" "$1/usr/lib/python3"
  cp -a /usr/share/gdb "$1/usr/share/"
  # gdb and debugpy are Python programs for the greater part.
  cp -a /usr/lib/python3.* "$1/usr/lib/"
  cp -a /usr/lib/python3/dist-packages "$1/usr/lib/python3/"
  find "$1/usr/lib" -name __pycache__ -prune -exec rm -r {} +
  find "$1/usr/lib/" /usr/lib/*/libstdc++.so.6 -name '*.so*' | cat - <(printf '%s\n' /usr/bin/python3 /usr/bin/gdb /usr/bin/gdbserver) |
    while read -r file; do add_libraries "$1" "$file"; done
  cp --dereference /usr/lib/*/libstdc++.so.6 "$1"/usr/lib/*-linux-gnu/
}
add_jvm() {
  mkdir -p "$1/usr/lib/jvm/java"
  # Its configuration is linked from /etc.
  cp -aL /usr/lib/jvm/java-[0-9][0-9]-openjdk-*/{bin,conf,lib} "$1/usr/lib/jvm/java/"
  ln -s ../lib/jvm/java/bin/java "$1/usr/bin/java"
  find "$1/usr/lib/jvm/java" -name '*.so' -o -name java -type f | while read -r file; do add_libraries "$1" "$file"; done
}
# add_libraries TREE PROGRAM: "libdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x…)", and the loader alone on its line.
add_libraries() {
  { ldd "$2" 2> /dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$1$library" ] && continue
    mkdir -p "$1$(dirname "$library")"
    cp --dereference "$library" "$1$library"
  done || true
}

for name in busybox native node debuggers jvm; do
  tar=$folder/$name-$key.tar
  if [ ! -e "$tar" ]; then
    rm -rf "$folder/$name"* # older versions too
    shell_tree "$folder/$name"
    "add_$name" "$folder/$name"
    tar -C "$folder/$name" --sort=name -cf "$tar.partial" .
    rm -rf "${folder:?}/$name"
    mv "$tar.partial" "$tar"
  fi
  for engine in docker podman; do
    [ "$name-$engine" = jvm-docker ] && continue
    case $engine in
      docker) image=lab/$name:latest ;;
      podman) image=localhost/lab/$name:latest ;;
    esac
    if [ "$($engine image inspect --format '{{index .Config.Labels "key"}}' "$image" 2> /dev/null)" != "$key" ]; then
      $engine import --change 'CMD ["/bin/sh"]' --change 'ENV PATH=/bin:/sbin' --change "LABEL key=$key" "$tar" "$image"
    fi
  done
done
