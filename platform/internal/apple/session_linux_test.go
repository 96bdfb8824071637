package apple

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// asBuilt are the flags of our own files.
var asBuilt = []string{"-fobjc-arc", "-Wall", "-Werror"}

// objects are the compiled files that program links.
type objects struct{ common, rest []string }

// compileRest compiles all but webauth_darwin.m, with the small runtime and the
// classes in testdata.
func compileRest(t *testing.T, phone bool) objects {
	t.Helper()
	needClang(t)
	o := objects{common: []string{
		"-fobjc-runtime=gnustep-1.5", "-fblocks", "-D_GNU_SOURCE", "-isystem", "testdata/sdk", "-I", ".", "-g",
	}}
	ours, fakes := []string{"window_macos.m"}, []string{"mac.m", "foundation.m", "main.m", "runtime.c"}
	if phone {
		o.common = append(o.common, "-DTARGET_OS_IPHONE=1")
		ours, fakes[0] = []string{"window_ios.m", "support_ios.m"}, "phone.m"
	}
	dir := t.TempDir()
	for _, source := range ours {
		o.rest = append(o.rest, o.compile(t, dir, source, asBuilt...))
	}
	for _, source := range fakes {
		o.rest = append(o.rest, o.compile(t, dir, "testdata/session/"+source, "-w")) // they do less than they declare
	}
	return o
}

func (o objects) compile(t *testing.T, dir, source string, flags ...string) string {
	t.Helper()
	object := filepath.Join(dir, filepath.Base(source)+".o")
	clang(t, slices.Concat(o.common, flags, []string{"-c", source, "-o", object})...)
	return object
}

func clang(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "clang", args...).CombinedOutput(); err != nil {
		t.Fatalf("clang: %v\n%s", err, out)
	}
}

// program links them with webauth. A call off the main thread, a message to an
// object that is gone and the like end it.
func (o objects) program(t *testing.T, webauth string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "session")
	clang(t, slices.Concat([]string{o.compile(t, dir, webauth, asBuilt...)}, o.rest, []string{"-o", path})...)
	return path
}

// What else runs on a phone alone: our files, compiled as they are, with classes
// that play Apple's.
//
// req: G5 G7
func TestObjectiveC_itDoesOnAPhoneWhatGoAsksFor(t *testing.T) {
	o := compileRest(t, true)
	path := o.program(t, "webauth_darwin.m")
	t.Run("a session tells how it ended", func(t *testing.T) { sessionTells(t, path) })
	t.Run("a session that is cancelled", func(t *testing.T) { sessionIsCancelled(t, path) })
	t.Run("several sessions", func(t *testing.T) { severalSessions(t, path) })
	t.Run("the window", func(t *testing.T) { windowInFront(t, path) })
	t.Run("the rest", func(t *testing.T) { supportsAPhone(t, path) })
	t.Run("mistakes", func(t *testing.T) { noticesMistakes(t, o) })
}

// req: G5
func TestObjectiveC_itDoesOnAMacWhatGoAsksFor(t *testing.T) {
	path := compileRest(t, false).program(t, "webauth_darwin.m")
	t.Run("a session tells how it ended", func(t *testing.T) { sessionTells(t, path) })
	t.Run("a session that is cancelled", func(t *testing.T) { sessionIsCancelled(t, path) })
	t.Run("several sessions", func(t *testing.T) { severalSessions(t, path) })
	start := []string{"start 7 " + address, "run"}
	play(t, path, []scene{
		{"shows it over the key window", slices.Concat([]string{"window panel visible,keyable", "window other main", "window main front"}, start), shownOver("main")},
		{"shows it over the main window", slices.Concat([]string{"window panel visible,keyable", "window other main"}, start), shownOver("other")},
		{"shows it over one that can be seen while another app is in front", slices.Concat([]string{"window hidden keyable", "window tip visible", "window main visible,keyable"}, start), shownOver("main")},
		{"shows it over nothing hidden", slices.Concat([]string{"window hidden keyable"}, start), []string{"ended 7 - lanyard 3"}},
	})
}

// shownOver is what is said when a page is shown.
func shownOver(name string) []string {
	return []string{strings.Split(begun, "\n")[0], "shown over " + name}
}

