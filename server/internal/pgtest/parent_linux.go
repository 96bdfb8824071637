package pgtest

import "syscall"

// endWithParent makes the kernel end the server when this process is gone,
// however it went.
func endWithParent(who *syscall.SysProcAttr) *syscall.SysProcAttr {
	with := *who
	with.Pdeathsig = syscall.SIGQUIT // PostgreSQL's immediate shutdown
	return &with
}
