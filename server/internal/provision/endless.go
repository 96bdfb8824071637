package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// searchFor is how long a search may take: half of what a server lets an answer
// take, so that there is one. A search that no index serves goes through
// everybody in short steps, in line with other such searches: at a million
// people some seconds.
const searchFor = 30 * time.Second

// errEndless: a search took longer than searchFor.
var errEndless = errors.New("provision: the search takes too long")

// bounded ends a search after searchFor.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, searchFor, errEndless)
}

// endless says what to change where err is that the search of ctx was ended. Who
// went away needs no answer.
func endless(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errEndless) {
		return err
	}
	return &scim.Error{
		Status: http.StatusBadRequest, Kind: scim.TooMany,
		Detail: fmt.Sprintf("This filter could not be answered within %d seconds, since no index serves it: co, ew, ne and not look at everybody. "+
			"Ask with eq or sw, or add a condition with and that few meet, such as userName eq or meta.lastModified gt.", int(searchFor.Seconds())),
	}
}
