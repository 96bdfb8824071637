//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// row is one line of the table.
type row struct {
	name      string
	perSecond float64
	p50, p99  time.Duration
	// cpu is the server's processor time for each: what it costs whatever else
	// the machine does.
	cpu    time.Duration
	failed int
}

// sample is what was measured of one kind of request.
type sample struct {
	took    []time.Duration
	failed  int
	elapsed time.Duration
	cpu     time.Duration
}

// row makes a line of the table.
func (s sample) row(name string) row {
	out := row{name: name, failed: s.failed}
	slices.Sort(s.took)
	if n := len(s.took); n > 0 {
		out.perSecond = float64(n) / s.elapsed.Seconds()
		out.cpu = (s.cpu / time.Duration(n)).Round(time.Microsecond)
		out.p50, out.p99 = s.took[n/2].Round(10*time.Microsecond), s.took[n*99/100].Round(10*time.Microsecond)
	}
	return out
}

// report prints a line as it is done.
func (b *bench) report(out row) {
	fmt.Fprintf(b.log, "  %s: %s a second, p50 %v, p99 %v, CPU %v, %d failed\n", out.name, rate(out.perSecond), out.p50, out.p99, out.cpu, out.failed)
}

// during runs do on every connection until the time is over.
func (b *bench) during(ctx context.Context, s step) (row, error) {
	profiled := b.profile(s.name)
	got, err := b.sample(ctx, b.conns, b.each, s)
	if err := errors.Join(err, profiled()); err != nil {
		return row{name: s.name}, err
	}
	out := got.row(s.name)
	b.report(out)
	return out, ctx.Err()
}

// sample runs a step on so many connections for so long.
func (b *bench) sample(ctx context.Context, conns int, each time.Duration, s step) (sample, error) {
	parts, errs := make([]sample, conns), make([]error, conns)
	workers := make([]*worker, conns)
	for i := range conns {
		c, err := dial(b.server.addr)
		if err != nil {
			return sample{}, err
		}
		defer c.close()
		workers[i] = &worker{client: c, b: b, no: i, dice: rand.New(rand.NewPCG(uint64(i), uint64(len(s.name))))}
		if s.before != nil {
			if err := s.before(workers[i]); err != nil {
				return sample{}, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	var wg sync.WaitGroup
	began, used := time.Now(), b.cpu()
	for i, w := range workers {
		wg.Go(func() { errs[i] = w.until(ctx, began.Add(each), s, &parts[i]) })
	}
	wg.Wait()
	all := sample{elapsed: time.Since(began), cpu: b.cpu() - used}
	for _, p := range parts {
		all.took, all.failed = append(all.took, p.took...), all.failed+p.failed
	}
	if err := errors.Join(errs...); err != nil {
		return all, fmt.Errorf("%s: %w", s.name, err)
	}
	return all, nil
}

// until runs a step until a time, or until nothing is left to do.
func (w *worker) until(ctx context.Context, end time.Time, s step, out *sample) error {
	for time.Now().Before(end) && ctx.Err() == nil {
		start := time.Now()
		status, err := s.do(w)
		if errors.Is(err, errDone) {
			return nil
		}
		if err != nil {
			return err
		}
		out.took = append(out.took, time.Since(start))
		if status != s.want {
			if out.failed++; out.failed == 1 {
				fmt.Fprintf(w.b.log, "%s: %d where %d is due: %.300s\n", s.name, status, s.want, w.body.Bytes())
			}
		}
		w.step++
	}
	return nil
}

// step is something to measure. A nil before does nothing.
type step struct {
	name   string
	want   int
	do     func(*worker) (int, error)
	before func(*worker) error
}

// add joins what was measured of the same.
func (s *sample) add(other sample) {
	s.took, s.failed = append(s.took, other.took...), s.failed+other.failed
	s.elapsed, s.cpu = s.elapsed+other.elapsed, s.cpu+other.cpu
}
