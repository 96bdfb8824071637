package directory

import "time"

// MassRemoval tells that unusually many people lost access within
// [AlarmWindow]. It names no person.
const MassRemoval Kind = "workspace.mass_removal"

// AlarmWindow is the time in which removals are counted.
const AlarmWindow = time.Hour

// Alarm says when removals are so many that somebody should look: a mapping
// gone wrong or a group unassigned by mistake looks like this.
type Alarm struct {
	// More than People persons and more than Percent of those who had access
	// must have lost it. People 0 means that there is no alarm.
	People, Percent int
	// Hold refuses further removals until an administrator lets them pass.
	Hold bool
	// Raised is when the alarm was last raised, zero if never.
	Raised time.Time
	// PassUntil is until when an administrator lets removals pass.
	PassUntil time.Time
}

// DefaultAlarm is what a directory has of which nobody said anything else: it
// reports and holds nothing, since a hold delays leavers.
func DefaultAlarm() Alarm { return Alarm{People: 20, Percent: 10} }

// Verdict is what an alarm says of one removal.
type Verdict int

// The verdicts.
const (
	Pass  Verdict = iota
	Raise         // the removal happens, and the alarm is raised
	Held          // the removal must not happen
)

// Holding reports whether removals are being held.
func (a Alarm) Holding(now time.Time) bool {
	return a.Hold && a.People > 0 && !a.Raised.IsZero() && a.Raised.After(a.PassUntil) && !now.Before(a.Raised)
}

// Judge judges the removal of one more person, when removed others lost access
// within AlarmWindow and active people still have it, the one included.
func (a Alarm) Judge(now time.Time, removed, active int) Verdict {
	switch {
	case a.People <= 0 || now.Before(a.PassUntil):
		return Pass
	case a.Holding(now):
		return Held
	case removed+1 <= a.People || (removed+1)*100 <= a.Percent*(removed+active):
		return Pass
	case !a.Raised.IsZero() && a.Raised.After(a.PassUntil) && now.Sub(a.Raised) < AlarmWindow:
		return Pass // it is known already
	}
	return Raise
}