const (
	front   = "window main key,front"
	address = "https://login.example/authorize?state=s msauth.com.acme"
	begun   = "session https://login.example/authorize?state=s for msauth.com.acme\nshown over main"
	back    = "msauth.com.acme://auth?code=c&state=s"
)

func sessionTells(t *testing.T, path string) {
	play(t, path, []scene{
		{"brings the address back", []string{front, "start 7 " + address, "run", "answer 0 " + back + " - 0", "run"}, []string{begun, "ended 7 " + back + " - 0"}},
		{"says that the person closed the page", []string{front, "start 7 " + address, "run", "answer 0 - web 1", "run"}, []string{begun, "ended 7 - ASWebAuthenticationSession 1"}},
		{"says that there was no window to show it over", []string{front, "start 7 " + address, "run", "answer 0 - web 3", "run"}, []string{begun, "ended 7 - ASWebAuthenticationSession 3"}},
		{"names the domain of other errors", []string{front, "start 7 " + address, "run", "answer 0 - NSURLErrorDomain -1009", "run"}, []string{begun, "ended 7 - NSURLErrorDomain -1009"}},
		{"believes the error where there is an address too", []string{front, "start 7 " + address, "run", "answer 0 " + back + " web 1", "run"}, []string{begun, "ended 7 - ASWebAuthenticationSession 1"}},
		{"says that nothing came", []string{front, "start 7 " + address, "run", "answer 0 - - 0", "run"}, []string{begun, "ended 7 - lanyard 6"}},
		{"says that the system would not start", []string{front, "refuse", "start 7 " + address, "run"}, []string{strings.Split(begun, "\n")[0], "ended 7 - lanyard 4"}},
		{"needs a window", []string{"start 7 " + address, "run"}, []string{"ended 7 - lanyard 3"}},
		{"needs an address", []string{front, "start 7 nonsense s", "start 8 https://a\\xff s", "run"}, []string{"ended 7 - lanyard 2", "ended 8 - lanyard 2"}},
		{"tells once, whatever the system says twice", []string{front, "start 7 " + address, "run", "answer 0 " + back + " - 0", "answer 0 - web 1", "run"}, []string{begun, "ended 7 " + back + " - 0"}},
	})
}

func sessionIsCancelled(t *testing.T, path string) {
	play(t, path, []scene{
		{"tells once when it is cancelled", []string{front, "start 7 " + address, "run", "cancel 7", "run", "run"}, []string{begun, "ended 7 - lanyard 5", "taken away"}},
		{"tells when the system does not", []string{front, "silent", "start 7 " + address, "run", "cancel 7", "cancel 7", "run"}, []string{begun, "ended 7 - lanyard 5", "taken away"}},
		{"keeps the order of what it is told", []string{front, "start 7 " + address, "cancel 7", "run"}, []string{begun, "ended 7 - lanyard 5", "taken away"}},
		{"lets the one that came first count", []string{front, "start 7 " + address, "run", "answer 0 " + back + " - 0", "cancel 7", "run"}, []string{begun, "ended 7 " + back + " - 0"}},
		{"ignores what is not under way", []string{"cancel 7", "run", front, "start 7 " + address, "run", "answer 0 " + back + " - 0", "run", "cancel 7", "cancel 8", "run"}, []string{begun, "ended 7 " + back + " - 0"}},
	})
}

func severalSessions(t *testing.T, path string) {
	play(t, path, []scene{
		{"runs two at once", []string{front, "start 1 " + address, "start 2 " + address, "run", "answer 1 x://2 - 0", "answer 0 x://1 - 0", "run"}, []string{begun, begun, "ended 2 x://2 - 0", "ended 1 x://1 - 0"}},
	})
	one := []string{"start 1 " + address, "run", "answer 0 " + back + " - 0", "run"}
	after := lastLine(does(t, path, slices.Concat([]string{front}, one, []string{"objects"})...))
	many := slices.Concat([]string{front}, one, []string{
		"start 2 " + address, "run", "cancel 2", "run",
		"start 3 nonsense s", "run",
		"start 4 " + address, "start 5 " + address, "run", "answer 3 - web 1", "cancel 4", "run",
		"refuse", "start 6 " + address, "run",
		"objects",
	})
	if got := lastLine(does(t, path, many...)); got != after {
		t.Errorf("after six sessions there are %s, after one %s", got, after)
	}
}

