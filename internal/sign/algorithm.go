package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Algorithm is a JWS algorithm. A key has exactly one, for its whole life.
type Algorithm string

// The algorithms that tokens can be signed with.
const (
	RS256 Algorithm = "RS256" // RSA with 2048 bits, PKCS #1 v1.5, SHA-256
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

const rsaBits = 2048

// ParseAlgorithm reads the SIGNING_ALG setting.
func ParseAlgorithm(s string) (Algorithm, error) {
	switch a := Algorithm(s); a {
	case RS256, ES256, EdDSA:
		return a, nil
	default:
		return "", fmt.Errorf("SIGNING_ALG is %q; it must be RS256, ES256 or EdDSA", s)
	}
}

// generate makes a private key.
func (a Algorithm) generate() (crypto.Signer, error) {
	switch a {
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
}

// fits reports whether a public key is of this algorithm's kind and strength.
func (a Algorithm) fits(public crypto.PublicKey) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return a == RS256 && k.N.BitLen() >= rsaBits
	case *ecdsa.PublicKey:
		return a == ES256 && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return a == EdDSA
	default:
		return false
	}
}

func (a Algorithm) method() jwt.SigningMethod {
	switch a {
	case RS256:
		return jwt.SigningMethodRS256
	case ES256:
		return jwt.SigningMethodES256
	default:
		return jwt.SigningMethodEdDSA
	}
}

// sign makes a JWS signature over text. It asks no more of the key than to be
// a crypto.Signer, so that one kept elsewhere serves as well. The same text
// gets the same signature (RFC 6979 for ECDSA), so that a repeated request is
// answered with the very token of the first.
func (a Algorithm) sign(key crypto.Signer, text []byte) ([]byte, error) {
	if a == EdDSA {
		return key.Sign(nil, text, crypto.Hash(0))
	}
	digest := sha256.Sum256(text)
	signature, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil || a == RS256 {
		return signature, err
	}
	return fixedWidth(signature)
}

// fixedWidth turns the ASN.1 form of an ECDSA signature into the 64 bytes that
// JWS wants: r and s of 32 bytes each.
func fixedWidth(signature []byte) ([]byte, error) {
	input, inner := cryptobyte.String(signature), cryptobyte.String(nil)
	var r, s []byte
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !input.Empty() || !inner.ReadASN1Integer(&r) ||
		!inner.ReadASN1Integer(&s) || !inner.Empty() || len(r) > 32 || len(s) > 32 {
		return nil, errors.New("sign: not an ECDSA signature of P-256")
	}
	out := make([]byte, 64)
	copy(out[32-len(r):32], r)
	copy(out[64-len(s):], s)
	return out, nil
}
