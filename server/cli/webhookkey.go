package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
)

// defaultWebhookKeyFile is where the key stands unless somebody says otherwise.
const defaultWebhookKeyFile = "lanyard-webhooks.key"

// readWebhookKey reads the key that webhooks are signed from: a line of hex. It
// is nil where nobody named a file and the default one is not there.
func readWebhookKey(v value) ([]byte, error) {
	text, err := os.ReadFile(v.Text)
	if errors.Is(err, fs.ErrNotExist) && !v.set() {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Detailf(problem.BadConfig, "The webhook key file %s (%s): %v.", v.Text, v.From, errors.Unwrap(err))
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < deliver.MinWebhookKey {
		return nil, problem.Detailf(problem.BadConfig, "The webhook key file %s (%s) does not hold %d bytes or more in hex.", v.Text, v.From, deliver.MinWebhookKey)
	}
	return key, nil
}

// makeWebhookKey reads the key, or makes it where there is no file yet.
func (c *command) makeWebhookKey(v value) ([]byte, error) {
	if _, err := os.Lstat(v.Text); !errors.Is(err, fs.ErrNotExist) {
		return readWebhookKey(v)
	}
	key := make([]byte, deliver.MinWebhookKey)
	rand.Read(key) // never fails: it ends the program instead
	f, err := os.OpenFile(v.Text, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, problem.Detailf(problem.BadConfig, "The webhook key file %s (%s) cannot be made: %v.", v.Text, v.From, errors.Unwrap(err))
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the webhook key file: %w", err), os.Remove(v.Text))
	}
	c.say("A key was made in %s. Every server of this database needs the same file; keep it out of the database's backup. Start them anew.", v.Text)
	return key, nil
}
