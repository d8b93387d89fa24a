#!/usr/bin/env bash
# Runs deploy/systemd/facever.service under a real systemd in separate namespaces, with the /opt/facever of the image
# that `SCRATCH=FOLDER deploy/prove-image.sh` built: start, sandbox, secrets, probe, a killed worker, stop.
#
# Needs root, debootstrap, buildah, util-linux, a Debian mirror, cgroup v2.
#   SCRATCH  prove-image.sh's folder     MIRROR  Debian mirror     PROBE  a command; its argument is the server's URL
set -euo pipefail
cd "$(dirname "$0")/.."

absent=()
for tool in debootstrap buildah unshare nsenter pivot_root; do command -v "$tool" >/dev/null || absent+=("$tool"); done
[ "$(id -u)" = 0 ] || absent+=("root's rights")
control=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
[ -n "$control" ] || absent+=("cgroup v2")
[ -d "${SCRATCH:-}/store" ] || absent+=("an image: SCRATCH=FOLDER deploy/prove-image.sh")
if [ ${#absent[@]} -gt 0 ]; then
  echo "the unit cannot be tested here; missing: ${absent[*]}" >&2
  exit 77
fi

root=$SCRATCH/systemd group=$control/facever-proof-$$ boot=
tool() { buildah --root "$SCRATCH/store" --runroot "$SCRATCH/run" "$@"; }
finish() {
  if [ -n "$boot" ]; then kill -KILL "$boot" 2>/dev/null || true; wait "$boot" 2>/dev/null || true; fi
  sleep 1
  find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  tool umount -a >/dev/null 2>&1 || true
}
trap finish EXIT

if [ ! -d "$root" ]; then
  mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 == "bookworm" {print $1; exit}')}
  debootstrap --variant=minbase --include=systemd,systemd-sysv,python3.11,ca-certificates,curl,iproute2 \
    bookworm "$root" ${mirror:+"$mirror"} >"$SCRATCH/systemd.log" || { tail "$SCRATCH/systemd.log" >&2; exit 1; }
  ln -s /usr/bin/python3.11 "$root/usr/local/bin/python"
fi
rm -rf "$root/opt/facever" "$root/etc/facever" "$root/var/log/journal"
cp -a "$(tool mount "$(tool from localhost/facever)")/opt/facever" "$root/opt/"
install -D -m 644 deploy/systemd/facever.env "$root/etc/facever/facever.env"
install -m 644 deploy/systemd/facever.service "$root/etc/systemd/system/facever.service"
ln -sf /dev/null "$root/etc/systemd/system/console-getty.service"

mkdir "$group"
unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net bash -euc '
  echo $$ >"$2/cgroup.procs" 2>/dev/null || true
  cd "$1"
  mount --make-rprivate /
  mount --bind . . && cd "$1"
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs tmpfs dev && mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp
  mkdir dev/shm dev/pts dev/mqueue
  for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
  mount -t tmpfs tmpfs dev/shm
  mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts && ln -s pts/ptmx dev/ptmx
  mount -t mqueue mqueue dev/mqueue
  ln -s /proc/self/fd dev/fd
  mkdir -p old && pivot_root . old
  ip link set lo up
  umount -l /old
  mount --make-rshared /
  exec env -i container=proof PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=multi-user.target
' boot "$root" "$group" >"$SCRATCH/boot.log" 2>&1 &
boot=$!

within() { nsenter -t "$(pgrep -P "$boot")" -m -p -u -i -n -C "$@"; }
url=http://127.0.0.1:8080
ready() {
  for _ in $(seq 60); do
    if within curl -fs -o /dev/null "$url/readyz"; then return; fi
    sleep 1
  done
  within journalctl --no-pager -n 20 -u facever >&2
  exit 1
}
value() { within systemctl show facever -p "$1" --value; }
expect() { printf '%-28s %s\n' "$1" "$2"; [ "$2" = "$3" ] || { echo "expected: $3" >&2; exit 1; }; }

for _ in $(seq 30); do if within systemctl list-units >/dev/null 2>&1; then break; fi; sleep 1; done
expect 'systemd' "$(within systemctl --version | head -1 | cut -d' ' -f2)" 252
within systemctl start facever
ready
sandbox() { within grep "^$1:" "/proc/$(value MainPID)/status" | cut -f2; }
expect 'capabilities' "$(sandbox CapEff)$(sandbox CapBnd)" 00000000000000000000000000000000
expect 'no new privileges' "$(sandbox NoNewPrivs)" 1
expect 'system call filter' "$(sandbox Seccomp)" 2
expect 'warnings of its libraries' "$(within journalctl --no-pager -o cat -u facever | grep -c cpuinfo || true)" 0

probe=${PROBE:-}
if [ -n "$probe" ]; then nsenter -t "$(pgrep -P "$boot")" -n $probe "$url"; fi

made=$(within /opt/facever/bin/facever keys new proof | grep -oE 'proof:[0-9a-f]{64}')
(umask 077 && printf 'api_keys = ["%s"]\n' "$made" >"$root/etc/facever/facever.toml")
printf 'FACEVER_WORKERS=2\nFACEVER_INFERENCE_NICE=5\n' >>"$root/etc/facever/facever.env"
within systemctl restart facever
ready
expect 'without a key' "$(within curl -s -o /dev/null -w '%{http_code}' -X POST "$url/v1/face/pattern/extract")" 401
workers() { within cat "/proc/$(value MainPID)/task/$(value MainPID)/children"; }
within sh -c 'kill -KILL "$1"' kill "$(workers | cut -d' ' -f1)"
sleep 2
expect 'workers, one was killed' "$(workers | wc -w)" 2
within systemctl stop facever
expect 'stop' "$(value Result) $(value ExecMainStatus)" 'success 0'
