#!/usr/bin/env bash
# Builds the image without a registry, and calls it as Airbyte's platform does.
#
#   packaging/image.sh            # for this machine's processor
#   packaging/image.sh arm64      # builds, and checks the image without running it
#
# It needs Linux, Go, and either podman or docker with a running daemon; for root
# it installs podman with apt-get. Without an engine it prints that it skips the
# test, and succeeds. It makes the two base images: the one to build on from this
# machine's Go and a static busybox, the one to run on from busybox alone. It keeps
# podman's images and containers in a directory of its own, and removes that;
# from docker it removes the images.
set -euo pipefail
cd "$(dirname "$0")/.."

began=$SECONDS
say() { printf 'image: %4d s  %s\n' $((SECONDS - began)) "$1"; }
fail() { cat "$work/log"; say "FAILED"; exit 1; }
skip() { say "SKIPPED, nothing was built or tested: $1"; exit 0; }

arch=${1:-$(go env GOARCH)}
[ "$(go env GOOS)" = linux ] || skip "this is not Linux"

# An engine that builds and runs.
find_engine() {
  if docker info > /dev/null 2>&1; then engine=docker; elif command -v podman > /dev/null; then engine=podman; else return 1; fi
}
static_busybox() { command -v busybox > /dev/null && ! ldd "$(command -v busybox)" > /dev/null 2>&1; }
if ! { find_engine && static_busybox; } && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  say "installing busybox-static, podman and runc with apt-get"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends busybox-static ca-certificates podman runc; } > /dev/null ||
    say "apt-get failed"
fi
find_engine || skip "no docker daemon, no podman, and no root with apt-get to install it"
static_busybox || skip "no static busybox, and no root with apt-get to install it"
[ -s /etc/ssl/certs/ca-certificates.crt ] || skip "no certificates in /etc/ssl/certs/ca-certificates.crt"
say "engine: $("$engine" --version)"

work=$(mktemp -d)
image=localhost/source-gorgias:proof-$$ build_base=localhost/source-gorgias-build:proof-$$ run_base=localhost/source-gorgias-run:proof-$$
finish() {
  if [ "$engine" = docker ]; then
    docker image rm --force "$image" "$build_base" "$run_base" > /dev/null 2>&1 || true
  elif [ "$(id -u)" = 0 ]; then
    rm -rf "$work/storage" "$work/run"
  else
    podman unshare rm -rf "$work/storage" "$work/run"
  fi
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap finish EXIT

call=("$engine")
isolation=()
if [ "$engine" = podman ]; then
  call=(podman --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
  command -v runc > /dev/null && call+=(--runtime runc)
  [ "$(id -u)" = 0 ] && call+=(--cgroup-manager cgroupfs)
  isolation=(--isolation chroot --layers=false --pull=never) # no nested namespaces, one copy of the base, no registry
fi

foreign=(--arch "$arch") # the processor in the description of the base to run on
[ "$engine" = docker ] && foreign=(--platform "linux/$arch")

# The base to run on.
mkdir -p "$work/root/bin" "$work/root/tmp"
chmod 1777 "$work/root/tmp"
install -m 0755 "$(command -v busybox)" "$work/root/bin/busybox"
for applet in $(busybox --list); do
  [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
done
path='ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
tar -C "$work/root" --owner=0 --group=0 -c . | "${call[@]}" import --change "$path" "${foreign[@]}" - "$run_base" >> "$work/log" 2>&1 || fail
say "base to run on: busybox"

# The base to build on: the same, Go and the modules that go.mod names; no network.
mkdir -p "$work/root/usr/local" "$work/root/etc/ssl/certs" "$work/root/go/pkg"
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
goroot=$(go env GOROOT)
mkdir "$work/root/usr/local/go"
tar -C "$goroot" -ch --exclude=./test --exclude=./api --exclude=./doc --exclude=./misc --exclude=./pkg/obj --exclude=testdata --exclude='*_test.go' . |
  tar -C "$work/root/usr/local/go" -x
GOPROXY="file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)" GOMODCACHE="$work/root/go/pkg/mod" GOFLAGS=-modcacherw go mod download
tar -C "$work/root" --owner=0 --group=0 -c . | "${call[@]}" import \
  --change 'ENV PATH=/usr/local/go/bin:/bin' --change 'ENV GOPATH=/go' --change 'ENV GOPROXY=off' --change 'ENV GOTOOLCHAIN=local' - "$build_base" >> "$work/log" 2>&1 || fail
say "base to build on: busybox, $(go env GOVERSION), modules; $(du -sm "$work/root" | cut -f1) MB"
rm -rf "$work/root/usr" "$work/root/go"

if [ "$engine" = podman ]; then # which finds images for another processor only by id
  build_base=$("${call[@]}" image inspect --format '{{.Id}}' "$build_base")
  run_base=$("${call[@]}" image inspect --format '{{.Id}}' "$run_base")
fi
"${call[@]}" build "${isolation[@]}" --platform "linux/$arch" \
  --build-arg BUILD_BASE="$build_base" --build-arg RUN_BASE="$run_base" -t "$image" . >> "$work/log" 2>&1 || fail
[ "$engine" = podman ] && image=$("${call[@]}" image inspect --format '{{.Id}}' "$image")
say "built for linux/$arch"

go test ./integration_tests -run '^TestImage$' -count 1 -v -args -engine "${call[*]}" -image "$image" -image-arch "$arch"
say "tested"
