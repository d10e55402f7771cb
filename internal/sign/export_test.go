package sign

import "crypto"

// SignRaw signs any header and payload with the real key, for forgeries that
// only its owner could make.
func (s *KeySet) SignRaw(header, payload string) (string, error) {
	k := s.current.Load().tokens
	text := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	signature, err := k.algorithm.sign(k.private, []byte(text))
	return text + "." + b64.EncodeToString(signature), err
}

// Private is the real signing key.
func (s *KeySet) Private() crypto.Signer { return s.current.Load().tokens.private }
