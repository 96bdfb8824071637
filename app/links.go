package app

import (
	"context"

	"github.com/lanyard-sso/lanyard/auth"
)

// FollowLinks puts each link to a workspace into the field, until ctx ends.
// That is all that a link can do, whoever made it: to sign in is for the person,
// and while somebody is signed in, or signing in, a link does nothing. Call it
// in a goroutine of its own.
func (w *Window) FollowLinks(ctx context.Context, links <-chan string) {
	for {
		select {
		case link, ok := <-links:
			if !ok {
				return
			}
			w.ui(func() { w.fill(link) })
		case <-ctx.Done():
			return
		}
	}
}

func (w *Window) fill(link string) {
	switch w.state.Phase {
	case auth.Starting, auth.SignedOut, auth.Revoked:
		w.facts.Input = link
		w.draw()
	}
}
