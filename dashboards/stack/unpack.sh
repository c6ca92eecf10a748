#!/bin/sh
# Unpacks packages of Debian's newest suite into a folder: without root, and without installing them.
# usage: unpack.sh FOLDER PACKAGE...; their programs are then in FOLDER/usr.
set -eu
keys=/usr/share/keyrings/debian-archive-keyring.gpg
if [ ! -e "$keys" ]; then
  echo 'error: this is not Debian' >&2
  exit 1
fi
mirror=$(sh "$(dirname "$0")/mirror.sh")
mkdir -p "$1"
cd "$1"
shift
[ "$(cat unpacked 2>/dev/null)" != "$*" ] || exit 0

mkdir -p lists/partial cache/archives/partial
echo "deb [signed-by=$keys] $mirror sid main" >sources.list
apt() {
  apt-get -qq -o "Dir::Etc::SourceList=$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD/cache" -o APT::Sandbox::User=root "$@"
}
apt update
apt download "$@"
for package in ./*.deb; do dpkg -x "$package" .; done
rm -rf ./*.deb lists cache sources.list
echo "$*" >unpacked
