package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Refused is a sign-in that was refused after it was known whose it was. It holds
// nothing that was typed or sent, but for what a device calls itself.
type Refused struct {
	At        time.Time
	Directory string
	Workspace string
	User      string
	Method    directory.Method
	// Code is the problem's, which the person was told or which lies behind what
	// they were told.
	Code   problem.Code
	Device string
}

// KeepRefused is how many refused sign-ins are kept of a person.
const KeepRefused = 20

// NoteRefused has a refused sign-in stored soon; nobody waits for it. Of many at
// once some may be left out: it tells a story, and counts nothing. What failed for
// another reason than the person is left out, too.
func (s *Store) NoteRefused(r Refused) {
	if r.User == "" || r.Code == "" || r.Code == problem.Internal || !storable(r.Directory, r.Workspace, r.User, string(r.Method), string(r.Code), r.Device) {
		return
	}
	s.soon(func(ctx context.Context, t *tx) error { return t.refuse(ctx, r) })
}

func (t *tx) refuse(ctx context.Context, r Refused) error {
	var pk int64
	if err := t.row(ctx, `insert into refused (at, directory, workspace, user_id, method, code, device)
		values ($1, $2, $3, $4, $5, $6, $7) returning pk`,
		micro(r.At), r.Directory, r.Workspace, r.User, string(r.Method), string(r.Code), r.Device).Scan(&pk); err != nil {
		return fmt.Errorf("store: noting a refused sign-in: %w", err)
	}
	if _, err := t.exec(ctx, `delete from refused where directory = $1 and user_id = $2 and pk <=
		(select pk from refused where directory = $1 and user_id = $2 order by pk desc limit 1 offset $3)`,
		r.Directory, r.User, KeepRefused); err != nil {
		return fmt.Errorf("store: making room for a refused sign-in: %w", err)
	}
	return nil
}

// RefusedOf returns the newest refused sign-ins of a person, newest first.
func (s *Store) RefusedOf(ctx context.Context, dir, user string) (all []Refused, err error) {
	if !storable(dir, user) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		r := Refused{Directory: dir, User: user}
		var at int64
		err := row.Scan(&at, &r.Workspace, (*string)(&r.Method), (*string)(&r.Code), &r.Device)
		r.At = fromMicro(at)
		all = append(all, r)
		return err
	}, `select at, workspace, method, code, device from refused where directory = $1 and user_id = $2 order by pk desc limit $3`, dir, user, KeepRefused)
	if err != nil {
		return nil, fmt.Errorf("store: reading refused sign-ins: %w", err)
	}
	return all, nil
}
