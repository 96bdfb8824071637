package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const alarmColumns = `people, percent, hold, raised, pass_until`

// Alarm returns what a directory's alarm is set to and how it stands.
func (s *Store) Alarm(ctx context.Context, dir string) (directory.Alarm, error) {
	if !storable(dir) {
		return directory.Alarm{}, ErrNotFound
	}
	return scanAlarm(s.read.row(ctx, `select `+alarmColumns+` from alarms where directory = $1`, dir))
}

// scanAlarm reads an alarm; no row is the default.
func scanAlarm(row scanner) (directory.Alarm, error) {
	var a directory.Alarm
	var hold int64
	var raised, pass *int64
	err := row.Scan(&a.People, &a.Percent, &hold, &raised, &pass)
	if errors.Is(err, ErrNotFound) {
		return directory.DefaultAlarm(), nil
	}
	a.Hold, a.Raised, a.PassUntil = hold != 0, fromNull(raised), fromNull(pass)
	return a, err
}

// UpdateAlarm reads a directory's alarm, lets change alter it and stores it, in
// one transaction. An error of change is returned as it is. An unknown directory
// is ErrNotFound.
func (s *Store) UpdateAlarm(ctx context.Context, dir string, change func(*directory.Alarm) error) (directory.Alarm, error) {
	var a directory.Alarm
	if !storable(dir) {
		return a, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from directories where id = $1`, dir).Scan(&there); err != nil {
			return err
		}
		var err error
		if a, err = t.alarm(ctx, dir); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		return t.setAlarm(ctx, dir, a)
	})
	return a, err
}

func (t *tx) alarm(ctx context.Context, dir string) (directory.Alarm, error) {
	return scanAlarm(t.row(ctx, `select `+alarmColumns+` from alarms where directory = $1`, dir))
}

func (t *tx) setAlarm(ctx context.Context, dir string, a directory.Alarm) error {
	hold := 0
	if a.Hold {
		hold = 1
	}
	_, err := t.exec(ctx, `insert into alarms (directory, people, percent, hold, raised, pass_until) values ($1, $2, $3, $4, $5, $6)
		on conflict (directory) do update set people = excluded.people, percent = excluded.percent, hold = excluded.hold,
			raised = excluded.raised, pass_until = excluded.pass_until`,
		dir, a.People, a.Percent, hold, orNull(a.Raised), orNull(a.PassUntil))
	if err != nil {
		return fmt.Errorf("store: setting alarm: %w", err)
	}
	return nil
}

// removal counts that somebody loses access, raises the alarm when that makes
// them too many, and refuses with problem.SCIMHeld while removals are held: the
// caller's change is then undone as a whole.
func (t *tx) removal(ctx context.Context, dir string, at time.Time) error {
	a, err := t.alarm(ctx, dir)
	if err != nil {
		return fmt.Errorf("store: reading alarm: %w", err)
	}
	if a.People <= 0 {
		return nil
	}
	var removed, active int
	minute := at.Unix() / 60
	if err := t.row(ctx, `select cast(coalesce(sum(n), 0) as bigint) from removals where directory = $1 and minute > $2`,
		dir, minute-int64(directory.AlarmWindow/time.Minute)).Scan(&removed); err != nil {
		return fmt.Errorf("store: counting removals: %w", err)
	}
	if err := t.row(ctx, `select active from directories where id = $1`, dir).Scan(&active); err != nil {
		return fmt.Errorf("store: counting people: %w", err)
	}
	active += t.counts[tally{directory: dir, state: directory.Active}]
	verdict := a.Judge(at, removed, active)
	if verdict == directory.Held {
		return problem.New(problem.SCIMHeld)
	}
	if _, err := t.exec(ctx, `insert into removals (directory, minute, n) values ($1, $2, 1)
		on conflict (directory, minute) do update set n = removals.n + 1`, dir, minute); err != nil {
		return fmt.Errorf("store: counting removals: %w", err)
	}
	if verdict != directory.Raise {
		return nil
	}
	a.Raised = at
	if err := t.setAlarm(ctx, dir, a); err != nil {
		return err
	}
	return t.reportAlarm(ctx, dir, at, a, removed+1, removed+active)
}

// reportAlarm writes the event, and a line in the log of each workspace of the
// directory. What was counted before the window is forgotten.
func (t *tx) reportAlarm(ctx context.Context, dir string, at time.Time, a directory.Alarm, removed, of int) error {
	if _, err := t.exec(ctx, `delete from removals where directory = $1 and minute <= $2`,
		dir, at.Add(-directory.AlarmWindow).Unix()/60); err != nil {
		return fmt.Errorf("store: forgetting removals: %w", err)
	}
	var log []Request
	if err := t.each(ctx, func(row scanner) error {
		r := Request{At: at, Type: "alarm", Detail: fmt.Sprintf("%d of %d people lost access within an hour.", removed, of)}
		if a.Hold {
			r.Detail += " Further removals are held."
		}
		log = append(log, r)
		return row.Scan(&log[len(log)-1].Workspace)
	}, `select id from workspaces where directory = $1`, dir); err != nil {
		return fmt.Errorf("store: reporting the alarm: %w", err)
	}
	t.emit(directory.Event{At: at, Directory: dir, Kind: directory.MassRemoval})
	return t.insertRequests(ctx, log)
}
