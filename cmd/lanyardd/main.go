// Command lanyardd is the Lanyard server and its commands. It only wires: both
// database engines and the local Entra are handed to package cli, which does
// the rest.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// version is set by a release build: -ldflags "-X main.version=v1.2.3".
var version string

func main() { os.Exit(run()) }

// run is main with deferred work done.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the program ends gracefully. The second finds
	// the default behaviour again and ends it at once.
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr, cli.Options{
		Version:      version,
		OpenSQLite:   sqlite.Open,
		OpenPostgres: postgres.Open,
		StartEntra:   startEntra,
	})
}
