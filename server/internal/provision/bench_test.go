package provision_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
)

// The handler with a real database behind it, without a network in between.

func eachEngineBench(b *testing.B, f func(b *testing.B, d *desk)) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) { f(b, newDesk(b, name, nil)) })
	}
}

func BenchmarkCreateUser(b *testing.B) {
	eachEngineBench(b, func(b *testing.B, d *desk) {
		var n atomic.Int64
		b.SetParallelism(4) // times the number of cores: eight writers on two
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				i := n.Add(1)
				if a := d.ask("POST", "/Users", person(fmt.Sprintf("p%d@acme.example", i), fmt.Sprint(i))); a.status != http.StatusCreated {
					b.Errorf("%d: %s", a.status, a.raw)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
	})
}

func BenchmarkPatchUser(b *testing.B) {
	eachEngineBench(b, func(b *testing.B, d *desk) {
		ids := make([]string, 64)
		for i := range ids {
			ids[i] = d.create(fmt.Sprintf("p%d@acme.example", i), fmt.Sprint(i))
		}
		var n atomic.Int64
		b.SetParallelism(4)
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				i := n.Add(1)
				a := d.ask("PATCH", "/Users/"+ids[i%int64(len(ids))], patch(fmt.Sprintf(`{"op":"Replace","path":"title","value":"t%d"}`, i)))
				if a.status != http.StatusOK && a.status != http.StatusConflict {
					b.Errorf("%d: %s", a.status, a.raw)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "patches/s")
	})
}

func BenchmarkFindUser(b *testing.B) {
	eachEngineBench(b, func(b *testing.B, d *desk) {
		for i := range 1000 {
			d.create(fmt.Sprintf("p%d@acme.example", i), fmt.Sprint(i))
		}
		for name, text := range map[string]string{"userName": `userName eq "P%d@acme.example"`, "scan": `emails[type eq "work"].value eq "p%d@acme.example"`} {
			b.Run(name, func(b *testing.B) {
				var n atomic.Int64
				b.SetParallelism(4)
				b.ReportAllocs()
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if ids := d.ask("GET", filter(fmt.Sprintf(text, n.Add(1)%1000)), "").found(); len(ids) != 1 {
							b.Errorf("found %v", ids)
							return
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "finds/s")
			})
		}
	})
}
