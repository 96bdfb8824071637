package builtapp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/BurntSushi/toml"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// Options are what reading may need beside the file.
type Options struct {
	// Password is asked for a keystore's password, once and only when the file
	// is a keystore. Nil means there is none to give.
	Password func() (string, error)
}

// Read reads a file of any kind but a folder .app, for which there is
// [ReadBundle]. Its errors carry one of problem's App… or Keystore… codes and
// never hold what stands in the file.
func Read(r io.ReaderAt, size int64, o Options) (App, error) {
	head := make([]byte, min(size, 16))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return App{}, fmt.Errorf("reading: %w", err)
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return readArchive(r, size)
	}
	if size > maxKeystore {
		return App{}, problem.New(problem.AppUnknown)
	}
	b := make([]byte, size)
	if _, err := r.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return App{}, fmt.Errorf("reading: %w", err)
	}
	return readSmall(b, o)
}

// readSmall reads everything that is no archive.
func readSmall(b []byte, o Options) (App, error) {
	magic := uint32(0)
	if len(b) >= 4 {
		magic = binary.BigEndian.Uint32(b)
	}
	switch {
	case magic == magicJKS, magic == magicJCEKS:
		return withPassword(o, b, readJKS)
	case isPKCS12(b):
		return withPassword(o, b, readPKCS12)
	case isPrivateKey(b):
		return App{}, problem.New(problem.AppPrivateKey)
	case isPEM(b), len(b) > 0 && b[0] == 0x30:
		if len(b) > maxCertificateFile {
			return App{}, problem.New(problem.AppTooLarge)
		}
		return readCertificates(b)
	case bytes.HasPrefix(b, []byte("bplist0")), bytes.Contains(b[:min(len(b), 1024)], []byte("<plist")):
		a := App{Kind: Bundle}
		if err := a.fromInfoPlist(b); err != nil {
			return App{}, err
		}
		return a, nil
	}
	return readFyneApp(b)
}

func withPassword(o Options, b []byte, read func([]byte, string) (App, error)) (App, error) {
	if o.Password == nil {
		return App{}, problem.New(problem.KeystoreLocked)
	}
	password, err := o.Password()
	if err != nil {
		return App{}, problem.Wrap(problem.KeystoreLocked, err)
	}
	return read(b, password)
}

// Bounds of a FyneApp.toml. It has some lines, and a dot or bracket in few of them.
const (
	maxFyneApp = 64 << 10
	maxNested  = 500
)

// nests reports whether so much may stand in one another in a text in TOML that
// reading it takes long: each level of a key or a table costs its reader more than
// the one before.
func nests(b []byte) bool {
	return bytes.Count(b, []byte("."))+bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxNested
}

// readFyneApp reads FyneApp.toml, from which `fyne package` takes the ID for
// every system.
func readFyneApp(b []byte) (App, error) {
	var f struct {
		Details struct {
			Name, ID, Version string
			Build             int
		}
	}
	if len(b) > maxFyneApp || bytes.IndexByte(b, 0) >= 0 || nests(b) {
		return App{}, problem.New(problem.AppUnknown)
	}
	if err := toml.Unmarshal(b, &f); err != nil {
		return App{}, problem.New(problem.AppUnknown)
	}
	if f.Details.ID == "" {
		return App{}, problem.New(problem.AppNoManifest)
	}
	if err := redirect.CheckBundleID(f.Details.ID); err != nil {
		return App{}, err
	}
	return App{
		Kind: FyneApp, ID: f.Details.ID, Name: f.Details.Name,
		Version: f.Details.Version, Build: strconv.Itoa(f.Details.Build),
	}, nil
}

// ReadBundle reads a folder .app as os.DirFS gives it: one of macOS, with its
// Info.plist in Contents, or one of iOS.
func ReadBundle(fsys fs.FS) (App, error) {
	for _, name := range []string{"Contents/Info.plist", "Info.plist"} {
		f, err := fsys.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return App{}, fmt.Errorf("reading: %w", err)
		}
		defer f.Close() // only read from
		b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
		if err != nil {
			return App{}, fmt.Errorf("reading: %w", err)
		}
		a := App{Kind: Bundle}
		if err := a.fromInfoPlist(b); err != nil {
			return App{}, err
		}
		return a, nil
	}
	return App{}, problem.New(problem.AppNoManifest)
}
