#!/bin/bash
# init.sh: process 1 of the lab. Starts dockerd and Podman's service and waits; SIGTERM takes everything down in order.
# LAB_RUN, LAB_DATA: the lab's folders.
set -u
hostname lab
mkdir -p /etc/docker /etc/containers "$LAB_DATA"/{docker,podman}

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  # cgroup v2: only a cgroup without tasks of its own can hand its controllers to its children.
  mkdir -p /sys/fs/cgroup/init
  for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$pid" > /sys/fs/cgroup/init/cgroup.procs; done
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
  done
fi

# Checkpoints are an experimental feature of Docker. The network is the host's: there is no bridge to set up.
cat > /etc/docker/daemon.json << EOF
{
  "experimental": true,
  "iptables": false,
  "ip6tables": false,
  "bridge": "none",
  "storage-driver": "overlay2",
  "data-root": "$LAB_DATA/docker",
  "exec-root": "/run/docker",
  "pidfile": "/run/docker.pid",
  "hosts": ["unix:///run/docker.sock", "unix://$LAB_RUN/docker.sock"]
}
EOF
# runc, because crun cannot restore on a host with cgroup v1.
cat > /etc/containers/containers.conf << EOF
[containers]
cgroupns = "private"
default_sysctls = []
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
EOF
cat > /etc/containers/storage.conf << EOF
[storage]
driver = "overlay"
graphroot = "$LAB_DATA/podman"
runroot = "/run/containers/storage"
EOF
echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' > /etc/containers/policy.json

rm -f "$LAB_RUN"/*.sock
dockerd > "$LAB_RUN/dockerd.log" 2>&1 < /dev/null &
dockerd=$!
podman system service --time=0 "unix://$LAB_RUN/podman.sock" > "$LAB_RUN/podman.log" 2>&1 < /dev/null &
podman=$!

shut_down() {
  trap '' TERM
  timeout 20 podman rm --time 0 --all --force
  timeout 10 podman volume prune --force
  timeout 10 docker ps --all --quiet | xargs --no-run-if-empty timeout 20 docker rm --force
  timeout 10 docker volume prune --all --force
  kill "$dockerd" "$podman"
  wait "$dockerd" "$podman"
  # The end of process 1 is the end of whatever else still runs in here.
  exit 0
}
trap shut_down TERM
# A bash that waits also reaps the orphans that it inherits.
while :; do
  sleep infinity &
  wait $!
done
