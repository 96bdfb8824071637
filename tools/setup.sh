# shellcheck shell=bash
# What ./test, ./demo and tools/bench need from a Debian or Ubuntu machine: finds
# what is missing, names it, installs it. To be sourced from the module's root.

# say prints words for the person; results go elsewhere.
say() { printf '%s\n' "$*" >&2; }

# fail ends the script with a reason.
fail() {
  say ""
  say "✗ $*"
  exit 1
}

# packages_for prints the Debian packages a purpose needs, one word each.
packages_for() {
  case $1 in
    build) echo "gcc pkg-config libc6-dev libgl1-mesa-dev xorg-dev" ;;
    test) echo "postgresql dbus gnome-keyring libsecret-tools git xmlsec1 libxml2-utils default-jdk-headless clang xz-utils" ;;
    screen) echo "xvfb xdotool libgl1-mesa-dri dbus gnome-keyring xdg-utils fonts-dejavu-core" ;;
    long) echo "simplesamlphp php-cli php-xml php-mbstring php-curl python3-pysaml2 aapt apksigner zipalign android-framework-res android-platform-frameworks-native-headers android-liblog-dev android-libnativehelper-dev unzip binutils make desktop-file-utils gcc-mingw-w64-x86-64 wine wine64" ;;
    window) echo "libgl1-mesa-dri xdg-utils" ;;
    npm) echo "nodejs npm" ;;
    packed_browser) echo "nodejs npm libnss3 libnspr4 libexpat1" ;;
    *) fail "setup: unknown purpose $1" ;;
  esac
}

