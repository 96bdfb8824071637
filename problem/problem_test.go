package problem_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// Every code says what happened, what to do next and who can do it, in whole
// sentences: this is row H4's promise, kept for the codes there are.
func TestCatalog_isWholeSentences(t *testing.T) {
	form := regexp.MustCompile(`^LY-([A-Z]+-[0-9]{3}|[A-Z]+-(OFF|EMPTY))$`)
	jargon := regexp.MustCompile(`(?i)\b(nil|null|EOF|json|exception|panic|invalid argument)\b`)
	for _, code := range problem.Codes() {
		text := problem.Lookup(code)
		if !form.MatchString(string(code)) {
			t.Errorf("%s does not have the form of a code", code)
		}
		if text.Status < 400 || text.Status > 599 {
			t.Errorf("%s has the status %d, which is no error", code, text.Status)
		}
		for _, s := range []string{text.Sentence, text.Next} {
			if !strings.HasSuffix(s, ".") || strings.ToUpper(s[:1]) != s[:1] {
				t.Errorf("%s: %q is not a sentence", code, s)
			}
			if jargon.MatchString(s) {
				t.Errorf("%s: %q is not in plain words", code, s)
			}
		}
		switch text.Who {
		case problem.You, problem.Admin, problem.Operator:
		default:
			t.Errorf("%s: nobody can mend it (%q)", code, text.Who)
		}
	}
}

// A token's failed check is told to nobody outside: all have one sentence.
func TestCatalog_refusedTokensAreAlike(t *testing.T) {
	want := problem.Lookup(problem.TokenRefused)
	n := 0
	for _, code := range problem.Codes() {
		if strings.HasPrefix(string(code), "LY-TOK-") {
			n++
			if problem.Lookup(code) != want {
				t.Errorf("%s differs from %s", code, problem.TokenRefused)
			}
		}
	}
	if n < 10 {
		t.Fatalf("only %d codes for refused tokens", n)
	}
}

func TestOf_theOutermostCodeWins(t *testing.T) {
	inner := problem.Wrap(problem.TokenIssuer, io.ErrUnexpectedEOF)
	err := fmt.Errorf("signing in: %w", problem.Wrap(problem.TokenRefused, inner))
	code, text := problem.Of(err)
	if code != problem.TokenRefused || text != problem.Lookup(problem.TokenRefused) {
		t.Errorf("Of = %s, %+v", code, text)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, problem.New(problem.TokenIssuer)) {
		t.Error("the causes are lost")
	}
	if errors.Is(err, problem.New(problem.Offline)) {
		t.Error("errors.Is finds a code that is not there")
	}
}

func TestOf_whatNobodyClassifiedIsInternal(t *testing.T) {
	if code, _ := problem.Of(io.EOF); code != problem.Internal {
		t.Errorf("Of(io.EOF) = %s", code)
	}
	if code, text := problem.Of(nil); code != "" || text != (problem.Text{}) {
		t.Errorf("Of(nil) = %q, %+v", code, text)
	}
	if problem.Wrap(problem.Internal, nil) != nil {
		t.Error("wrapping nothing makes an error")
	}
	// A newer server may say a code that this app does not know.
	if problem.Lookup("LY-NEW-999") != problem.Lookup(problem.Internal) {
		t.Error("an unknown code has a text of its own")
	}
}

func TestDetailOf_isWhatWasMeantToBeShown(t *testing.T) {
	err := fmt.Errorf("reading: %w", problem.Detailf(problem.BadWorkspaceID, "The character %q can't be used.", '!'))
	if got, want := problem.DetailOf(err), "The character '!' can't be used."; got != want {
		t.Errorf("DetailOf = %q, want %q", got, want)
	}
	if got := problem.DetailOf(problem.Wrap(problem.Offline, errors.New("dial tcp 10.0.0.1"))); got != "" {
		t.Errorf("a cause is shown as detail: %q", got)
	}
}
