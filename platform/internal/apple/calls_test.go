package apple

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

// req: G5
func TestCalls_itPassesEachAnswerOnOnce(t *testing.T) {
	var c calls
	var got []string
	say := func(name string) func(string, error) {
		return func(callback string, err error) { got = append(got, name+":"+callback) }
	}
	first, second := c.begin(say("first")), c.begin(say("second"))
	if first == second || first == 0 {
		t.Fatalf("numbers %d and %d", first, second)
	}
	if !c.end(second, "b", nil) || !c.end(first, "a", nil) {
		t.Error("an answer found nobody")
	}
	if c.end(first, "again", nil) || c.end(99, "never", nil) || c.end(0, "zero", nil) {
		t.Error("an answer nobody waits for was passed on")
	}
	if len(got) != 2 || got[0] != "second:b" || got[1] != "first:a" {
		t.Errorf("got %v", got)
	}
	if third := c.begin(say("third")); third == first || third == second {
		t.Error("a number came a second time")
	}
}

func TestCalls_itAnswersFromManyThreads(t *testing.T) {
	var (
		c     calls
		mu    sync.Mutex
		ended = make(map[uint64]int)
		work  sync.WaitGroup
	)
	for range 50 {
		work.Go(func() {
			var number uint64
			begun := make(chan struct{})
			number = c.begin(func(string, error) {
				<-begun
				mu.Lock()
				defer mu.Unlock()
				ended[number]++
			})
			close(begun)
			var answers sync.WaitGroup
			for range 3 {
				answers.Go(func() { c.end(number, "", nil) })
			}
			answers.Wait()
		})
	}
	work.Wait()
	if len(ended) != 50 || len(c.waiting) != 0 {
		t.Errorf("%d ended, %d wait", len(ended), len(c.waiting))
	}
	for number, n := range ended {
		if n != 1 {
			t.Errorf("call %d ended %d times", number, n)
		}
	}
}

// A call may be answered while another begins in the answer.
func TestCalls_itMayBeginAnotherInAnAnswer(t *testing.T) {
	var c calls
	done := false
	number := c.begin(func(string, error) {
		c.end(c.begin(func(string, error) { done = true }), "", nil)
	})
	c.end(number, "", nil)
	if !done {
		t.Error("the second did not end")
	}
}

func TestStatus_itIsNamedAndNumbered(t *testing.T) {
	if s := InteractionNotAllowed.Error(); !strings.Contains(s, "-25308") || !strings.Contains(s, "errSecInteractionNotAllowed") {
		t.Errorf("%q", s)
	}
	if s := Status(-67585).Error(); !strings.Contains(s, "-67585") {
		t.Errorf("%q", s)
	}
	if !errors.Is(error(ItemNotFound), ItemNotFound) {
		t.Error("a status is not itself")
	}
	if s := (Failure{SessionDomain, CanceledLogin}).Error(); s != "ASWebAuthenticationSession 1" {
		t.Errorf("%q", s)
	}
}
