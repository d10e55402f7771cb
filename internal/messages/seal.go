package messages

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

const sealPurpose = "purser messages v1"

// seal encrypts what is a secret while it lies in the database: links that sign
// in, and addresses of channels. What it belongs to is authenticated with it.
type seal struct{ aead cipher.AEAD }

func newSeal(keyEncryptionKey []byte) (seal, error) {
	if len(keyEncryptionKey) != 32 {
		return seal{}, fmt.Errorf("messages: the key-encryption key has %d bytes, not 32", len(keyEncryptionKey))
	}
	subkey, err := hkdf.Key(sha256.New, keyEncryptionKey, nil, sealPurpose, 32)
	if err != nil {
		return seal{}, err
	}
	block, err := aes.NewCipher(subkey)
	if err != nil {
		return seal{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return seal{aead}, err
}

func (s seal) close(plain []byte, boundTo string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(boundTo))
}

var errOtherSeal = errors.New("sealed under another key, or for something else")

func (s seal) open(sealed []byte, boundTo string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(boundTo))
	if err != nil {
		return nil, errOtherSeal
	}
	return plain, nil
}
