//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// endTogether has a program end with everything that it started: Fyne's packager
// starts go build, which would go on for minutes in a folder that is gone. Go
// tidies up after itself at SIGINT.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}
