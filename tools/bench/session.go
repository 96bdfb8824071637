//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
)

// benchLine is how `go test -bench` reports a figure of BenchmarkSession.
var benchLine = regexp.MustCompile(`(?m)^BenchmarkSession/(\S+?)(?:-\d+)?\s+\d+\s+.*?([\d.]+) sessions/s`)

// sessions asks the server's own benchmark how many Microsoft tokens become
// sessions in a second on each database.
func (b *bench) sessions(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkSession$", "-benchtime", "5s", "./server").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w: %s", err, out)
	}
	found := benchLine.FindAllSubmatch(out, -1)
	if len(found) < 2 {
		return fmt.Errorf("the benchmark of the server printed nothing that is known here:\n%s", out)
	}
	for _, m := range found {
		b.add("`POST /v1/session` a second, "+string(m[1]), string(m[2]), "`server.BenchmarkSession`, 16 callers: token judged, person admitted, session stored and synced to disk; no network in between")
	}
	return nil
}
