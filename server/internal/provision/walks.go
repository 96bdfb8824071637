package provision

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// maxWalks is how many places are remembered in all: about 200 bytes each.
const maxWalks = 8192

// walks remembers where the pages of index paging ended, so that a client that
// asks for startIndex 1, 101, 201 … is continued where it stopped. That costs as
// little at the end of a million people as at the beginning, and whoever is
// there throughout is met even when others are removed meanwhile: an offset
// would skip as many as were removed. A jump to a place nobody came from is
// served by an offset.
type walks struct {
	mu     sync.Mutex
	places map[string]*list.Element
	recent *list.List // of place, the latest first
}

type place struct {
	key   string
	after store.Cursor
}

// walk names everything that a walk depends on: who walks, and through what.
func (c *call) walk(s *search) string {
	return fingerprint(c.token, c.ws.Directory, s.rt.Name, s.text, s.sortBy, strconv.FormatBool(s.desc))
}

// fingerprint is short for many texts.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// at returns the cursor behind which the result of that index begins.
func (w *walks) at(walk string, start int) (store.Cursor, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.places[walk+strconv.Itoa(start)]
	if e == nil {
		return "", false
	}
	w.recent.MoveToFront(e)
	return e.Value.(place).after, true
}

// remember keeps that the result of that index begins behind after.
func (w *walks) remember(walk string, start int, after store.Cursor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.places == nil {
		w.places, w.recent = map[string]*list.Element{}, list.New()
	}
	key := walk + strconv.Itoa(start)
	if e := w.places[key]; e != nil {
		e.Value = place{key, after}
		w.recent.MoveToFront(e)
		return
	}
	w.places[key] = w.recent.PushFront(place{key, after})
	if w.recent.Len() > maxWalks {
		last := w.recent.Back()
		w.recent.Remove(last)
		delete(w.places, last.Value.(place).key)
	}
}
