package apple

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compiler builds C for this machine with the headers in testdata. The
// sanitizers end a program at the first wrong step.
type compiler struct {
	flags []string
	rest  []string // the objects of everything but secitem_darwin.c
}

func newCompiler(t *testing.T, phone bool) compiler {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Fatal("this test builds C with gcc, which Go needs for -race too: ", err)
	}
	c := compiler{flags: []string{
		"-std=gnu11", "-D_GNU_SOURCE", "-g", "-Wall", "-Wextra", "-Werror", "-I", "testdata/sdk", "-I", ".",
		"-fsanitize=address,undefined", "-fno-sanitize-recover",
	}}
	if phone {
		c.flags = append(c.flags, "-DTARGET_OS_IPHONE=1")
	}
	dir := t.TempDir()
	for _, source := range []string{"testdata/keychain/main.c", "testdata/keychain/cf.c", "testdata/keychain/security.c", "bundle_darwin.c"} {
		object := filepath.Join(dir, filepath.Base(source)+".o")
		c.run(t, "-c", source, "-o", object)
		c.rest = append(c.rest, object)
	}
	return c
}

func (c compiler) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "gcc", slices.Concat(c.flags, args)...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

// program returns a program that does to a keychain in memory, by way of
// secitem, what it reads. The keychain ends it when it is used in a way that
// Apple leaves undefined.
func (c compiler) program(t *testing.T, secitem string) string {
	t.Helper()
	dir := t.TempDir()
	object, path := filepath.Join(dir, "secitem.o"), filepath.Join(dir, "keychain")
	c.run(t, "-Dmalloc=watched_malloc", "-Dfree=watched_free", "-c", secitem, "-o", object)
	c.run(t, slices.Concat(c.rest, []string{object, "-o", path})...)
	return path
}

// does gives the program commands and returns what it answered.
func does(t *testing.T, path string, commands ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	// Objects and memory that are left the program counts itself, which works
	// where a sanitizer may not look into its own process.
	cmd.Env = append(os.Environ(), "ASAN_OPTIONS=detect_leaks=0")
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v after %q\n%s", err, out, errOut.String())
	}
	return strings.TrimSpace(string(out))
}

type scene struct {
	name           string
	commands, says []string
}

func play(t *testing.T, path string, scenes []scene) {
	t.Helper()
	for _, s := range scenes {
		t.Run("it "+s.name, func(t *testing.T) {
			if got := does(t, path, s.commands...); got != strings.Join(s.says, "\n") {
				t.Errorf("it says\n%s\nwant\n%s", got, strings.Join(s.says, "\n"))
			}
		})
	}
}

// everywhere is what iOS and macOS have in common.
var everywhere = []scene{
	{"finds nothing in an empty keychain", []string{"get s a", "remove s a"}, []string{"get -25300", "remove -25300"}},
	{"keeps an item on this device", []string{"set s a one", "get s a", "items"}, []string{"set 0", "get 0 one", "protected this-device s/a=one"}},
	{"gives an item that exists another value", []string{"set s a one", "set s a two", "get s a", "items"}, []string{"set 0", "set 0", "get 0 two", "protected this-device s/a=two"}},
	{"tells services and accounts apart", []string{"set s a 1", "set s b 2", "set t a 3", "remove s b", "get s a", "get s b", "get t a"}, []string{"set 0", "set 0", "set 0", "remove 0", "get 0 1", "get -25300", "get 0 3"}},
	{"keeps an empty value", []string{`set s a ""`, "get s a"}, []string{"set 0", "get 0"}},
	{"says that the device is locked", []string{"set s a one", "locked 1", "get s a", "set s a two", "locked 0", "get s a"}, []string{"set 0", "get -25308", "set -25308", "get 0 one"}},
	{"makes an item again that went between two calls", []string{"set s a one", "fail update -25300 1", "set s a two", "get s a", "calls add"}, []string{"set 0", "set 0", "get 0 two", "calls add 3"}},
	{"gives up when an item comes and goes", []string{"fail add -25299 9", "fail update -25300 9", "set s a one", "calls add", "calls update"}, []string{"set -25300", "calls add 3", "calls update 3"}},
	{"passes on what it cannot mend", []string{"fail add -25293 1", "set s a one", "set s a one", "fail update -128 1", "set s a two", "fail copy -50 1", "get s a", "fail delete -25244 1", "remove s a", "get s a"}, []string{"set -25293", "set 0", "set -128", "get -50", "remove -25244", "get 0 one"}},
	{"refuses an answer that is no value", []string{"fail copy 0 1", "get s a"}, []string{"get -26275"}},
	{"refuses names that are no text", []string{`set \xff a one`, `get s \xff`, `remove \xff a`, "items"}, []string{"set -50", "get -50", "remove -50"}},
	{"survives memory that runs out", []string{"set s a one", "memory 1", "get s a", "get s a"}, []string{"set 0", "get -108", "get 0 one"}},
}

