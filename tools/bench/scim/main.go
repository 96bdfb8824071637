//go:build linux

// Command scim measures the SCIM provider: a client in a process of its own
// against a real lanyardd, on SQLite and PostgreSQL. It prints a table in
// Markdown.
//
//	go run ./tools/bench/scim                                  1,000 people, SQLite
//	go run ./tools/bench/scim -sizes 1000,50000,1000000 -workspaces 1,100 \
//	    -db sqlite,postgres://postgres@/postgres?host=/run/postgresql
//
// One person for each workspace is made over HTTP; the others are copies of
// them, written straight into the tables while the server is down, and checked
// over HTTP before anything is measured. A postgres:// address is that of a
// server: a database is made there, and dropped at the end.
//
// With -worst it measures instead what others notice of the worst that can be
// asked for: while one workspace, which has all the people but a thousand, asks
// for it on two connections, another reads and writes on one each. The promise
// is that nothing holds them up by more than a tenth of a second.
//
// Client and server share the machine's cores, so the rates are what the two do
// together; the column of the server's CPU time for each request tells what it
// would do alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// settings are those of one run.
type settings struct {
	bin        string
	databases  []string
	sizes      []int
	workspaces []int
	conns      int
	each       time.Duration
	profiles   string // a folder, or empty
	worst      bool   // measure what others notice
	log        io.Writer
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	s := settings{log: errOut}
	flags := flag.NewFlagSet("scim", flag.ContinueOnError)
	flags.SetOutput(errOut)
	sizes := flags.String("sizes", "1000", "how many people, with commas")
	workspaces := flags.String("workspaces", "1", "over how many workspaces, with commas")
	dbs := flags.String("db", "sqlite", "sqlite or addresses of PostgreSQL servers, with commas")
	flags.StringVar(&s.bin, "bin", "", "a lanyardd; without it one is built")
	flags.IntVar(&s.conns, "conns", 8, "connections")
	flags.DurationVar(&s.each, "each", 5*time.Second, "how long each figure is measured")
	flags.StringVar(&s.profiles, "profile", "", "a folder for CPU profiles of the server, one for each figure")
	flags.BoolVar(&s.worst, "worst", false, "measure what others notice of the worst queries")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var err error
	if s.sizes, err = numbers(*sizes); err == nil {
		s.workspaces, err = numbers(*workspaces)
	}
	if err != nil {
		fmt.Fprintln(errOut, "scim:", err)
		return 2
	}
	s.databases = strings.Split(*dbs, ",")
	if err := s.all(ctx, out); err != nil {
		fmt.Fprintln(errOut, "scim:", err)
		return 1
	}
	return 0
}

func numbers(text string) ([]int, error) {
	var out []int
	for _, t := range strings.Split(text, ",") {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of people or workspaces", t)
		}
		out = append(out, n)
	}
	return out, nil
}

// all measures every combination, and prints each as it is done.
func (s settings) all(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "lanyard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of no use any more
	if s.bin == "" {
		s.bin = filepath.Join(dir, "lanyardd")
		if err := build(ctx, s.bin); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s, %d cores, %s, %d connections, %v each\n", time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.Version(), s.conns, s.each)
	for _, db := range s.databases {
		for _, size := range s.sizes {
			for _, spaces := range s.workspaces {
				d, err := newDatabase(ctx, db, filepath.Join(dir, fmt.Sprint(size, "-", spaces)))
				if err != nil {
					return err
				}
				err = s.one(ctx, out, d, size, spaces)
				d.drop()
				if err != nil {
					return fmt.Errorf("%s, %d people: %w", d.kind, size, err)
				}
			}
		}
	}
	return nil
}

// one measures one database at one size.
func (s settings) one(ctx context.Context, out io.Writer, d *database, size, spaces int) error {
	b := &bench{settings: s, db: d, size: size}
	began := time.Now()
	if err := b.seed(ctx, spaces); err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	fmt.Fprintf(s.log, "%s: %d people in %d workspaces, seeded in %v\n", d.kind, size, spaces, time.Since(began).Round(time.Second))
	defer b.stop()
	if s.worst {
		return b.worstOf(ctx, out)
	}
	rows, err := b.measure(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s, %d people, %d workspaces; server %d MB resident (at most %d), database %d MB\n\n", d.kind, size, spaces, b.rss, b.peak, b.bytes>>20)
	fmt.Fprintf(out, "| what | a second | p50 | p99 | server CPU | failed |\n|---|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %d |\n", r.name, rate(r.perSecond), r.p50, r.p99, r.cpu, r.failed)
	}
	return nil
}

func rate(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
