package cli

import (
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// scimAlarmCmd shows or sets the alarm for mass removals.
type scimAlarmCmd struct {
	clientFlags
	People  *int    `name:"people" placeholder:"N" help:"Raise it when more than so many people lose access within an hour. 0 switches it off."`
	Percent *int    `name:"percent" placeholder:"N" help:"And when they are more than so many in a hundred."`
	Hold    *toggle `name:"hold" placeholder:"on|off" help:"Refuse further removals (429) until released. That delays leavers, and Entra may put its job into quarantine."`
}

func (f scimAlarmCmd) Run(c *command) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.change(c, f.given(), f.alter)
}

// given reports whether anything is to be altered.
func (f scimAlarmCmd) given() bool { return f.People != nil || f.Percent != nil || f.Hold != nil }

func (f scimAlarmCmd) check() error {
	for flag, v := range map[string]*int{"--people": f.People, "--percent": f.Percent} {
		top := 1_000_000
		if flag == "--percent" {
			top = 100
		}
		if v != nil && (*v < 0 || *v > top) {
			return problem.Detailf(problem.BadUsage, "%s %d is not between 0 and %d.", flag, *v, top)
		}
	}
	return nil
}

// alter makes what was given true of an alarm.
func (f scimAlarmCmd) alter(a *directory.Alarm) error {
	if f.People != nil {
		a.People = *f.People
	}
	if f.Percent != nil {
		a.Percent = *f.Percent
	}
	if f.Hold != nil {
		a.Hold = bool(*f.Hold)
	}
	return nil
}

// scimReleaseCmd lets held removals pass.
type scimReleaseCmd struct {
	clientFlags
	For string `name:"for" default:"24h" placeholder:"24h" help:"How long removals pass without an alarm."`
}

func (f scimReleaseCmd) Run(c *command) error {
	d, err := parseDuration("--for", f.For)
	if err == nil && (d < time.Minute || d > 7*24*time.Hour) {
		err = problem.Detailf(problem.BadUsage, "--for %q is not between a minute and a week.", f.For)
	}
	if err != nil {
		return err
	}
	now := c.opt.Now()
	return f.change(c, true, func(a *directory.Alarm) error {
		a.PassUntil = now.Add(d).UTC().Truncate(time.Microsecond)
		return nil
	})
}

// change alters, if asked to, and shows a workspace's alarm.
func (f clientFlags) change(c *command, alter bool, change func(*directory.Alarm) error) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	var a directory.Alarm
	if alter {
		a, err = st.UpdateAlarm(c.ctx, ws.Directory, change)
	} else {
		a, err = st.Alarm(c.ctx, ws.Directory)
	}
	if err != nil {
		return fmt.Errorf("the alarm of workspace %q: %w", ws.ID, err)
	}
	now := c.opt.Now()
	if a.Holding(now) && now.After(a.PassUntil) {
		c.say("Removals are being held. If they are meant: lanyardd scim release --workspace %s", ws.ID)
	}
	if c.json {
		return c.printJSON(struct {
			Workspace string     `json:"workspace"`
			People    int        `json:"people"`
			Percent   int        `json:"percent"`
			Hold      bool       `json:"hold"`
			Holding   bool       `json:"holding"`
			Raised    *time.Time `json:"raised"`
			PassUntil *time.Time `json:"pass_until"`
		}{ws.ID, a.People, a.Percent, a.Hold, a.Holding(now), stamp(a.Raised), stamp(a.PassUntil)})
	}
	return c.fields("alarm when", alarmText(a), "hold further removals", onOff(a.Hold), "holding now", yesNo(a.Holding(now)), "last raised", day(a.Raised), "passing until", day(a.PassUntil))
}

// alarmText says when an alarm is raised.
func alarmText(a directory.Alarm) string {
	if a.People == 0 {
		return "off"
	}
	return fmt.Sprintf("more than %d people and %d %% lose access within an hour", a.People, a.Percent)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
