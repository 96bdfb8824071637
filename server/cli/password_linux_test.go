package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudoterminal: what is written to person is typed, and what
// the terminal shows is read from it (pts(4)).
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// asked calls then when something is written to it.
type asked struct {
	bytes.Buffer
	then func()
}

func (a *asked) Write(b []byte) (int, error) {
	n, err := a.Buffer.Write(b)
	if a.then != nil && strings.HasSuffix(a.String(), ": ") {
		a.then()
	}
	return n, err
}

func nothing(string) (string, bool) { return "", false }

func TestKeystorePassword_whatIsTypedIsNotShown(t *testing.T) {
	person, program := terminal(t)
	words := &asked{}
	words.then = func() {
		if echoes(t, program) {
			t.Error("the terminal shows what is typed")
		}
		if _, err := person.WriteString("s3cret wörd\nand more\n"); err != nil {
			t.Error(err)
		}
	}
	c := &command{ctx: t.Context(), env: nothing, in: program, errOut: words}
	got, err := c.keystorePassword("acme.p12")
	if err != nil || got != "s3cret wörd" {
		t.Errorf("%q, %v", got, err)
	}
	if words.String() != "Password of acme.p12: \n" {
		t.Errorf("the person is told %q", words.String())
	}
	if !echoes(t, program) {
		t.Error("the terminal is left dumb")
	}
	// What the terminal shows up to a sign of ours holds nothing of it. The
	// rest of what was typed is there for whoever reads next.
	if _, err := program.WriteString("END"); err != nil {
		t.Fatal(err)
	}
	shown := ""
	for b := make([]byte, 100); !strings.HasSuffix(shown, "END"); {
		n, err := person.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		shown += string(b[:n])
	}
	if strings.Contains(shown, "s3cret") {
		t.Errorf("the terminal shows %q", shown)
	}
	if rest, err := lineOfInput(program); err != nil || rest != "and more" {
		t.Errorf("after the password comes %q, %v", rest, err)
	}
}

func TestKeystorePassword_whoGivesUpLeavesTheTerminalAsItWas(t *testing.T) {
	_, program := terminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := &command{ctx: ctx, env: nothing, in: program, errOut: &asked{then: cancel}}
	if _, err := c.keystorePassword("acme.p12"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !echoes(t, program) {
		t.Error("the terminal is left dumb")
	}
}

func TestKeystorePassword_withoutATerminalNobodyIsAsked(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	for _, in := range []io.Reader{read, strings.NewReader("secret\n")} {
		var words bytes.Buffer
		c := &command{ctx: t.Context(), env: nothing, in: in, errOut: &words}
		if _, err := c.keystorePassword("acme.p12"); !errors.Is(err, errNoTerminal) || words.Len() > 0 {
			t.Errorf("%v, %q", err, &words)
		}
	}
	c := &command{ctx: t.Context(), env: func(name string) (string, bool) { return "from " + name, true }, in: read}
	if got, err := c.keystorePassword("x"); err != nil || got != "from LANYARD_KEYSTORE_PASSWORD" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestLineOfInput_itEnds(t *testing.T) {
	for in, want := range map[string]string{"secret\n": "secret", "secret\r\nx": "secret", "secret": "secret", "\n": ""} {
		if got, err := lineOfInput(strings.NewReader(in)); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if _, err := lineOfInput(strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := lineOfInput(strings.NewReader(strings.Repeat("x", 1<<20))); !errors.Is(err, errLongPassword) {
		t.Errorf("no end: %v", err)
	}
}