// req: G7
func TestKeychain_itKeepsItemsOnAPhone(t *testing.T) {
	path := newCompiler(t, true).program(t, "secitem_darwin.c")
	play(t, path, everywhere)
	play(t, path, []scene{
		{"has no other keychain to go to", []string{"entitled 0", "get s a", "set s a one", "remove s a", "items", "calls copy"}, []string{"get -34018", "set -34018", "remove -34018", "calls copy 1"}},
		{"knows its identifier", []string{"bundle com.acme.App /var/containers/Lanyard.app", "id", "bundle com.acme.app /odd", "id"}, []string{"id com.acme.App", "id com.acme.app"}},
	})
}

// req: G5 G7
func TestKeychain_itKeepsItemsOnAMac(t *testing.T) {
	c := newCompiler(t, false)
	path := c.program(t, "secitem_darwin.c")
	t.Run("the bundle's identifier", func(t *testing.T) { play(t, path, bundles) })
	t.Run("misuse", func(t *testing.T) { refusesMisuse(t, c) })
	play(t, path, everywhere)
	play(t, path, []scene{
		{"goes to the login keychain where it is not entitled", []string{"entitled 0", "get s a", "set s a one", "get s a", "set s a two", "items", "remove s a", "get s a"}, []string{"get -25300", "set 0", "get 0 one", "set 0", "login s/a=two", "remove 0", "get -25300"}},
		{"asks once whether it is entitled", []string{"entitled 0", "set s a one", "get s a", "get s a", "remove s a", "calls add", "calls copy", "calls delete"}, []string{"set 0", "get 0 one", "get 0 one", "remove 0", "calls add 2", "calls copy 2", "calls delete 1"}},
		{"asks once, whichever call is first", []string{"entitled 0", "remove s a", "get s a", "set s a one", "calls delete", "calls copy", "calls add"}, []string{"remove -25300", "get -25300", "set 0", "calls delete 2", "calls copy 1", "calls add 1"}},
		{"stays with its choice", []string{"entitled 0", "set s a one", "entitled 1", "get s a", "set s a two", "items"}, []string{"set 0", "get 0 one", "set 0", "login s/a=two"}},
		{"takes along what an older version left in the login keychain", []string{"plant login s a old", "get s a", "items", "get s a", "calls copy"}, []string{"get 0 old", "login s/a=old", "protected this-device s/a=old", "get 0 old", "calls copy 3"}},
		{"finds what it cannot take along", []string{"plant login s a old", "fail add -25308 1", "get s a", "items", "get s a"}, []string{"get 0 old", "login s/a=old", "get 0 old"}},
		{"leaves it where it is without the entitlement", []string{"entitled 0", "plant login s a old", "get s a", "items", "calls add"}, []string{"get 0 old", "login s/a=old", "calls add 0"}},
		{"puts its own before what an older version left", []string{"plant login s a old", "set s a new", "get s a"}, []string{"set 0", "get 0 new"}},
		{"removes both", []string{"plant login s a old", "set s a new", "remove s a", "get s a", "items"}, []string{"set 0", "remove 0", "get -25300"}},
		{"does not take a locked login keychain for an empty one", []string{"plant login s a old", "locked 1", "get s a"}, []string{"get -25308"}},
		{"does not go to the login keychain while its own is locked", []string{"plant protected s a own", "plant login s a old", "locked 1", "get s a", "calls copy"}, []string{"get -25308", "calls copy 1"}},
		{"says that one of two stayed", []string{"plant login s a old", "set s a new", "fail delete -25308 1", "remove s a", "items"}, []string{"set 0", "remove -25308", "protected this-device s/a=new"}},
	})
}

