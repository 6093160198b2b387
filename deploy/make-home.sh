#!/usr/bin/env bash
# Makes the user that services run as, and the folders they write to, below ROOT.
#
#   deploy/make-home.sh ROOT     / in an image
set -euo pipefail
root=${1:?which root? / in an image}
root=${root%/}
id=1000 home=/var/lib/santander

# written by hand because Java must find a name for the user, and useradd cannot work below another root
mkdir -p "$root/etc"
grep -q ^santander: "$root/etc/group" 2>/dev/null || echo "santander:x:$id:" >>"$root/etc/group"
grep -q ^santander: "$root/etc/passwd" 2>/dev/null || echo "santander:x:$id:$id::$home:/bin/bash" >>"$root/etc/passwd"
mkdir -p "$root$home"/{state,s3,work}
[ "$(id -u)" -ne 0 ] || chown -R $id:$id "$root$home"
