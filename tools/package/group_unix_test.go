//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestStart_whatIsInterruptedEndsWithAllThatItStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan *os.File, 1)
	go func() {
		f, err := os.OpenFile(fifo, os.O_WRONLY, 0) // waits until cat has opened it
		if err != nil {
			t.Error(err)
		}
		opened <- f
		cancel()
	}()
	if _, err := start(ctx, command{t.TempDir(), os.Environ(), "/bin/sh", []string{"-c", `cat "$0"; true`, fifo}}, t.Output()); err == nil {
		t.Error("it ended well")
	}
	f := <-opened
	defer f.Close()
	if _, err := f.WriteString("x"); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("cat still reads: %v", err)
	}
}
