# Runs furnished.py in namespaces of its own, saves its live /proc and freezes it in the next moment, while it runs on.
#   freeze-with-proc.sh FOLDER    makes FOLDER/proc/PID/… and FOLDER/images
set -eu
folder=$1
here=$(dirname "$0")
mkdir -p "$folder/work" "$folder/images" "$folder/proc"

# A process that leads a session, with a network, host name and SysV objects of its own.
setsid unshare --net --uts --ipc sh -ec '
  hostname icebox
  ip link set lo up
  ip link add ice0 type veth peer name ice1
  ip address add 10.20.30.1/24 dev ice0
  ip -6 address add fd00::1/64 dev ice0 nodad
  ip link set ice0 up
  ip link set ice1 up
  # Settings that no two of which are the same, as far as the kernel takes them, so that none can be taken for another.
  number=100
  for setting in /proc/sys/net/ipv4/conf/ice1/* /proc/sys/net/ipv6/conf/ice1/*; do
    case $setting in */mtu | */disable_ipv6 | */stable_secret) continue ;; esac
    number=$((number + 1))
    { echo $number >$setting || echo 1 >$setting || true; } 2>/dev/null
  done
  echo "5 7" >/proc/sys/net/ipv4/ping_group_range
  echo 77 >/proc/sys/net/unix/max_dgram_qlen
  ip route add 10.99.0.0/16 via 10.20.30.254 metric 7
  exec env A=1 "B=two words" python3 "$0" "$1" "$2"
' "$here/furnished.py" "$folder/work" "$folder/ready" </dev/null >"$folder/out" 2>&1 &
pid=$!
trap 'kill -KILL $pid $(cat /proc/$pid/task/$pid/children 2>/dev/null) 2>/dev/null || true' EXIT
for try in $(seq 200); do
  [ -e "$folder/ready" ] && break
  sleep 0.1
done
[ -e "$folder/ready" ] || { cat "$folder/out" >&2; exit 1; }
sleep 0.5

# /proc says 0 for the size of everything, so cat, not cp.
save() {
  mkdir -p "$(dirname "$folder/proc/$1")"
  cat "/proc/$1" >"$folder/proc/$1" 2>/dev/null || rm -f "$folder/proc/$1"
}
save_task() {
  for name in auxv cgroup children cmdline comm environ gid_map limits loginuid maps oom_adj oom_score_adj \
    personality sched smaps stat statm status syscall timers timerslack_ns uid_map; do
    save "$1/$name"
  done
  for fd in /proc/"$1"/fdinfo/*; do save "$1/fdinfo/${fd##*/}"; done
  mkdir -p "$folder/proc/$1/fd"
  for link in cwd exe root; do readlink "/proc/$1/$link" >"$folder/proc/$1/$link"; done
  for fd in /proc/"$1"/fd/*; do readlink "$fd" >"$folder/proc/$1/fd/${fd##*/}"; done
}
child=$(cat /proc/$pid/task/$pid/children)
for task in $pid ${child%% *}; do
  save_task "$task"
  for thread in /proc/"$task"/task/*; do save_task "$task/task/${thread##*/}"; done
done
for name in dev if_inet6 ipv6_route netlink packet raw raw6 route tcp tcp6 udp udp6 unix; do save "$pid/net/$name"; done
# These show the namespaces of the one who reads them.
mkdir -p "$folder/proc/sysvipc" "$folder/proc/sys/kernel"
for name in sysvipc/shm sysvipc/msg sysvipc/sem sys/kernel/hostname sys/kernel/domainname sys/kernel/shmmax \
  sys/kernel/msgmni sys/kernel/shm_rmid_forced locks; do
  nsenter --target $pid --uts --ipc cat "/proc/$name" >"$folder/proc/$name"
done

# These show the network namespace of the one who reads them.
nsenter --target $pid --net sh -ec '
  cd /proc/sys
  for setting in net/ipv4/conf/*/* net/ipv6/conf/*/* net/ipv4/ping_group_range net/unix/max_dgram_qlen; do
    mkdir -p "$0/${setting%/*}"
    cat "$setting" >"$0/$setting" 2>/dev/null || rm -f "$0/$setting"
  done
' "$folder/proc/sys"

criu dump --tree $pid --images-dir "$folder/images" --leave-running --shell-job --file-locks --log-file dump.log \
  >/dev/null || { tail -n 20 "$folder/images/dump.log" >&2; exit 1; }
