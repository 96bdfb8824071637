package platform

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	// boxSize is how many answers may lie unclaimed. Each is of a sign-in that
	// was begun here or of somebody's attempt to fill the box.
	boxSize = 16
	// maxLink is far longer than a link to a workspace.
	maxLink = 2 << 10
)

// mailbox holds what the system handed to the app until a sign-in asks for it:
// after a start by the answer itself, that is only later. It may be used from
// several goroutines; deliver never blocks.
type mailbox struct {
	mu      sync.Mutex
	answers []letter
	awaited map[string]int
	// arrived is closed, and made anew, with each delivery.
	arrived chan struct{}
	links   chan string
}

// letter is one address with an answer in it. It hides nothing from %v: never
// print one.
type letter struct{ state, address string }

func newMailbox() *mailbox {
	return &mailbox{awaited: map[string]int{}, arrived: make(chan struct{}), links: make(chan string, 1)}
}

// deliver takes an address: an answer for the sign-in whose state it has, or a
// link to a workspace. Of too many answers the oldest that no sign-in waits for
// is dropped, and of links all but the newest.
func (m *mailbox) deliver(address string) {
	if len(address) > maxAnswer {
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case strings.HasPrefix(u.Scheme, "msauth"):
		v, err := url.ParseQuery(u.RawQuery)
		if err != nil || !isAnswer(v, v.Get("state")) {
			return
		}
		m.keep(letter{v.Get("state"), address})
	case (u.Scheme == "lanyard" || u.Scheme == "https") && len(address) <= maxLink:
		select {
		case <-m.links:
		default:
		}
		m.links <- address // there is room: nobody else sends
	}
}

func (m *mailbox) keep(l letter) {
	if slices.Contains(m.answers, l) {
		return
	}
	m.answers = append(m.answers, l)
	if len(m.answers) > boxSize {
		m.answers = slices.Delete(m.answers, m.oldest(), m.oldest()+1)
	}
	close(m.arrived)
	m.arrived = make(chan struct{})
}

// oldest is the index of the letter to drop.
func (m *mailbox) oldest() int {
	i := slices.IndexFunc(m.answers, func(l letter) bool { return m.awaited[l.state] == 0 })
	return max(i, 0)
}

// take removes and returns the answer for a sign-in, or says when to look
// again. Letters with its state that are no answer to it are dropped.
func (m *mailbox) take(state, redirectURI string) (v url.Values, ok bool, again <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers = slices.DeleteFunc(m.answers, func(l letter) bool {
		if l.state != state || ok {
			return false
		}
		v, ok = answerIn(l.address, redirectURI, state)
		return true
	})
	return v, ok, m.arrived
}

// await returns the way back of the sign-in with this state.
func (m *mailbox) await(state, redirectURI string) *appReturn {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.awaited[state]++
	return &appReturn{box: m, state: state, redirectURI: redirectURI}
}

// forget ends a sign-in: what comes for it later is a stray.
func (m *mailbox) forget(state string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.awaited[state]--; m.awaited[state] > 0 {
		return
	}
	delete(m.awaited, state)
	m.answers = slices.DeleteFunc(m.answers, func(l letter) bool { return l.state == state })
}

// appReturn is auth.Return by an address of the app's own.
type appReturn struct {
	box                *mailbox
	state, redirectURI string
	closing            sync.Once
}

// RedirectURI implements auth.Return.
func (r *appReturn) RedirectURI() string { return r.redirectURI }

// Wait implements auth.Return. Strays are ignored.
func (r *appReturn) Wait(ctx context.Context) (url.Values, error) {
	for {
		v, ok, again := r.box.take(r.state, r.redirectURI)
		if ok {
			return v, nil
		}
		select {
		case <-again:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close implements auth.Return.
func (r *appReturn) Close() error {
	r.closing.Do(func() { r.box.forget(r.state) })
	return nil
}
