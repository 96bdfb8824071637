package deliver

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// A server that was frozen, as a suspended machine is, must not go on sending
// as if nothing had happened: another one may have the work by now.
//
// req: E13
func TestQueue_itSendsNothingAfterAFreeze(t *testing.T) {
	q := &queue{t: &turn{lease: lease{length: time.Minute}}}
	frozen := time.Now().Add(-31 * time.Second)
	q.t.renewed.Store(&frozen)
	if err, sent := q.send(t.Context(), directory.Event{Seq: 1, User: "ada"}); sent || err != nil {
		t.Errorf("it sent: %v", err)
	}
}
