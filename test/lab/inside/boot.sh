#!/bin/bash
# boot.sh ROOT PROJECT FOLDER… -- [HIERARCHY CGROUP]…: the first process in the lab's namespaces. The host's root is still `/`:
# mounts what the lab needs under ROOT, makes ROOT the root, and becomes init.sh.
set -eu
root=$1 project=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/project" "$root/.host"

mount --bind "$project" "$root/project"
mount -o remount,bind,ro "$root/project"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
# The lab's own cgroups only, at the paths where the host has all of them.
case $(stat -fc %T /sys/fs/cgroup) in
  tmpfs) mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup" ;;
esac
while [ $# -gt 0 ]; do
  mkdir -p "$root$1"
  mount --bind "$2" "$root$1"
  shift 2
done

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty fuse; do
  if [ -e /dev/$device ]; then
    touch "$root/dev/$device"
    mount --bind /dev/$device "$root/dev/$device"
  fi
done
mkdir -p "$root"/dev/{net,shm,pts,mqueue}
mknod "$root/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=0666,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

cd "$root"
pivot_root . .host
cd /
umount -l /.host
exec /bin/bash /project/test/lab/inside/init.sh
