package builtapp

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// soon fails the test where f has not returned after a minute: what it does here
// takes milliseconds, or hours.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}

// wantSoon reads a file that is made to keep its reader busy.
func wantSoon(t *testing.T, b []byte, code problem.Code) {
	t.Helper()
	soon(t, func() {
		a, err := readBytes(b)
		wantCode(t, a, err, code)
	})
}

// odd is a random odd number of that many bits.
func odd(bits int) *big.Int {
	b := make([]byte, bits/8)
	_, _ = rand.Read(b)
	b[0] |= 0x80
	b[len(b)-1] |= 1
	return new(big.Int).SetBytes(b)
}

func marshalled(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// certificateOf is as much of a certificate as is looked at, of any key.
func certificateOf(t *testing.T, keyInfo []byte) []byte {
	t.Helper()
	empty := asn1.RawValue{FullBytes: []byte{0x30, 0}}
	type inner struct {
		Serial                             int
		Algorithm, Issuer, Valid, Subject_ asn1.RawValue
		Key                                asn1.RawValue
	}
	return marshalled(t, struct {
		TBS       inner
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}{inner{1, empty, empty, empty, empty, asn1.RawValue{FullBytes: keyInfo}}, empty, asn1.BitString{}})
}

func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// sized puts the length of the parts before them, as a signing block has it.
func sized(parts ...[]byte) []byte {
	b := bytes.Join(parts, nil)
	return append(u32(len(b)), b...)
}

// v2Signer is a scheme's value with one signer.
func v2Signer(signed, signatures, keyInfo []byte) []byte {
	return sized(sized(sized(signed), sized(signatures), sized(keyInfo)))
}

// Resources that lead to one another, in as many languages as there are, are not
// followed for ever.
func TestRead_resourcesThatGoInCirclesAreLeft(t *testing.T) {
	head := func(kind, size, all int) []byte {
		return append(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(kind)), uint16(size)), u32(all)...)
	}
	entry := append(append(append([]byte{8, 0, 0, 0}, u32(0)...), 8, 0, 0, typeReference), u32(0x7f010000)...)
	language := bytes.Join([][]byte{head(chunkType, 24, 24+4+len(entry)), {1, 0, 0, 0}, u32(1), u32(28), u32(4), u32(0), entry}, nil)
	languages := bytes.Repeat(language, 200)
	pool := bytes.Join([][]byte{head(chunkStringPool, 28, 28), u32(0), u32(0), u32(0x100), u32(28), u32(0)}, nil)
	pack := bytes.Join([][]byte{head(chunkPackage, 12, 12+len(languages)), u32(0x7f), languages}, nil)
	table := bytes.Join([][]byte{head(chunkTable, 12, 12+len(pool)+len(pack)), u32(1), pool, pack}, nil)
	b := zipped(t, "AndroidManifest.xml", axml("manifest package=a.b", "application android:label=@0x7f010000", "/", "/"), "resources.arsc", table)
	soon(t, func() {
		if a, err := readBytes(b); err != nil || a.Name != "@0x7f010000" {
			t.Errorf("it is called %q, %v", a.Name, err)
		}
	})
}

// A directory with very many entries is refused before memory is taken for them.
func TestRead_aDirectoryThatIsTooLongTakesNoMemory(t *testing.T) {
	entry := make([]byte, 46)
	copy(entry, "PK\x01\x02")
	const many = maxEntries + 1
	b := bytes.Join([][]byte{[]byte("PK\x03\x04"), bytes.Repeat(entry, many)}, nil)
	for name, length := range map[string]int{"said": len(b) - 4, "hidden": 46} {
		t.Run(name, func(t *testing.T) {
			end := bytes.Join([][]byte{[]byte("PK\x05\x06"), {0, 0, 0, 0}, {many & 0xff, many >> 8 & 0xff, many & 0xff, many >> 8 & 0xff}, u32(length), u32(4), {0, 0}}, nil)
			whole := append(bytes.Clone(b), end...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a, err := readBytes(whole)
			runtime.ReadMemStats(&after)
			wantCode(t, a, err, problem.AppTooLarge)
			if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
				t.Errorf("it took %d MB", got>>20)
			}
		})
	}
}

// Numbers of a private key are not calculated with to find out that it is one.
func TestRead_aHugePrivateKeyIsKnownByItsForm(t *testing.T) {
	n := odd(1 << 20)
	wantSoon(t, marshalled(t, struct {
		Version                int
		N, E, D, P, Q, A, B, C *big.Int
	}{0, n, big.NewInt(65537), odd(1 << 20), odd(1 << 19), odd(1 << 19), odd(1 << 19), odd(1 << 19), odd(1 << 19)}), problem.AppPrivateKey)
}

