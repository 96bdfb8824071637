package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// keyFile is a file that holds a key of a server: one line of hex. Every server
// of a database, and its commands, need the same.
type keyFile struct {
	// what names the key in sentences.
	what  string
	value value
	// least is how many bytes the key has, or more.
	least int
}

// read reads the key. A file that is not there is fs.ErrNotExist.
func (k keyFile) read() ([]byte, error) {
	text, err := os.ReadFile(k.value.Text)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, k.unread(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < k.least {
		return nil, problem.Detailf(problem.BadConfig, "The %s file %s (%s) does not hold %d bytes or more in hex.", k.what, k.value.Text, k.value.From, k.least)
	}
	return key, nil
}

// unread says why the file could not be read.
func (k keyFile) unread(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return problem.Detailf(problem.BadConfig, "The %s file %s (%s): %v.", k.what, k.value.Text, k.value.From, err)
}

// make reads the key, or makes it where there is no file yet. Of several that
// make it at the same time, all get the same: the file appears whole, once.
func (k keyFile) make() (key []byte, made bool, err error) {
	if key, err = k.read(); !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	key = make([]byte, k.least)
	rand.Read(key) // never fails: it ends the program instead
	f, err := os.CreateTemp(filepath.Dir(k.value.Text), ".lanyard-key-*")
	if err != nil {
		return nil, false, k.unmade(err)
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintln(f, hex.EncodeToString(key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, false, fmt.Errorf("writing the %s file: %w", k.what, err)
	}
	switch err := os.Link(f.Name(), k.value.Text); {
	case errors.Is(err, fs.ErrExist): // another program was quicker
		key, err = k.read()
		return key, false, err
	case err != nil:
		return nil, false, k.unmade(err)
	}
	return key, true, nil
}

func (k keyFile) unmade(err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	} else if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return problem.Detailf(problem.BadConfig, "The %s file %s (%s) cannot be made: %v.", k.what, k.value.Text, k.value.From, err)
}

// defaultServerKeyFile is where the server's key is looked for beside
// PostgreSQL, unless somebody says otherwise.
const defaultServerKeyFile = "lanyard-server.key"

// serverKey reads the key that seals private keys in the database. It makes one
// where that is safe: beside an SQLite database, where commands find the one that
// the server has, wherever they are run; or where somebody named the file.
// Several machines may serve a PostgreSQL database, and a key made in the folder
// of one would be unknown to the others: there it is nil where there is none.
func (c *command) serverKey(set settings) ([]byte, error) {
	k := set.serverKeyFile()
	db, err := parseDatabase(set[keyDB])
	if err != nil {
		return nil, err
	}
	if db.file == "" && !k.value.set() {
		key, err := k.read()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return key, err
	}
	key, made, err := k.make()
	if made {
		c.say("A server key was made in %s. Every server of this database, and its commands, need the same file; keep it out of the database's backup.", k.value.Text)
	}
	return key, err
}

// sayKeyless warns on stderr that the server runs without its key, and in which
// workspaces something stops working for that.
func (c *command) sayKeyless(st *server.Store) error {
	all, err := st.SAMLs(c.ctx)
	if err != nil {
		return fmt.Errorf("looking for sealed keys: %w", err)
	}
	var sealed []string
	for _, conn := range all {
		if len(conn.Keys) > 0 {
			sealed = append(sealed, conn.Workspace)
		}
	}
	c.say("Warning: this server has no server key, so with SAML it signs no requests and reads no encrypted assertions, and no administrator can sign in to the console. Everything else works.\n"+
		"  Give every server of this database the same file with --server-key-file or %s; where it is named and not there yet, it is made.", keyVariableServerKey)
	if len(sealed) == 0 {
		return nil
	}
	more := ""
	if n := len(sealed) - keylessNamed; n > 0 {
		sealed, more = sealed[:keylessNamed], fmt.Sprintf(" and %d more", n)
	}
	c.say("Warning: the database holds SAML keys that are sealed with a server key (workspaces: %s%s). Where their assertions are encrypted or their requests signed, nobody can sign in by SAML at this server. "+
		"Copy the key file of the server or the command that made them.", strings.Join(sealed, ", "), more)
	return nil
}

// keyVariableServerKey is the environment variable that names the key's file.
const keyVariableServerKey = "LANYARD_SERVER_KEY_FILE"

// keylessNamed is how many workspaces a warning names.
const keylessNamed = 10

// serverKeyFile is where the server's key is.
func (s settings) serverKeyFile() keyFile {
	v := s[keyServerKeyFile]
	if !v.set() {
		v.Text = defaultServerKeyFile
		if db, err := parseDatabase(s[keyDB]); err == nil && db.file != "" {
			v.Text = strings.TrimSuffix(db.file, ".db") + "-server.key"
		}
	}
	return keyFile{"server key", v, signin.MinServerKey}
}
