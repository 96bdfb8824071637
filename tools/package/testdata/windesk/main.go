//go:build windows

// Command windesk does on Windows, or under wine, what a test cannot do from
// outside: it trusts a certificate authority, tells what the Credential Manager
// holds, and keeps the desktop there until its standard input ends.
//
//	windesk trust FILE.pem
//	windesk credentials
//	windesk stay
package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"github.com/danieljoos/wincred"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "windesk:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "trust":
		return trust(args[1])
	case len(args) == 1 && args[0] == "credentials":
		return credentials()
	case len(args) == 1 && args[0] == "stay":
		return stay()
	}
	return errors.New("usage: windesk trust FILE | credentials | stay")
}

// trust puts a certificate among the roots of this computer.
func trust(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("no certificate in PEM")
	}
	const provider, localMachine, always = 10, 0x00020000, 3 // CERT_STORE_PROV_SYSTEM_W, …_LOCAL_MACHINE, …_REPLACE_EXISTING
	name, err := syscall.UTF16PtrFromString("Root")
	if err != nil {
		return err
	}
	store, err := syscall.CertOpenStore(provider, 0, 0, localMachine, uintptr(unsafe.Pointer(name)))
	if err != nil {
		return fmt.Errorf("opening the store of roots: %w", err)
	}
	cert, err := syscall.CertCreateCertificateContext(syscall.X509_ASN_ENCODING|syscall.PKCS_7_ASN_ENCODING, &block.Bytes[0], uint32(len(block.Bytes)))
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	defer syscall.CertFreeCertificateContext(cert)
	if err := syscall.CertAddCertificateContextToStore(store, cert, always, nil); err != nil {
		return fmt.Errorf("adding it: %w", err)
	}
	return syscall.CertCloseStore(store, 0)
}

// credentials prints the length and name of every item.
func credentials() error {
	all, err := wincred.List()
	if err != nil && !errors.Is(err, wincred.ErrElementNotFound) {
		return err
	}
	for _, c := range all {
		fmt.Println(len(c.CredentialBlob), c.TargetName)
	}
	return nil
}

// stay makes sure that there is a desktop with pointers to show, says so, and
// stays. wine starts its desktop with the first program that asks for it, and
// on a busy machine gives that program none.
func stay() error {
	const arrow, cursor, shared = 32512, 2, 0x8040 // OCR_NORMAL, IMAGE_CURSOR, LR_DEFAULTSIZE | LR_SHARED
	load := syscall.NewLazyDLL("user32.dll").NewProc("LoadImageW")
	if h, _, err := load.Call(0, arrow, cursor, 0, 0, shared); h == 0 {
		return fmt.Errorf("no pointer: %w", err)
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
