#!/bin/bash
# The first process of one lab host, in mount, UTS and PID namespaces of its own:
# makes the host's root from the machine's, then becomes its sshd.
# host_boot.sh NAME ADDRESS FOLDER MAIL_ADDRESS
set -euo pipefail
name=$1 address=$2 folder=$3 mail=$4

hostname "$name.lab.test"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"

mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts
mkdir -m 1777 dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 run run
mkdir run/sshd

echo "$name.lab.test" > etc/hostname
printf '127.0.0.1 localhost\n%s %s.lab.test %s\n%s mail.lab.test\n' \
  "$address" "$name" "$name" "$mail" > etc/hosts

chroot . /usr/bin/python3 /etc/lab/syslog_sink.py &
for _ in {1..200}; do
  [ ! -S dev/log ] || break
  sleep 0.02
done
[ -S dev/log ] || { echo "the syslog sink did not come up"; exit 1; }

exec chroot . /usr/sbin/sshd -D -f /etc/lab/sshd_config
