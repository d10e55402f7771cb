package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk is a public key by RFC 7517. The members of the thumbprint come first
// and in the order of RFC 7638; fields that a kind of key lacks are left out.
type jwk struct {
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`

	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
	Kid string `json:"kid,omitempty"`
}

var b64 = base64.RawURLEncoding.Strict()

// bareJWK has only what the thumbprint covers.
func bareJWK(public crypto.PublicKey) (jwk, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", N: b64.EncodeToString(k.N.Bytes()),
			E: b64.EncodeToString(big.NewInt(int64(k.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 0x04 ‖ x ‖ y, each of the curve's width
		if err != nil {
			return jwk{}, err
		}
		half := (len(point) - 1) / 2
		return jwk{Kty: "EC", Crv: k.Params().Name, X: b64.EncodeToString(point[1 : 1+half]),
			Y: b64.EncodeToString(point[1+half:])}, nil
	case ed25519.PublicKey:
		return jwk{Kty: "OKP", Crv: "Ed25519", X: b64.EncodeToString(k)}, nil
	default:
		return jwk{}, fmt.Errorf("no JWK for a %T", public)
	}
}

// thumbprint is the key's id: RFC 7638 with SHA-256.
func thumbprint(public crypto.PublicKey) (string, error) {
	bare, err := bareJWK(public)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(bare)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return b64.EncodeToString(sum[:]), nil
}

// renderJWKS writes the key set document and its strong ETag.
func renderJWKS(keys []*key) (body []byte, etag string, err error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range keys {
		entry, err := bareJWK(k.public)
		if err != nil {
			return nil, "", err
		}
		entry.Use, entry.Alg, entry.Kid = "sig", string(k.algorithm), k.id
		set.Keys = append(set.Keys, entry)
	}
	if body, err = json.Marshal(set); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(body)
	return body, `"` + hex.EncodeToString(sum[:8]) + `"`, nil
}
