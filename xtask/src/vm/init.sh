#!/bin/busybox sh
# First process of the virtual machine: the host's files, read-only below, and a layer of
# memory above them for whatever the tests write. PACKAGE is where the kernel's package is
# unpacked on the host.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe $module
done
# Inodes need not be the same at every look: nobody else changes these files meanwhile.
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose host /host
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work root /root
# The kernel loads what it lacks by the program and the folder it knows.
mkdir -p /root/usr/lib/modules /root/usr/sbin
mount --bind "/host$PACKAGE/lib/modules" /root/usr/lib/modules
cp /bin/busybox /root/usr/sbin/modprobe
for folder in proc sys dev; do
    mount --move /$folder /root/$folder
done
mount -t tmpfs run /root/run
cp /tests.sh /root/run/tests.sh
cp /bin/busybox /root/run/busybox
# By the first process itself: the kernel's own helpers see the files that it sees.
exec chroot /root /bin/sh /run/tests.sh
