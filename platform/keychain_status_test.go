package platform

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// req: G7
func TestStatusProblem_itSaysWhatAKeychainsResultMeans(t *testing.T) {
	for status, want := range map[apple.Status]problem.Code{
		apple.InteractionNotAllowed: problem.KeychainLocked,
		apple.InteractionRequired:   problem.KeychainLocked,
		apple.AuthFailed:            problem.KeychainLocked,
		apple.UserCanceled:          problem.KeychainLocked,
		apple.NotAvailable:          problem.NoKeychain,
		apple.NoDefaultKeychain:     problem.NoKeychain,
		apple.MissingEntitlement:    problem.NoKeychain,
		apple.Decode:                problem.NoKeychain,
		-1:                          problem.NoKeychain,
	} {
		err := statusProblem(fmt.Errorf("reading: %w", status))
		if code, _ := problem.Of(err); code != want {
			t.Errorf("%v is %v, want %v", status, code, want)
		}
		if !errors.Is(err, status) || !strings.Contains(err.Error(), fmt.Sprint(int32(status))) {
			t.Errorf("%v lost its number: %v", status, err)
		}
	}
	if err := statusProblem(apple.ItemNotFound); !errors.Is(err, errNoItem) {
		t.Errorf("nothing found is %v", err)
	}
	if code, _ := problem.Of(statusProblem(errors.New("other"))); code != problem.NoKeychain {
		t.Errorf("another error is %v", code)
	}
}

// req: G7
func TestFromGoKeyring_itReadsWhatOlderVersionsWrote(t *testing.T) {
	key := sealed.NewKey().Text()
	for name, value := range map[string]string{
		"by this version":         key,
		"with security(1)'s line": key + "\n",
	} {
		if got := fromGoKeyring(value); got != key {
			t.Errorf("%s: not the key that was written", name)
		}
	}
	for value, want := range map[string]string{
		"go-keyring-base64:c2VjcmV0":      "secret",
		"go-keyring-base64:c2VjcmV0\n":    "secret",
		"go-keyring-encoded:736563726574": "secret",
		"go-keyring-base64:":              "",
		"go-keyring-base64:c2VjcmV0*":     "go-keyring-base64:c2VjcmV0*",
		"go-keyring-encoded:7":            "go-keyring-encoded:7",
		"":                                "",
		"plain":                           "plain",
	} {
		if got := fromGoKeyring(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}
