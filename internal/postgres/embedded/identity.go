//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is as whom the programs of PostgreSQL run. They refuse to run as
// root, so root lends them another one.
type identity struct {
	// how is "self" for an ordinary user; "namespace" when root appears to them
	// as the user below, but files stay root's; "credential" when they truly
	// run as that user, who then owns the files.
	how      string
	uid, gid int
}

// chooseIdentity decides it. A cluster that exists keeps its owner where that
// is possible.
func chooseIdentity(b binaries, cluster string) (identity, error) {
	owner, exists := ownerOf(cluster)
	if me := os.Geteuid(); me != 0 {
		if exists && owner != me {
			return identity{}, fmt.Errorf("%s belongs to the user with uid %d; start as that user, or choose another DATA_DIR", cluster, owner)
		}
		return identity{how: "self"}, nil
	}
	if exists && owner != 0 {
		u, err := user.LookupId(strconv.Itoa(owner))
		if err != nil {
			return identity{}, fmt.Errorf("%s belongs to uid %d, which has no name here; chown it to root, or choose another DATA_DIR", cluster, owner)
		}
		return asUser(u, "credential")
	}
	return chooseForRoot(b, cluster)
}

func chooseForRoot(b binaries, cluster string) (identity, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		for _, how := range []string{"namespace", "credential"} {
			id, err := asUser(u, how)
			if err != nil || id.try(b) != nil {
				continue
			}
			return id, id.own(filepath.Clean(cluster))
		}
	}
	return identity{}, errors.New("PostgreSQL does not run as root, and neither a user namespace nor the users postgres and nobody " +
		"can run " + b.path("postgres") + "; start as an ordinary user, or set DATABASE_URL")
}

func asUser(u *user.User, how string) (identity, error) {
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return identity{how: how, uid: uid, gid: gid}, errors.Join(err1, err2)
}

// try runs the binary in this identity: whether namespaces are allowed, and
// whether the user may reach the file, is best asked that way.
func (id identity) try(b binaries) error {
	cmd := exec.CommandContext(context.Background(), b.path("postgres"), "--version")
	cmd.Dir = "/"
	cmd.SysProcAttr = id.attributes()
	return cmd.Run()
}

// attributes are for every child. Each gets a process group of its own, so that
// Ctrl-C in a terminal reaches us and not the database under us.
func (id identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	switch id.how {
	case "namespace":
		enterNamespace(a, id)
	case "credential":
		a.Credential = &syscall.Credential{Uid: uint32(id.uid), Gid: uint32(id.gid)}
	}
	return a
}

// own gives files to the user who works with them; paths that do not exist are
// left alone. The data directory must then let that user through.
func (id identity) own(paths ...string) error {
	if id.how != "credential" {
		return nil
	}
	for _, p := range paths {
		if err := os.Chmod(filepath.Dir(p), 0o711); err != nil {
			return err
		}
		err := filepath.WalkDir(p, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, id.uid, id.gid)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("give %s to uid %d: %w", p, id.uid, err)
		}
	}
	return nil
}

func ownerOf(dir string) (uid int, exists bool) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
