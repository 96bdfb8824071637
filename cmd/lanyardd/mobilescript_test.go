package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// appFiles writes what people have in their folders when they have built an
// app: apps for Android, signed by Android's own tools, apps for Apple's systems,
// keystores and certificates.
func appFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: app-files")
	}
	const built, mobile = "../../server/internal/builtapp/testdata/", "../../server/internal/mobileapp/testdata/"
	home, err := os.Getwd()
	ts.Check(err)
	for name, from := range map[string]string{
		"acme.apk": mobile + "acme.apk", "acme.p12": mobile + "acme.p12",
		"rotated.apk": built + "rotated.apk", "two.apk": built + "two.apk", "unsigned.apk": built + "unsigned.apk",
		"rsa.jks": built + "rsa.jks", "rsa.p12": built + "rsa.p12", "rsa.pem": built + "rsa.pem",
		"Acme.app/Contents/Info.plist": built + "ios.bplist",
	} {
		b, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(from)))
		ts.Check(err)
		writeFile(ts, name, b)
	}
	plist, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(built+"ios.plist")))
	ts.Check(err)
	writeFile(ts, "app.ipa", zipOf(ts, "Payload/Acme.app/Info.plist", plist))
	writeFile(ts, "damaged.apk", []byte(ts.ReadFile("acme.apk"))[:6000])
}

func writeFile(ts *testscript.TestScript, name string, content []byte) {
	file := ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
	ts.Check(os.WriteFile(file, content, 0o600))
}

func zipOf(ts *testscript.TestScript, name string, content []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	ts.Check(err)
	_, err = w.Write(content)
	ts.Check(err)
	ts.Check(z.Close())
	return b.Bytes()
}
