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

// sealer encrypts private keys for the database. The key's id, purpose and
// algorithm are authenticated with it, so that one row's secret cannot be put
// into another's.
type sealer struct{ aead cipher.AEAD }

func newSealer(keyEncryptionKey []byte) (sealer, error) {
	if len(keyEncryptionKey) != KeySize {
		return sealer{}, fmt.Errorf("the key-encryption key has %d bytes, not %d", len(keyEncryptionKey), KeySize)
	}
	subkey, err := hkdf.Key(sha256.New, keyEncryptionKey, nil, sealPurpose, KeySize)
	if err != nil {
		return sealer{}, err
	}
	block, err := aes.NewCipher(subkey)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

func (s sealer) seal(plain []byte, boundTo string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(boundTo))
}

var errOtherKey = errors.New("sealed under another key-encryption key")

func (s sealer) open(sealed []byte, boundTo string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(boundTo))
	if err != nil {
		return nil, errOtherKey
	}
	return plain, nil
}
