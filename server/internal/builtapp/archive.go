package builtapp

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Bounds of an archive. Google Play takes apps of some gigabytes; the largest
// have about 100,000 files.
const (
	maxEntries   = 300_000
	maxDirectory = 64 << 20
	maxUnpacked  = 192 << 20 // of all entries that are read, which are few
)

// archive is a zip file, of which single entries are read.
type archive struct {
	r     io.ReaderAt
	size  int64
	files map[string]*zip.File
	names []string
	end   endRecord
	left  int64 // how many more bytes may be unpacked
}

// endRecord is the zip's end of central directory (APPNOTE.TXT 4.3.16).
type endRecord struct {
	at, directory, length int64
}

// openArchive reads the directory of a zip file. Of two entries with one name
// nobody knows which Android would take, so such a file is refused.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	end, err := findEnd(r, size)
	if err != nil {
		return nil, problem.Wrap(problem.AppDamaged, err)
	}
	if end.length > maxDirectory || end.entries(r, size) > maxEntries {
		return nil, problem.New(problem.AppTooLarge)
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, problem.Wrap(problem.AppDamaged, err)
	}
	a := &archive{r: r, size: size, files: make(map[string]*zip.File, len(z.File)), end: end, left: maxUnpacked}
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, problem.Wrap(problem.AppDamaged, fmt.Errorf("zip: %q is there twice", f.Name))
		}
		a.files[f.Name] = f
		a.names = append(a.names, f.Name)
	}
	return a, nil
}

var errZip = errors.New("zip: no end of central directory")

// findEnd looks for the end record, behind which there may be a comment.
func findEnd(r io.ReaderAt, size int64) (endRecord, error) {
	const fixed = 22
	tail := make([]byte, min(size, fixed+1<<16-1))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return endRecord{}, err
	}
	for i := len(tail) - fixed; i >= 0; i-- {
		b := tail[i:]
		if !bytes.HasPrefix(b, []byte("PK\x05\x06")) || int(binary.LittleEndian.Uint16(b[20:])) != len(b)-fixed {
			continue
		}
		e := endRecord{at: size - int64(len(b)), length: int64(binary.LittleEndian.Uint32(b[12:])), directory: int64(binary.LittleEndian.Uint32(b[16:]))}
		if e.directory+e.length > e.at {
			return endRecord{}, errZip // also Zip64, which Android does not install
		}
		return e, nil
	}
	return endRecord{}, errZip
}

// entries counts those that package zip would take memory for, up to one too many.
// It reads from where the end record says that the directory begins, or from where
// it begins by its length, as long as there are any.
func (e endRecord) entries(r io.ReaderAt, size int64) int {
	most := 0
	for _, begin := range []int64{e.directory, e.at - e.length} {
		in := bufio.NewReaderSize(io.NewSectionReader(r, begin, size-begin), 1<<16)
		n := 0
		for ; n <= maxEntries; n++ {
			head, err := in.Peek(46) // APPNOTE.TXT 4.3.12
			if err != nil || string(head[:4]) != "PK\x01\x02" {
				break
			}
			long := int(binary.LittleEndian.Uint16(head[28:])) + int(binary.LittleEndian.Uint16(head[30:])) + int(binary.LittleEndian.Uint16(head[32:]))
			if _, err := in.Discard(len(head) + long); err != nil {
				break
			}
		}
		most = max(most, n)
	}
	return most
}

// read returns an entry of at most limit bytes, or nil where there is none.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	f := a.files[name]
	if f == nil {
		return nil, nil
	}
	if limit = min(limit, a.left); f.UncompressedSize64 > uint64(limit) {
		return nil, problem.Wrap(problem.AppTooLarge, fmt.Errorf("%s has %d bytes", name, f.UncompressedSize64))
	}
	in, err := f.Open()
	if err != nil {
		return nil, problem.Wrap(problem.AppDamaged, err)
	}
	defer in.Close() // only read from
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, problem.Wrap(problem.AppDamaged, fmt.Errorf("reading %s: %w", name, err))
	}
	if int64(len(b)) > limit {
		return nil, problem.New(problem.AppTooLarge)
	}
	a.left -= int64(len(b))
	return b, nil
}

// kind tells from the entries what the archive is, and where its manifest is.
func (a *archive) kind() (Kind, string) {
	switch {
	case a.files["base/manifest/AndroidManifest.xml"] != nil:
		return AAB, "base/manifest/AndroidManifest.xml"
	case a.files["AndroidManifest.xml"] != nil:
		return APK, "AndroidManifest.xml"
	}
	for _, name := range a.names {
		if ok, _ := path.Match("Payload/*.app/Info.plist", name); ok {
			return IPA, name
		}
	}
	for _, name := range a.names {
		for _, form := range []string{"*.app/Contents/Info.plist", "*.app/Info.plist"} {
			if ok, _ := path.Match(form, name); ok {
				return Bundle, name
			}
		}
	}
	return "", ""
}

// readArchive reads an .apk, .aab, .ipa or a zipped .app.
func readArchive(r io.ReaderAt, size int64) (App, error) {
	z, err := openArchive(r, size)
	if err != nil {
		return App{}, err
	}
	kind, manifest := z.kind()
	if kind == "" {
		return App{}, problem.New(problem.AppNoManifest)
	}
	b, err := z.read(manifest, maxManifest)
	if err != nil {
		return App{}, err
	}
	a := App{Kind: kind}
	switch kind {
	case APK:
		err = a.readAPK(z, b)
	case AAB:
		err = a.readAAB(z, b)
	default:
		err = a.fromInfoPlist(b)
	}
	if err != nil {
		return App{}, err
	}
	return a, nil
}

func (a *App) readAPK(z *archive, manifest []byte) error {
	root, err := parseAXML(manifest)
	if err != nil {
		return problem.Wrap(problem.AppDamaged, fmt.Errorf("AndroidManifest.xml: %w", err))
	}
	resolve, err := z.resources()
	if err != nil {
		return err
	}
	if !a.fromManifest(root, resolve) {
		return problem.New(problem.AppNoManifest)
	}
	v1, err := z.jarSigners()
	if err != nil {
		return err
	}
	block, err := z.blockSigners()
	if err != nil {
		return err
	}
	a.Signers = append(v1, block...)
	return nil
}

// readAAB reads an app bundle. It is signed as a JAR, with the upload key: what
// Google signs the app with in the end stands in Play Console alone.
func (a *App) readAAB(z *archive, manifest []byte) error {
	root, err := parseProtoXML(manifest)
	if err != nil {
		return problem.Wrap(problem.AppDamaged, fmt.Errorf("AndroidManifest.xml: %w", err))
	}
	if !a.fromManifest(root, func(s string) string { return s }) {
		return problem.New(problem.AppNoManifest)
	}
	a.Signers, err = z.jarSigners()
	return err
}

// metaName returns the name of a file of META-INF itself in capitals, in which
// Java compares them, or "".
func metaName(name string) string {
	upper := strings.ToUpper(name)
	if rest, ok := strings.CutPrefix(upper, "META-INF/"); ok && !strings.Contains(rest, "/") {
		return rest
	}
	return ""
}
