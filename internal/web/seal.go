package web

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// seal proves that a text is one of ours.
type seal []byte

func newSeal(secret []byte) seal {
	key, err := hkdf.Key(sha256.New, secret, nil, "purser pages", sha256.Size)
	if err != nil {
		panic("web: a fixed length that HKDF cannot give") // unreachable
	}
	return key
}

func (s seal) mark(purpose, text string) string {
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// close puts the mark before the text.
func (s seal) close(purpose, text string) string {
	return s.mark(purpose, text) + "." + base64.RawURLEncoding.EncodeToString([]byte(text))
}

// open gives the text back, if it is one of ours.
func (s seal) open(purpose, sealed string) (string, bool) {
	mark, encoded, _ := strings.Cut(sealed, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !hmac.Equal([]byte(mark), []byte(s.mark(purpose, string(text)))) {
		return "", false
	}
	return string(text), true
}

// csrf is what the forms of this person in this company carry. A form of a page
// that was opened for another company does nothing, even where the person has
// chosen another one in a second window meanwhile.
func (s seal) csrf(p access.Principal) string {
	session := p.ClerkSession
	if session == "" {
		session = ident.Format(ident.Session, p.Session)
	}
	return s.mark("csrf", session+"\x00"+ident.Format(ident.Company, p.Tenant.Company))
}

// checkForm refuses a form that is not of a page that we made for this person.
func (s seal) checkForm(p access.Principal, presented string) error {
	if hmac.Equal([]byte(presented), []byte(s.csrf(p))) {
		return nil
	}
	return fault.New(fault.Forbidden, "form_expired",
		"This form was opened in another session or for another company, so nothing was done. Open the page again and repeat.")
}
