#!/usr/bin/env bash
# Builds the Dockerfile without a container engine and runs the result like a container: the image's command and
# environment, uid 10001, no capabilities, a read-only root file system. Prints the layers' sizes.
#
# Needs root on Debian or Ubuntu, the packages debootstrap and buildah, a Debian mirror, the registries of pip and npm.
# Instead of python:3.11-slim-bookworm it makes a Debian 12 with Python 3.11 and pip, unless BASE names an image.
#   MIRROR  Debian mirror; default: apt's        SCRATCH  working folder, kept; default: a temporary one
#   CA      additional certificates to trust     PORT     default: 8089
#   PROBE   a command that checks the server; its argument is the URL; default: none
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
absent=()
for tool in debootstrap buildah unshare chroot python3; do command -v "$tool" >/dev/null || absent+=("$tool"); done
[ "$(id -u)" = 0 ] || absent+=("root's rights")
if [ ${#absent[@]} -gt 0 ]; then
  echo "the image cannot be tested here; missing: ${absent[*]}" >&2
  exit 77
fi

port=${PORT:-8089}
scratch=${SCRATCH:-$(mktemp -d)}
mkdir -p "$scratch"
tool() { buildah --root "$scratch/store" --runroot "$scratch/run" "$@"; }
server=
finish() {
  if [ -n "$server" ]; then kill -KILL "$server" 2>/dev/null || true; fi
  tool umount -a >/dev/null 2>&1 || true
  if [ -z "${SCRATCH:-}" ]; then
    tool rm -a >/dev/null 2>&1 || true
    tool rmi -a -f >/dev/null 2>&1 || true
    rm -rf --one-file-system "$scratch"
  fi
}
trap finish EXIT
export BUILDAH_ISOLATION=chroot

# Replaces the official image: python and pip in /usr/local, without leftovers of the installation.
make_base() {
  local root=$scratch/base mirror=${MIRROR:-}
  [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 == "bookworm" {print $1; exit}')
  rm -rf "$root"
  debootstrap --variant=minbase --include=python3.11,python3.11-venv,python3-distutils,ca-certificates \
    bookworm "$root" ${mirror:+"$mirror"} >"$scratch/debootstrap.log" || { tail "$scratch/debootstrap.log" >&2; return 1; }
  ln -s /usr/bin/python3.11 "$root/usr/local/bin/python"
  rm "$root/usr/lib/python3.11/EXTERNALLY-MANAGED"
  chroot "$root" sh -c 'cd /usr/share/python-wheels && python "$(echo pip-*.whl)/pip" install -q --no-index \
    --root-user-action=ignore --no-deps pip-*.whl setuptools-*.whl'
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/{doc,man,locale}
  local container
  container=$(tool from scratch)
  tool add -q "$container" "$root" / >/dev/null
  tool config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  tool commit -q --rm "$container" localhost/python-slim >/dev/null
  rm -rf "$root"
}

base=${BASE:-localhost/python-slim}
if [ -z "${BASE:-}" ] && ! tool inspect --type image "$base" >/dev/null 2>&1; then
  say "a base image"
  make_base
fi

say "the Dockerfile"
secrets=()
secret() { if [ -s "$2" ]; then secrets+=(--secret "id=$1,src=$2"); fi; }
for file in "${PIP_CONFIG_FILE:-}" ~/.config/pip/pip.conf /etc/pip.conf; do
  if [ -s "$file" ]; then secret pip.conf "$file"; break; fi
done
secret npmrc "${NPM_CONFIG_USERCONFIG:-$HOME/.npmrc}"
secret ca.pem "${CA:-${SSL_CERT_FILE:-}}"
for name in PIP_INDEX_URL NPM_CONFIG_REGISTRY; do
  if [ -n "${!name:-}" ]; then secrets+=(--build-arg "$name=${!name}"); fi
done
tool bud --layers --format docker --build-arg "BASE=$base" "${secrets[@]}" -t localhost/facever . >"$scratch/build.log" 2>&1 ||
  { tail -40 "$scratch/build.log" >&2; exit 1; }
grep -E '^(bad|note|ok) ' "$scratch/build.log" || true # the output of `facever doctor` during the build

say "the image"
rm -rf "$scratch/pushed"
tool push -q localhost/facever "dir:$scratch/pushed"
fact() { python3 deploy/image_facts.py "$scratch/pushed" "$1"; }
fact layers
[ "$(fact user)" = 10001:10001 ] || { echo "the image's user is $(fact user)" >&2; exit 1; }
root=$(tool mount "$(tool from localhost/facever)")
if find "$root" -xdev \( -name 'pip-*' -o -name 'setuptools-*' -o -path '*/site-packages/pip' \
  -o -path '*/site-packages/setuptools' \) | grep .; then
  echo "the image must not contain these files" >&2
  exit 1
fi

# Usage: inside VARIABLE=VALUE… COMMAND…. Runs a command in the image as its user, with the machine's network.
inside() {
  exec unshare --mount --pid --fork --kill-child sh -c '
    root=$1; shift
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir -m 1777 "$root/dev/shm"
    for name in null zero urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
    exec chroot "$root" setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs --bounding-set=-all \
      --inh-caps=-all env -i "$@"' inside "$root" "$@"
}
mapfile -t environment < <(fact env)
mapfile -t command < <(fact cmd)
mapfile -t health < <(fact health)
environment+=("FACEVER_PORT=$port")
probe=${PROBE:-}

failed=0
for workers in 1 2; do
  say "a container, FACEVER_WORKERS=$workers"
  inside "${environment[@]}" "FACEVER_WORKERS=$workers" "${command[@]}" 2>"$scratch/serve-$workers.log" &
  server=$!
  for _ in $(seq 60); do
    if (inside "${environment[@]}" "${health[@]}") >/dev/null 2>&1 || ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 1
  done
  if ! (inside "${environment[@]}" "${health[@]}"); then
    tail -20 "$scratch/serve-$workers.log" >&2
    exit 1
  fi
  for place in / /tmp /opt/facever; do
    if (inside "${environment[@]}" touch "$place/written") 2>/dev/null; then echo "$place is writable" >&2; failed=1; fi
  done
  if [ -n "$probe" ]; then
    $probe "http://127.0.0.1:$port" | tail -5 || failed=1
  else
    echo "not probed: PROBE is not set"
  fi
  kill -TERM "$(pgrep -P "$server")"
  status=0
  wait "$server" || status=$?
  server=
  echo "exit status on SIGTERM: $status"
  [ "$status" = 0 ] || failed=1
done
exit $failed
