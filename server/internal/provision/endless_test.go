package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

func TestSearch_itSaysSoWhenItTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := bounded(t.Context())
		defer end()
		<-ctx.Done()
		err := endless(ctx, fmt.Errorf("searching: %w", ctx.Err()))
		var refused *scim.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || refused.Kind != scim.TooMany || refused.Detail == "" {
			t.Errorf("the answer is %v", err)
		}
	})
}

func TestSearch_itLeavesOtherErrorsAlone(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	ctx, end := bounded(left)
	defer end()
	if err := endless(ctx, nil); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if err := endless(ctx, broken); !errors.Is(err, broken) {
		t.Error(err)
	}
	leave()
	if err := endless(ctx, ctx.Err()); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away is told %v", err)
	}
}
