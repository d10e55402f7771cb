package pgtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/getpurser/purser/internal/postgres/embedded"
)

// Options are how a throw-away cluster for tests is run: many connections, no
// care for the disk.
func Options(dir string) embedded.Options {
	return embedded.Options{DataDir: dir, NoSync: true, Settings: map[string]string{
		"max_connections": "400", "autovacuum": "off", "max_wal_size": "1GB", "wal_level": "minimal", "max_wal_senders": "0"}}
}

// startPrivate starts a cluster that nobody stops: postgres goes with this
// process, and a watching shell then removes the directory.
func startPrivate(ctx context.Context) (address string, leash io.Closer, err error) {
	dir, err := TempDir()
	if err != nil {
		return "", nil, err
	}
	if leash, err = watch(dir); err != nil {
		return "", nil, fmt.Errorf("watch over the test cluster: %w", err)
	}
	server, err := embedded.Start(ctx, Options(dir))
	if err != nil {
		return "", nil, err
	}
	return server.OwnerURL(), leash, nil
}

// TempDir makes a directory for a throw-away cluster: in memory if there is
// plenty, where a clone takes a tenth of the time. As root, postgres may run as
// another user, who has to get in.
func TempDir() (string, error) {
	parent := ""
	if roomy(memory) {
		parent = memory
	}
	dir, err := os.MkdirTemp(parent, "purser-pgtest-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// memory is a file system in memory on Linux; containers often keep it tiny.
const memory = "/dev/shm"

// roomy reports whether 3 GiB are free there and we may write: the write-ahead
// log takes 1 GiB at most, a database about 12 MiB.
func roomy(dir string) bool {
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < 3<<30 {
		return false
	}
	probe, err := os.MkdirTemp(dir, "purser-pgtest-")
	return err == nil && os.Remove(probe) == nil
}

// watching ends when its input does, which is when this process ends, however
// it ends. It then stops postgres, where the kernel has not, and removes the
// directory.
const watching = `cat >/dev/null
for f in "$1"/pg-*/postmaster.pid; do
  pid=$(head -n 1 "$f" 2>/dev/null) || continue
  kill -INT "$pid" 2>/dev/null
  n=0; while kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
done
rm -rf "$1"`

// watch starts the watching shell. Its input ends early if the leash is
// forgotten: an unreachable file is closed by the garbage collector.
func watch(dir string) (leash io.Closer, err error) {
	watcher := exec.Command("/bin/sh", "-c", watching, "sh", dir)
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if leash, err = watcher.StdinPipe(); err != nil {
		return nil, err
	}
	return leash, watcher.Start()
}
