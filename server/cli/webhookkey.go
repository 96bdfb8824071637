package cli

import (
	"errors"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
)

// defaultWebhookKeyFile is where the key stands unless somebody says otherwise.
const defaultWebhookKeyFile = "lanyard-webhooks.key"

func webhookKeyFile(v value) keyFile { return keyFile{"webhook key", v, deliver.MinWebhookKey} }

// readWebhookKey reads the key that webhooks are signed from. It is nil where
// nobody named a file and the default one is not there.
func readWebhookKey(v value) ([]byte, error) {
	key, err := webhookKeyFile(v).read()
	if errors.Is(err, fs.ErrNotExist) && v.set() {
		return nil, webhookKeyFile(v).unread(err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return key, err
}

// makeWebhookKey reads the key, or makes it where there is no file yet.
func (c *command) makeWebhookKey(v value) ([]byte, error) {
	key, made, err := webhookKeyFile(v).make()
	if made {
		c.say("A key was made in %s. Every server of this database needs the same file; keep it out of the database's backup. Start them anew.", v.Text)
	}
	return key, err
}
