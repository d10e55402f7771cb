// Package vault keeps card numbers secret: it seals each under a data key of
// its own, hashes them for look-up, makes the numbers of test cards, and derives
// what is printed beside them. It stores nothing.
package vault

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KeySize is the length of the key-encryption key in bytes.
const KeySize = 32

// Each use of the key-encryption key has a key of its own, derived for one of
// these purposes.
const (
	purposeSeal   = "purser card numbers v1"
	purposeLookup = "purser card number look-up v1"
	purposeCode   = "purser card verification codes v1"
)

// Vault seals and opens. It is safe for use by any number of goroutines.
type Vault struct {
	envelope *aead.KMSEnvelopeAEADWithContext
	lookup   []byte
	codes    []byte
}

// New makes a vault of the server's key-encryption key, KeySize bytes.
func New(keyEncryptionKey []byte) (*Vault, error) {
	if len(keyEncryptionKey) != KeySize {
		return nil, fmt.Errorf("the key-encryption key has %d bytes, not %d", len(keyEncryptionKey), KeySize)
	}
	keys := map[string][]byte{}
	for _, purpose := range []string{purposeSeal, purposeLookup, purposeCode} {
		key, err := hkdf.Key(sha256.New, keyEncryptionKey, nil, purpose, KeySize)
		if err != nil {
			return nil, err
		}
		keys[purpose] = key
	}
	local, err := subtle.NewAESGCM(keys[purposeSeal])
	if err != nil {
		return nil, err
	}
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(aead.AES256GCMKeyTemplate(), keyEncryption{local})
	if err != nil {
		return nil, err
	}
	return &Vault{envelope, keys[purposeLookup], keys[purposeCode]}, nil
}

// keyEncryption seals data keys with a key of this process. That of a key
// management service has the same two methods, and would stand here instead.
type keyEncryption struct{ local tink.AEAD }

func (k keyEncryption) EncryptWithContext(_ context.Context, plain, boundTo []byte) ([]byte, error) {
	return k.local.Encrypt(plain, boundTo)
}

func (k keyEncryption) DecryptWithContext(_ context.Context, sealed, boundTo []byte) ([]byte, error) {
	return k.local.Decrypt(sealed, boundTo)
}

// Seal encrypts a card number under a new data key, which is kept beside it,
// itself encrypted. What the number belongs to is authenticated with it, so that
// one row's number cannot be put into another's.
func (v *Vault) Seal(ctx context.Context, number, boundTo string) ([]byte, error) {
	return v.envelope.EncryptWithContext(ctx, []byte(number), []byte(boundTo))
}

// errOtherKey leaves out why, which might say something of the secret.
var errOtherKey = errors.New("vault: sealed under another key-encryption key, or for something else")

// Open gives back what Seal was given. The error means that the key-encryption
// key is another one, or that the number belongs to something else.
func (v *Vault) Open(ctx context.Context, sealed []byte, boundTo string) (string, error) {
	number, err := v.envelope.DecryptWithContext(ctx, sealed, []byte(boundTo))
	if err != nil {
		return "", errOtherKey
	}
	return string(number), nil
}

// Lookup is a keyed hash by which a number is found again. Without the key it
// cannot be tried out, though there are few enough numbers to try them all.
func (v *Vault) Lookup(number string) []byte { return mac(v.lookup, number) }

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
