package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

const (
	livePrefix = "ag_live_"
	testPrefix = "ag_test_"
	// secretLength random base62 characters are 256 bits.
	secretLength = 43
	// prefixLength characters of a key are kept in the clear to tell keys
	// apart; what is left of it has more than 200 bits.
	prefixLength = 16
	bcryptCost   = 10
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// drawKey makes an API key of a mode.
func drawKey(live bool) string {
	b := make([]byte, 0, len(livePrefix)+secretLength)
	if live {
		b = append(b, livePrefix...)
	} else {
		b = append(b, testPrefix...)
	}
	var pool [64]byte
	for len(b) < cap(b) {
		rand.Read(pool[:]) // never fails (crypto/rand)
		for _, r := range pool {
			// 248 is the largest multiple of 62 in a byte: above it, a modulo
			// would favour the first digits.
			if r < 248 && len(b) < cap(b) {
				b = append(b, base62[r%62])
			}
		}
	}
	return string(b)
}

// keyShaped reports whether s could be one of our keys, before any work.
func keyShaped(s string) bool {
	secret, ok := strings.CutPrefix(s, livePrefix)
	if !ok {
		secret, ok = strings.CutPrefix(s, testPrefix)
	}
	return ok && len(secret) == secretLength && strings.Trim(secret, base62) == ""
}

// drawToken makes the secret of a sign-in link, and the hash by which it is
// found.
func drawToken() (token string, hash []byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashToken(token)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
