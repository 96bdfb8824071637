package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// envKeystorePassword is the environment variable with a keystore's password.
const envKeystorePassword = "LANYARD_KEYSTORE_PASSWORD"

var (
	errNoTerminal   = errors.New("there is no terminal to ask for it")
	errLongPassword = errors.New("the password is longer than any")
)

// keystorePassword returns the password from the environment, or asks the
// person at the terminal, who does not see it.
func (c *command) keystorePassword(file string) (string, error) {
	if p, ok := c.env(envKeystorePassword); ok && p != "" {
		return p, nil
	}
	terminal, ok := c.in.(*os.File)
	if !ok {
		return "", errNoTerminal
	}
	show, err := hideTyping(terminal)
	if err != nil {
		return "", errNoTerminal
	}
	defer show()
	fmt.Fprintf(c.errOut, "Password of %s: ", printable(file))
	defer fmt.Fprintln(c.errOut)
	return readLine(c.ctx, terminal)
}

// readLine reads what is typed up to Enter. When ctx ends, nobody is waited
// for; the read is left behind, as nothing ends one.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := lineOfInput(r)
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// lineOfInput reads byte by byte, so that nothing after the line is taken.
func lineOfInput(r io.Reader) (string, error) {
	const most = 4096
	var line []byte
	for b := make([]byte, 1); len(line) < most; {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' || err == io.EOF && len(line) > 0 {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		if err != nil {
			clear(line)
			return "", fmt.Errorf("reading the password: %w", err)
		}
		line = append(line, bytes.Clone(b[:n])...)
	}
	clear(line)
	return "", errLongPassword
}
