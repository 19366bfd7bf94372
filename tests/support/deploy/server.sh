# A server in namespaces of its own: sshd, a Docker engine and Caddy on its loopback.
# Everything ends with the first process. Arguments: the bench's folder, sshd, lines for sshd's configuration, and the
# size of the engine's disk.
set -eu
bench=$1 sshd=$2 options=$3
ip link set lo up
# Nothing of the machine's own engine, sshd or proxy is seen in here.
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd "$bench/tmp" "$bench/home"
mount --bind "$bench/tmp" /tmp
chmod 1777 /tmp
{
    cat /etc/passwd
    echo "sshd:x:74:74::/run/sshd:/usr/sbin/nologin"
    echo "guest:x:1974:1974::$bench/home:/bin/sh"
} > "$bench/passwd"
mount --bind "$bench/passwd" /etc/passwd
# Newer releases of sshd are several programs at a fixed place.
parts=$(dirname "$sshd")/../lib/openssh
if [ -e "$parts/sshd-session" ]; then
    mount --bind "$parts" /usr/lib/openssh
fi
# The engine's client is on the PATH of every session, as on a server, also if it is installed for the tests alone.
client=$(dirname "$(command -v docker)")
cat > "$bench/sshd_config" << END
Port 2222
ListenAddress 127.0.0.1
HostKey $bench/host_key
AuthorizedKeysFile $bench/user_key.pub
StrictModes no
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
SetEnv PATH=$client:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
$options
END
# One that is not installed has its libraries beside it.
libraries=$(echo "$(dirname "$sshd")"/../lib/*-linux-*)
LD_LIBRARY_PATH=$libraries "$sshd" -D -e -f "$bench/sshd_config" > "$bench/sshd.log" 2>&1 &
XDG_DATA_HOME=$bench/caddy XDG_CONFIG_HOME=$bench/caddy HOME=$bench/caddy \
    caddy run --config "$bench/Caddyfile" --adapter caddyfile > "$bench/caddy.log" 2>&1 &
# A small disk, if one is asked for.
if [ -n "$4" ]; then
    mkdir -p "$bench/data"
    mount -t tmpfs -o size="$4" tmpfs "$bench/data"
fi
dockerd --host=unix:///var/run/docker.sock --host="unix://$bench/engine.sock" \
    --data-root="$bench/data" --exec-root=/run/docker --pidfile=/run/docker.pid > "$bench/engine.log" 2>&1 &
echo ready
# The bench's end closes this.
cat > /dev/null
