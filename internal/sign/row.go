package sign

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/getpurser/purser/internal/db"
)

// purpose says what a key signs. A key never serves two.
type purpose string

const (
	forTokens      purpose = "token"
	forCheckpoints purpose = "checkpoint"
)

// key is one row: always verifiable, and able to sign when this process could
// open it.
type key struct {
	id         string
	purpose    purpose
	algorithm  Algorithm
	public     crypto.PublicKey
	private    crypto.Signer // nil: sealed by somebody else
	createdAt  time.Time
	signsFrom  time.Time
	signsUntil *time.Time
}

func (k *key) boundTo() string {
	return string(k.purpose) + "/" + string(k.algorithm) + "/" + k.id
}

// newKey makes a key and its id.
func newKey(p purpose, a Algorithm) (*key, error) {
	private, err := a.generate()
	if err != nil {
		return nil, fmt.Errorf("make a %s key: %w", a, err)
	}
	id, err := thumbprint(private.Public())
	if err != nil {
		return nil, err
	}
	return &key{id: id, purpose: p, algorithm: a, public: private.Public(), private: private}, nil
}

func (k *key) toRow(s Sealer) (db.InsertSigningKeyParams, error) {
	public, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return db.InsertSigningKeyParams{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return db.InsertSigningKeyParams{}, err
	}
	return db.InsertSigningKeyParams{KeyID: k.id, Purpose: string(k.purpose), Algorithm: string(k.algorithm),
		PublicKey: public, SealedPrivate: s.Seal(private, k.boundTo())}, nil
}

// fromRow reads a key and refuses a row whose parts do not belong together.
// errOtherKey is no failure: the key is returned without its private part.
func fromRow(r db.SigningKeysRow, s Sealer) (*key, error) {
	k := &key{id: r.KeyID, purpose: purpose(r.Purpose), algorithm: Algorithm(r.Algorithm),
		createdAt: r.CreatedAt, signsFrom: r.SignsFrom, signsUntil: r.SignsUntil}
	var err error
	if k.public, err = x509.ParsePKIXPublicKey(r.PublicKey); err != nil {
		return nil, err
	}
	id, err := thumbprint(k.public)
	if err != nil {
		return nil, err
	}
	if id != k.id || !k.algorithm.fits(k.public) {
		return nil, errors.New("the public key is not the one that the row names")
	}
	private, err := s.Open(r.SealedPrivate, k.boundTo())
	if err != nil {
		return k, err
	}
	return k, k.take(private)
}

// take reads the opened private key, which must be the public key's.
func (k *key) take(pkcs8 []byte) error {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return err
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return fmt.Errorf("a %T does not sign", parsed)
	}
	public, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(k.public) {
		return errors.New("the private key is not the public key's")
	}
	k.private = private
	return nil
}
