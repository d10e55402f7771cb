package embedded

import "syscall"

// enterNamespace lets root appear as another user to the child.
func enterNamespace(a *syscall.SysProcAttr, id identity) {
	a.Cloneflags = syscall.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: id.uid, HostID: 0, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: id.gid, HostID: 0, Size: 1}}
}

// dieWithParent has the kernel ask postgres for a fast shutdown when the thread
// that started it ends; run keeps that thread for as long as postgres runs.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
