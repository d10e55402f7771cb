//go:build unix

package embedded

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Programs are those of one PostgreSQL on this machine, and as whom they run:
// for who keeps clusters in another way than Server does.
type Programs struct {
	bin      binaries
	identity identity
}

// FindPrograms finds the newest installation, to work on clusters in dir.
func FindPrograms(ctx context.Context, dir string) (Programs, error) {
	found, err := find(ctx, dir)
	if err != nil {
		return Programs{}, err
	}
	if len(found) == 0 {
		return Programs{}, errors.New("there are no programs of PostgreSQL on this machine")
	}
	p := Programs{bin: newest(found)}
	p.identity, err = chooseIdentity(p.bin, dir)
	return p, err
}

// Command is a call of initdb, postgres, pg_basebackup and the like. What it
// reads has to be readable for the user that it runs as: see Own.
func (p Programs) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.bin.path(program), args...)
	cmd.Dir = "/"
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.SysProcAttr = p.identity.attributes()
	return cmd
}

// Own gives files to the user that the programs run as.
func (p Programs) Own(paths ...string) error { return p.identity.own(paths...) }
