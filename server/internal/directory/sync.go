package directory

import (
	"slices"
	"time"
)

// How Entra's provisioning service keeps time (learn.microsoft.com,
// application-provisioning-when-will-provisioning-finish-specific-user).
const (
	// CycleEvery is about how long after the beginning of one cycle the next
	// begins.
	CycleEvery = 40 * time.Minute
	// CycleGap is how long nothing must have come for a cycle to be over.
	CycleGap = 10 * time.Minute
	// SilentAfter is how long nothing must have come for somebody to look.
	SilentAfter = 2 * time.Hour
)

// Traffic is how many requests of provisioning there were in one minute. Errors
// are those that were refused or failed; Refused, which are not among them, came
// without an accepted credential.
type Traffic struct {
	Minute                                            time.Time
	Reads, Creates, Updates, Deletes, Errors, Refused int
}

// Accepted is how many requests came with an accepted credential.
func (t Traffic) Accepted() int { return t.Reads + t.Creates + t.Updates + t.Deletes + t.Errors }

// Cycle is a run of requests without a longer pause: one of Entra's cycles, or
// somebody's trying out.
type Cycle struct {
	From, To                                          time.Time // the first and the last minute
	Reads, Creates, Updates, Deletes, Errors, Refused int
}

// Requests is how many requests a cycle had that came with an accepted
// credential.
func (c Cycle) Requests() int { return c.Reads + c.Creates + c.Updates + c.Deletes + c.Errors }

// Cycles parts traffic, in the order of time, into cycles, oldest first. Minutes
// in which only strangers came begin none.
func Cycles(all []Traffic) []Cycle {
	var out []Cycle
	for _, t := range all {
		if n := len(out); n == 0 || t.Minute.Sub(out[n-1].To) > CycleGap {
			if t.Accepted() == 0 {
				continue
			}
			out = append(out, Cycle{From: t.Minute})
		}
		c := &out[len(out)-1]
		if t.Accepted() > 0 {
			c.To = t.Minute
		}
		c.Reads += t.Reads
		c.Creates += t.Creates
		c.Updates += t.Updates
		c.Deletes += t.Deletes
		c.Errors += t.Errors
		c.Refused += t.Refused
	}
	return out
}

// Rhythm is how provisioning goes, seen from our side.
type Rhythm struct {
	// Last is the minute of the last request with an accepted credential, zero
	// where there was none.
	Last time.Time
	// Running: a cycle is going on.
	Running bool
	// Next is when the next cycle is expected, zero where nothing is.
	Next time.Time
	// Silent: nothing came for longer than SilentAfter, though there was more
	// than a test before.
	Silent bool
	// Refused is how many requests since Last came without an accepted
	// credential: with a wrong or expired one Entra stops its job at once.
	Refused int
}

// RhythmOf reads the rhythm from the traffic, in the order of time. started says
// that Entra has written something, so that more requests must follow.
func RhythmOf(all []Traffic, started bool, now time.Time) Rhythm {
	var r Rhythm
	cycles := Cycles(all)
	if len(cycles) > 0 {
		last := cycles[len(cycles)-1]
		r.Last = last.To
		r.Running = now.Sub(last.To) <= CycleGap
		if r.Next = last.From.Add(CycleEvery); !r.Next.After(last.To) {
			r.Next = last.To.Add(CycleEvery) // a long one, as the first is
		}
		if !started && len(cycles) < 2 {
			r.Next = time.Time{} // so far it is a test
		}
	}
	for _, t := range slices.Backward(all) {
		if t.Accepted() > 0 {
			break
		}
		r.Refused += t.Refused
	}
	r.Silent = started && now.Sub(r.Last) > SilentAfter
	return r
}

// How provisioning goes, for those who listen to events: requests of the
// identity provider fail, or nothing is heard of it any more; and it is well
// again. They name no person.
const (
	ProvisioningFailing   Kind = "workspace.provisioning_failing"
	ProvisioningSilent    Kind = "workspace.provisioning_silent"
	ProvisioningRecovered Kind = "workspace.provisioning_recovered"
)
