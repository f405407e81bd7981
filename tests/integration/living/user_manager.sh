# Run a command under a systemd user manager of its own, in new namespaces: unshare ... sh FILE COMMAND...
set -eu
mount -t tmpfs tmpfs /run
export XDG_RUNTIME_DIR=/run/user/$(id -u)
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
/lib/systemd/systemd --user --log-target=console >"$HOME/systemd.log" 2>&1 &
tries=0
until systemctl --user is-system-running 2>/dev/null | grep -q 'running\|degraded'; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat "$HOME/systemd.log" >&2; exit 99; }
  sleep 0.1
done
status=0
"$@" || status=$?
systemctl --user exit || true
exit "$status"
