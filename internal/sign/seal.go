package sign

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of the key-encryption key in bytes.
const KeySize = 32

const sealPurpose = "purser signing keys v1"

// Sealer encrypts secrets for the database. What a secret belongs to is
// authenticated with it, so that one row's secret cannot be put into another's.
type Sealer struct{ aead cipher.AEAD }

// NewSealer makes a sealer of the key-encryption key, KeySize bytes. What is
// sealed for one purpose cannot be opened for another.
func NewSealer(keyEncryptionKey []byte, purpose string) (Sealer, error) {
	if len(keyEncryptionKey) != KeySize {
		return Sealer{}, fmt.Errorf("the key-encryption key has %d bytes, not %d", len(keyEncryptionKey), KeySize)
	}
	subkey, err := hkdf.Key(sha256.New, keyEncryptionKey, nil, purpose, KeySize)
	if err != nil {
		return Sealer{}, err
	}
	block, err := aes.NewCipher(subkey)
	if err != nil {
		return Sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Sealer{aead}, err
}

// Seal encrypts a secret that belongs to boundTo.
func (s Sealer) Seal(plain []byte, boundTo string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(boundTo))
}

var errOtherKey = errors.New("sealed under another key-encryption key")

// Open gives back what Seal was given. The error means that the key-encryption
// key is another one, or that the secret belongs to something else.
func (s Sealer) Open(sealed []byte, boundTo string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(boundTo))
	if err != nil {
		return nil, errOtherKey
	}
	return plain, nil
}
