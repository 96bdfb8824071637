package directory

import (
	"testing"
	"time"
)

func TestAlarm_itJudgesByNumberAndShare(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	few := Alarm{People: 20, Percent: 10}
	with := func(change func(*Alarm)) Alarm { a := few; change(&a); return a }
	raised := with(func(a *Alarm) { a.Raised = now.Add(-time.Minute) })
	for name, c := range map[string]struct {
		a               Alarm
		removed, active int
		want            Verdict
	}{
		"twenty of a hundred":            {few, 19, 81, Pass},
		"the twenty-first of a hundred":  {few, 20, 80, Raise},
		"twenty-one of a thousand":       {few, 20, 980, Pass},
		"a hundred of a thousand":        {few, 99, 901, Pass},
		"a hundred and one of those":     {few, 100, 900, Raise},
		"the next, when it is known":     {raised, 200, 800, Pass},
		"the next, an hour later":        {with(func(a *Alarm) { a.Raised = now.Add(-time.Hour) }), 200, 800, Raise},
		"no alarm":                       {Alarm{Percent: 10}, 900, 100, Pass},
		"held after the alarm":           {with(func(a *Alarm) { a.Raised, a.Hold = now.Add(-time.Minute), true }), 100, 900, Held},
		"held for as long as nobody act": {with(func(a *Alarm) { a.Raised, a.Hold = now.Add(-100*time.Hour), true }), 0, 900, Held},
		"not held before the alarm":      {with(func(a *Alarm) { a.Hold = true }), 100, 900, Raise},
		"let pass":                       {with(func(a *Alarm) { a.Raised, a.Hold, a.PassUntil = now.Add(-time.Hour), true, now.Add(time.Hour) }), 500, 500, Pass},
		"let pass, and over":             {with(func(a *Alarm) { a.Raised, a.Hold, a.PassUntil = now.Add(-2*time.Hour), true, now.Add(-time.Hour) }), 100, 900, Raise},
	} {
		if got := c.a.Judge(now, c.removed, c.active); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
