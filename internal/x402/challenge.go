// Package x402 reads what a resource asks to be paid, and checks what is about
// to be paid for it, as version 2 of the x402 protocol has it: the challenge of
// an HTTP 402, the requirements in it, the payload that a wallet signed and the
// settlement that comes back. It sends nothing and holds no keys.
package x402

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The headers of version 2, each base64 of a JSON object.
const (
	HeaderRequired  = "PAYMENT-REQUIRED"
	HeaderSignature = "PAYMENT-SIGNATURE"
	HeaderResponse  = "PAYMENT-RESPONSE"
)

// Version is the version that is spoken here.
const Version = 2

// maxHeader bounds what is read of one header, in bytes.
const maxHeader = 64 << 10

// Object is a JSON object as it came; its numbers stay as they were written. A
// name is found in its own spelling only, so that nobody reads another value
// than the one that was checked.
type Object map[string]any

func (o Object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o Object) object(name string) Object {
	inner, _ := o[name].(map[string]any)
	return inner
}

// number is a JSON number as it was written.
func (o Object) number(name string) string {
	n, _ := o[name].(json.Number)
	return n.String()
}

// Challenge is what a resource asks for.
type Challenge struct {
	// Resource and Extensions are the server's words, for the wallet.
	Resource, Extensions Object
	// Accepts are the ways to pay, the server's favourite first.
	Accepts []Requirement
}

// ReadChallenge reads the challenge of a 402. The error says what is wrong with
// it, for people.
func ReadChallenge(header http.Header, body []byte) (Challenge, error) {
	encoded := header.Get(HeaderRequired)
	if encoded == "" {
		return Challenge{}, noChallenge(body)
	}
	raw, err := decode(encoded)
	if err != nil {
		return Challenge{}, fmt.Errorf("its %s header cannot be read: %w", HeaderRequired, err)
	}
	if v := raw.number("x402Version"); v != "2" {
		return Challenge{}, fmt.Errorf("it speaks version %q of x402, and only version 2 is paid here", v)
	}
	c := Challenge{Resource: raw.object("resource"), Extensions: raw.object("extensions")}
	offers, _ := raw["accepts"].([]any)
	for _, offer := range offers {
		if o, ok := offer.(map[string]any); ok {
			c.Accepts = append(c.Accepts, Requirement{o})
		}
	}
	if len(c.Accepts) == 0 {
		return Challenge{}, errors.New("its challenge offers no way to pay")
	}
	return c, nil
}

// noChallenge says what a 402 without the header of version 2 is.
func noChallenge(body []byte) error {
	var v1 struct {
		Version int             `json:"x402Version"`
		Accepts json.RawMessage `json:"accepts"`
	}
	if err := json.Unmarshal(body, &v1); err == nil && v1.Version == 1 {
		return errors.New("it speaks version 1 of x402 (a challenge in the body), and only version 2 is paid here: ask its owner to upgrade")
	}
	return fmt.Errorf("it wants to be paid, but not as x402 version 2 does: there is no %s header", HeaderRequired)
}

// decode reads base64 of one JSON object, of the usual alphabet or the one for
// addresses, padded or not.
func decode(text string) (Object, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxHeader {
		return nil, errors.New("it is too long")
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	document, err := encoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	var o Object
	if err := json.Unmarshal(document, &o); err != nil || o == nil {
		return nil, errors.New("it is not base64 of one JSON object")
	}
	return o, nil
}

// UnmarshalJSON keeps numbers as they were written.
func (o *Object) UnmarshalJSON(document []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(o))
}

// MarshalJSON writes the object, also for what embeds it.
func (o Object) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any(o)) }

// Encode is an object as a header carries it.
func (o Object) Encode() (string, error) {
	document, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(document), nil
}