func lastLine(s string) string { return s[strings.LastIndex(s, "\n")+1:] }

func windowInFront(t *testing.T, path string) {
	start := []string{"start 7 " + address, "run"}
	play(t, path, []scene{
		{"is the key window of the scene in front", append([]string{"window other-scene back", "window behind key,back", "window panel front", "window main key,front"}, start...), shownOver("main")},
		{"is a key window before others", append([]string{"window panel front", "window behind key,back"}, start...), shownOver("behind")},
		{"is any window before none", append([]string{"window tv other,key,front", "window panel back"}, start...), shownOver("panel")},
		{"is the delegate's in an app without scenes", append([]string{"window main delegate"}, start...), shownOver("main")},
		{"is never a scene without windows", append([]string{"window tv other,key,front"}, start...), []string{"ended 7 - lanyard 3"}},
	})
}

func supportsAPhone(t *testing.T, path string) {
	play(t, path, []scene{
		{"leaves for the browser", []string{"open 3 https://login.example/logout", "run"}, []string{"open https://login.example/logout", "ended 3 - - 0"}},
		{"says when nothing opens an address", []string{"refuse", "open 3 https://login.example/logout", "run"}, []string{"open https://login.example/logout", "ended 3 - lanyard 7"}},
		{"opens nothing but addresses", []string{"open 3 nonsense", "run"}, []string{"ended 3 - lanyard 2"}},
		{"makes a folder that no backup takes", []string{"folder"}, []string{"folder 14 1 1", "resource excluded 1", "/container/Library/Application Support"}},
		{"says when there is no folder", []string{"refuse", "folder"}, []string{"folder 14 1 1", "-"}},
		{"knows the device", []string{"device"}, []string{"iPhone"}},
	})
}

// noticesMistakes tries the stand-in, which would be no proof if it let anything
// pass: each of these must end otherwise than the file as it is.
func noticesMistakes(t *testing.T, o objects) {
	source, err := os.ReadFile("webauth_darwin.m")
	if err != nil {
		t.Fatal(err)
	}
	script := front + "\nstart 7 " + address + "\nrun\nanswer 0 x://1 - 0\nanswer 0 x://2 - 0\nrun\nobjects\n"
	ends := func(t *testing.T, path string) string {
		cmd := exec.CommandContext(t.Context(), o.program(t, path))
		cmd.Stdin = strings.NewReader(script)
		out, _ := cmd.CombinedOutput() // a misuse is told there
		return string(out)
	}
	right := ends(t, "webauth_darwin.m")
	hop := "dispatch_async(dispatch_get_main_queue(), ^{\n\t\t\t    completed(number, callback, error);\n\t\t    });"
	for name, w := range map[string]struct{ old, new, says string }{
		"cookies of its own":      {"BrowserSession = NO;", "BrowserSession = YES;", "cookies are not shared"},
		"an answer on any thread": {hop, "completed(number, callback, error);", "off the main thread"},
		"a session nobody keeps":  {"sessions[@(number)] = [[LanyardSession alloc] init];", "", ""},
		"no window to show over":  {"session.web.presentationContextProvider = session;", "", ""},
		"telling a second time":   {"\t[sessions removeObjectForKey:@(number)];\n", "", "ended 7 x://1 - 0\nended 7 x://2 - 0"},
		"a circle of references":  {"completed(number, callback, error);", "completed(number, session == nil ? nil : callback, error);", "ended 7 x://1 - 0\nobjects"},
	} {
		t.Run("it notices "+name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(source), w.old) {
				t.Fatalf("webauth_darwin.m has no %q any more", w.old)
			}
			path := filepath.Join(t.TempDir(), "webauth.m")
			if err := os.WriteFile(path, []byte(strings.Replace(string(source), w.old, w.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if out := ends(t, path); out == right || !strings.Contains(out, w.says) {
				t.Errorf("it ends with\n%s\nwant %q, and not\n%s", out, w.says, right)
			}
		})
	}
}