// bundles say which programs on a Mac have an identifier.
var bundles = []scene{
	{"is read from an app", []string{"bundle com.acme.App /Applications/Lanyard.app", "id"}, []string{"id com.acme.App"}},
	{"is read whatever the extension's letter case", []string{"bundle com.acme /x/L.APP", "id"}, []string{"id com.acme"}},
	{"has room for any text", []string{"bundle ü€😀 /x/L.app", "id"}, []string{"id ü€😀"}},
	{"is not that of a plain program", []string{"id", "bundle - /usr/local/bin", "id", "bundle com.acme /usr/local/bin", "id", "bundle com.acme /x.app/bin", "id"}, []string{"id -", "id -", "id -", "id -"}},
	{"is not that of another bundle", []string{"bundle com.acme /x/Thing.bundle", "id"}, []string{"id -"}},
	{"is not there in an app without one", []string{"bundle - /x/Lanyard.app", "id"}, []string{"id -"}},
}

// refusesMisuse tries the keychain in memory, which would be no proof if it let
// anything pass.
func refusesMisuse(t *testing.T, c compiler) {
	t.Helper()
	source, err := os.ReadFile("secitem_darwin.c")
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]struct{ old, new, says string }{
		"an object too many":          {"\tCFRelease(q);\n\treturn status;\n}\n\nint32_t lanyard_item_remove", "\treturn status;\n}\n\nint32_t lanyard_item_remove", "objects and 0 pieces"},
		"one release too many":        {"\tCFRelease(q);\n\treturn status;\n}\n\nint32_t lanyard_item_remove", "\tCFRelease(q);\n\tCFRelease(q);\n\treturn status;\n}\n\nint32_t lanyard_item_remove", "heap-use-after-free"},
		"a value that stays around":   {"\t\toverwrite(CFDataGetMutableBytePtr(data), (size_t)CFDataGetLength(data));\n", "", "not overwritten"},
		"a copy that stays around":    {"\t\toverwrite(value, length);\n", "\t\t(void)length;\n", "not overwritten"},
		"an item for other devices":   {"kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly", "kSecAttrService", "accessible at another time"},
		"an item that goes to iCloud": {"kSecAttrSynchronizable, kCFBooleanFalse", "kSecAttrSynchronizable, kCFBooleanTrue", "synchronised"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(source), w.old) {
				t.Fatalf("secitem_darwin.c has no %q any more", w.old)
			}
			path := filepath.Join(t.TempDir(), "secitem.c")
			if err := os.WriteFile(path, []byte(strings.Replace(string(source), w.old, w.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), c.program(t, path))
			cmd.Stdin = strings.NewReader("set s a one\nget s a\nremove s a\n")
			cmd.Env = append(os.Environ(), "ASAN_OPTIONS=detect_leaks=0")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), w.says) {
				t.Errorf("it says %v\n%s\nwant %q", err, out, w.says)
			}
		})
	}
}

// What C and Go call by a number is one list.
func TestFailure_itsNumbersAreThoseOfTheHeader(t *testing.T) {
	header, err := os.ReadFile("webauth.h")
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]string{
		"NOT_SUPPORTED": "1", "BAD_ADDRESS": "2", "NO_WINDOW": "3", "NOT_STARTED": "4", "CANCELLED": "5", "NO_ANSWER": "6", "NOT_OPENED": "7",
	}
	for i, n := range []int{NotSupported, BadAddress, NoWindow, NotStarted, Cancelled, NoAnswer, NotOpened} {
		if n != i+1 {
			t.Errorf("number %d in failure.go is %d", i+1, n)
		}
	}
	found := regexp.MustCompile(`LANYARD_([A-Z_]+) = ([0-9]+),`).FindAllSubmatch(header, -1)
	if len(found) != len(numbers) {
		t.Errorf("the header has %d numbers, failure.go %d", len(found), len(numbers))
	}
	for _, m := range found {
		if numbers[string(m[1])] != string(m[2]) {
			t.Errorf("%s is %s in the header", m[1], m[2])
		}
	}
}
