package sign

import (
	"crypto"
	"crypto/ed25519"
	"errors"

	"golang.org/x/mod/sumdb/note"
)

// CheckpointSigner signs notes under this name, which is the log's origin. A
// name may have no spaces and no plus sign.
func (s *KeySet) CheckpointSigner(name string) (note.Signer, error) {
	k := s.current.Load().checkpoints
	verifier, _, err := k.noteVerifier(name)
	if err != nil {
		return nil, err
	}
	return noteSigner{Verifier: verifier, private: k.private}, nil
}

// CheckpointKeys are the verifier keys of that name in the note format,
// newest first: checkpoints are checked with them offline, old ones too.
func (s *KeySet) CheckpointKeys(name string) ([]string, error) {
	var out []string
	for _, k := range s.current.Load().checkpointKeys {
		_, text, err := k.noteVerifier(name)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

func (k *key) noteVerifier(name string) (note.Verifier, string, error) {
	public, ok := k.public.(ed25519.PublicKey)
	if !ok {
		return nil, "", errors.New("a checkpoint key is Ed25519")
	}
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, "", err
	}
	verifier, err := note.NewVerifier(text)
	return verifier, text, err
}

// noteSigner is a note.Signer over a crypto.Signer.
type noteSigner struct {
	note.Verifier
	private crypto.Signer
}

// Sign makes the Ed25519 signature of the note's text.
func (n noteSigner) Sign(text []byte) ([]byte, error) {
	return n.private.Sign(nil, text, crypto.Hash(0))
}
