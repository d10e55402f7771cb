//go:build unix && !linux

package embedded

import "syscall"

// enterNamespace makes the start fail: there are no user namespaces here, so
// that root has to lend a true identity.
func enterNamespace(a *syscall.SysProcAttr, _ identity) { a.Chroot = "/dev/null" }

// dieWithParent has no counterpart here: the next start shuts an orphan down.
func dieWithParent(*syscall.SysProcAttr) {}
