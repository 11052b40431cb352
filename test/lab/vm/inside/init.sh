#!/bin/bash
# vm-init: process 1 of the lab's virtual machine. SHARE (on the kernel's command line, so in its environment) is the
# folder that it has in common with the host. Listens on 2376 (Podman) and 7000 (a shell for the tests); QEMU forwards both
# to the host's loopback address.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc 2> /dev/null
mount -t sysfs sysfs /sys 2> /dev/null
mount -t devtmpfs dev /dev 2> /dev/null
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o ptmxmode=666,gid=5 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Only a cgroup without tasks of its own can hand its controllers to its children.
mkdir /sys/fs/cgroup/init
for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$pid" > /sys/fs/cgroup/init/cgroup.procs; done 2> /dev/null
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
done

hostname vm
ip link set lo up
modprobe -a virtio_net 9p 9pnet_virtio overlay unix_diag tcp_diag udp_diag inet_diag packet_diag netlink_diag af_packet tun
for _ in $(seq 50); do
  card=$(ls /sys/class/net | grep -vx lo | head -n 1)
  [ -n "$card" ] && break
  sleep 0.1
done
# QEMU's own network: this address, its gateway.
ip link set "$card" up
ip addr add 10.0.2.15/24 dev "$card"
ip route add default via 10.0.2.2
mkdir -p "$SHARE"
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=none share "$SHARE"

mkdir -p /etc/containers
cat > /etc/containers/containers.conf << EOF
[containers]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF
echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' > /etc/containers/policy.json

# lab/busybox, as in the lab: a shell and the usual tools.
tree=/run/busybox
mkdir -p "$tree"/{bin,proc,sys,dev,etc,root,tmp}
cp /usr/bin/busybox "$tree/bin/"
for tool in sh cat sleep echo tail head tr kill true; do ln -s busybox "$tree/bin/$tool"; done
tar -C "$tree" -cf /run/busybox.tar .
podman import --change 'CMD ["/bin/sh"]' --change 'ENV PATH=/bin' /run/busybox.tar lab/busybox > /run/import.log 2>&1

podman system service --time=0 tcp://0.0.0.0:2376 > /run/podman.log 2>&1 &
# Last: whoever gets an answer here finds everything else begun.
socat TCP-LISTEN:7000,reuseaddr,fork EXEC:"/bin/bash -s",setsid &
while :; do
  wait -n 2> /dev/null || sleep 1
done