// A key that no Android takes verifies nothing, however long that would take.
func TestRead_aHugeKeyVerifiesNothing(t *testing.T) {
	key := marshalled(t, struct {
		N *big.Int
		E int
	}{odd(1 << 20), 1<<31 - 1})
	keyInfo := marshalled(t, struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
	signed := bytes.Join([][]byte{sized(sized(u32(0x0103), sized(make([]byte, 32)))), sized(sized(certificateOf(t, keyInfo))), sized()}, nil)
	signature := make([]byte, 1<<17)
	signature[1<<17-1] = 3
	wantSoon(t, withBlock(t, fixture(t, "v2.apk"), pair{blockV2, v2Signer(signed, sized(u32(0x0103), sized(signature)), keyInfo)}), problem.AppSignature)
}

// What nests in a FyneApp.toml is not read to its bottom: each level costs more than
// the one before.
func TestRead_aFyneAppThatNestsIsRefused(t *testing.T) {
	const most = maxFyneApp / 8
	for name, text := range map[string]string{
		"dotted keys":                  strings.Repeat("a.", most) + "a = 1",
		"a dotted table":               "[" + strings.Repeat("a.", most) + "a]",
		"tables in tables":             "a = " + strings.Repeat("{a=", most) + "1" + strings.Repeat("}", most),
		"tables in lists over lines":   "a = " + strings.Repeat("[\n{a=", most),
		"lists in lists":               "a = " + strings.Repeat("[", most),
		"much of anything":             "[Details]\nID = \"com.acme.app\"\n" + strings.Repeat("# x\n", maxFyneApp),
		"very many tables of one name": strings.Repeat("[[a]]\n", most),
	} {
		t.Run(name, func(t *testing.T) { wantSoon(t, []byte(text), problem.AppUnknown) })
	}
}

// One signer does not have what it signed hashed as often as it likes.
func TestRead_aSignerHasFewSignatures(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keyInfo, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	signed := bytes.Join([][]byte{sized(), sized(sized(certificateOf(t, keyInfo))), sized(), make([]byte, 8<<20)}, nil)
	sum := sha256.Sum256(signed)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signatures := bytes.Repeat(sized(u32(0x0423), sized(signature)), 100_000)
	wantSoon(t, withBlock(t, fixture(t, "v2.apk"), pair{blockV2, v2Signer(signed, signatures, keyInfo)}), problem.AppDamaged)
}

// Files that swell are refused by how much there is of them together.
func TestRead_whatSwellsIsBoundedTogether(t *testing.T) {
	pairs := []any{"AndroidManifest.xml", axml("manifest package=a.b", "/")}
	b := zipped(t, append(pairs, "META-INF/A.SF", make([]byte, maxSignatureFile))...)
	z, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		content, err := z.read("META-INF/A.SF", maxSignatureFile)
		if code, _ := problem.Of(err); code == problem.AppTooLarge {
			break
		}
		if err != nil || n*len(content) > maxUnpacked {
			t.Fatalf("%d times %d MB were read: %v", n, len(content)>>20, err)
		}
	}
}

// All parts of a keystore together ask for no more work than one may.
func TestRead_aKeystoreAsksForBoundedWork(t *testing.T) {
	alg := pkix.AlgorithmIdentifier{ // pbeWithSHAAnd2-KeyTripleDES-CBC: a key and an IV
		Algorithm:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 4},
		Parameters: asn1.RawValue{FullBytes: marshalled(t, pbeParams{make([]byte, 8), maxIterations / 30})},
	}
	block, iv, err := (&derivation{password: "secret", left: maxIterations}).cipher(alg)
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, 8)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, []byte{0x30, 0, 6, 6, 6, 6, 6, 6})
	var e encryptedData
	e.Content.Type, e.Content.Algorithm, e.Content.Encrypted = oidData, alg, sealed
	explicit := func(content []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: content}
	}
	part := contentInfo{Type: oidEncryptedData, Content: explicit(marshalled(t, e))}
	parts := make([]contentInfo, 16)
	for i := range parts {
		parts[i] = part
	}
	b := marshalled(t, struct {
		Version  int
		AuthSafe contentInfo
	}{3, contentInfo{Type: oidData, Content: explicit(marshalled(t, marshalled(t, parts)))}})
	a, err := readBytes(b)
	wantCode(t, a, err, problem.KeystoreKind)
}