# find_browser sets BROWSER_PROGRAM to a Chromium that can be driven. Ubuntu's
# chromium is a stub that starts a snap, which cannot use folders of our choice.
find_browser() {
  local name path
  BROWSER_PROGRAM=
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    path=$(command -v "$name") || continue
    case $(readlink -f "$path") in */snap | /snap/*) continue ;; esac
    if head -c 4096 "$path" | grep -aq '/snap/bin'; then continue; fi
    BROWSER_PROGRAM=$path
    export BROWSER_PROGRAM
    return 0
  done
  [[ -x $packed_browser ]] || return 1
  export BROWSER_PROGRAM=$packed_browser
}

# need_packages PURPOSE… installs what is missing for these purposes.
need_packages() {
  local purpose package wanted=() missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "This is neither Debian nor Ubuntu: make sure there is what these packages of Debian hold:"
    for purpose in "$@"; do say "  $(packages_for "$purpose")"; done
    return 0
  fi
  for purpose in "$@"; do
    read -ra wanted <<<"$(packages_for "$purpose")"
    for package in "${wanted[@]}"; do
      [[ " ${missing[*]-} " == *" $package "* ]] && continue
      [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
  done
  [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
}

# need_browser installs Chromium: Debian's package, or on Ubuntu, which has none,
# the one that an npm package holds.
need_browser() {
  find_browser && return 0
  if grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
    need_packages packed_browser
    [[ -x $packed_browser ]] || slow "unpacking Chromium from the npm package $packed_name" unpack_browser
  else
    install_packages chromium
  fi
  find_browser || fail "Chromium was installed but cannot be found"
}

packed_name=@sparticuz/chromium@147.0.0
packed_sha512=e1929e01041af2ea769adebbe6a4a2b73b4b75b42b95ff0129d0b99da79aa7ee4cbf5395d4e94974fa14f84242fe9e6c414254426378afeab9f8485a68e507a5
packed_browser=${XDG_CACHE_HOME:-$HOME/.cache}/lanyard/chromium-147.0.0/chromium

# unpack_browser puts the Chromium of the npm package at $packed_browser.
unpack_browser() (
  set -e
  mkdir -p "$(dirname "$packed_browser")"
  dir=$(mktemp -d -p "$(dirname "$packed_browser")")
  trap 'rm -rf "$dir"' EXIT
  cd "$dir"
  npm pack --silent "$packed_name" >&2
  echo "$packed_sha512  $(ls ./*.tgz)" | sha512sum -c -
  tar -xzf ./*.tgz package/bin/chromium.br
  node -e 'const fs = require("fs"), zlib = require("zlib");
    fs.writeFileSync("chromium", zlib.brotliDecompressSync(fs.readFileSync("package/bin/chromium.br")), { mode: 0o755 })'
  ./chromium --version
  mv chromium "$packed_browser"
)

# need_axe fetches axe-core, which looks for what keeps people out of pages, from
# its npm package. It is used by tests and in no product.
need_axe() {
  if [[ ! -f $LANYARD_AXE ]]; then
    command -v npm >/dev/null || need_packages npm
    slow "unpacking the npm package $axe_name" unpack_axe
  fi
}

axe_name=axe-core@4.14.1
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
export LANYARD_AXE=${XDG_CACHE_HOME:-$HOME/.cache}/lanyard/axe-core-4.14.1/axe.min.js

unpack_axe() (
  set -e
  mkdir -p "$(dirname "$LANYARD_AXE")"
  dir=$(mktemp -d -p "$(dirname "$LANYARD_AXE")")
  trap 'rm -rf "$dir"' EXIT
  cd "$dir"
  npm pack --silent "$axe_name" >&2
  echo "$axe_sha512  $(ls ./*.tgz)" | sha512sum -c -
  tar -xzf ./*.tgz package/axe.min.js
  mv package/axe.min.js "$LANYARD_AXE"
)

# install_packages installs the named packages, or says how and ends.
install_packages() {
  local as_root=()
  say "Missing on this machine: $*"
  if [[ $(id -u) -ne 0 ]]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      as_root=(sudo)
      say "Installing needs root: sudo may ask for your password."
    else
      fail "Cannot install packages without root. Run this, then start again:
    apt-get update && apt-get install -y --no-install-recommends $*"
    fi
  fi
  if [[ -z ${package_lists_fresh-} ]]; then
    slow "reading the package lists" "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -q update
    package_lists_fresh=1
  fi
  slow "installing $*" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -q install -y --no-install-recommends "$@"
}

# need_go checks for the Go that go.mod asks for.
need_go() {
  local want got
  want=$(sed -n 's/^go //p' go.mod)
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || fail "Go is not installed. Install Go $want or later from Go's own download page, then start this again."
  # Go 1.21 and later fetch the version that go.mod names by themselves.
  got=$(go env GOVERSION 2>/dev/null) || got=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || go version)
  if [[ $(printf '%s\n%s\n' "$want" "${got#go}" | sort -V | head -n 1) != "$want" ]]; then
    fail "Go $want or later is needed, and this is $got. Install a newer one from Go's own download page, then start this again."
  fi
}

# slow WHAT COMMAND… runs a command that may take long: it says what is going
# on every few seconds, keeps the command's output aside, and shows the end of
# it when the command fails.
slow() {
  local what=$1 log start=$SECONDS pid last shown=0
  shift
  log=$(mktemp)
  say "· $what"
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    # Wait for the command's end, but at most a second.
    timeout 1 tail --pid="$pid" -f /dev/null || true
    if ((SECONDS - start >= shown + 20)); then
      shown=$((SECONDS - start))
      last=$(tail -n 1 "$log" | tr -d '\r' | cut -c1-70)
      say "    … ${shown} s${last:+, at: $last}"
    fi
  done
  if ! wait "$pid"; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    fail "$what failed (the lines above say why)"
  fi
  rm -f "$log"
  say "    done in $((SECONDS - start)) s"
}

# build_app and build_server put the two programs into the named folder. They
# are compiled as go vet compiles (no -trimpath), so that OpenGL is done once.
build_app() {
  slow "building the app (Fyne and OpenGL take 5 to 10 minutes the first time, seconds after)" \
    env CGO_ENABLED=1 go build -v -ldflags "-s -w" -o "$1/lanyard" .
}
build_server() {
  slow "building lanyardd (about a minute the first time)" \
    env CGO_ENABLED=0 go build -v -ldflags "-s -w" -o "$1/lanyardd" ./cmd/lanyardd
}
