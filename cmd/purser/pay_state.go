package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/getpurser/purser/internal/x402"
)

// payment is how far a payment has come. It is written down before each step
// that must not be done twice, so that the same command goes on after a crash.
type payment struct {
	// Key names the question to Purser; it is written before it is asked, with
	// what was asked.
	Key      string            `json:"key"`
	Asked    json.RawMessage   `json:"asked"`
	Selected *x402.Requirement `json:"selected"`
	// ID is the authorization.
	ID string `json:"id,omitempty"`
	// Payload is what the wallet signed: money. There is never a second one.
	Payload string `json:"payload,omitempty"`
	// Sent says that the payload may have reached the server.
	Sent bool `json:"sent,omitempty"`
	// Refused says that it was not paid, and is to be voided.
	Refused string `json:"refused,omitempty"`
	// Transaction says that it was paid, and is to be confirmed.
	Transaction string `json:"transaction,omitempty"`
	// Ended is the state of an authorization with which nothing is left to do;
	// only a payment with a name of its own is kept then.
	Ended string `json:"ended,omitempty"`
}

// paymentFile is a payment on disk, which one process has for itself. Whoever
// reads it could cash the payload, so it is for its owner only (mode 0600).
type paymentFile struct {
	payment
	path   string
	named  bool // by --idempotency-key
	found  bool // it was there already
	unlock func()
}

// paymentFile opens the one of a request by this agent to this server.
func (a *app) paymentFile(r *resource) (*paymentFile, error) {
	mode := first(a.Mode, a.profile.Mode)
	if token := first(a.APIKey, a.profile.Token); strings.HasPrefix(token, "ag_") {
		mode, _, _ = strings.Cut(strings.TrimPrefix(token, "ag_"), "_")
	}
	identity := strings.Join([]string{first(a.Server, a.profile.Server, defaultServer), first(a.CompanyID, a.profile.Company), mode, a.Agent,
		a.IdempotencyKey, r.identity()}, "\n")
	f := &paymentFile{path: filepath.Join(filepath.Dir(a.config.path), "payments", fmt.Sprintf("%x.json", sha256.Sum256([]byte(identity)))),
		named: a.IdempotencyKey != ""}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, err
	}
	var err error
	if f.unlock, err = lockFile(f.path + ".lock"); err != nil {
		return nil, err
	}
	if err := f.read(); err != nil {
		f.close()
		return nil, err
	}
	if f.Key == "" {
		f.Key = first(a.IdempotencyKey, rand.Text())
	}
	return f, nil
}

func (f *paymentFile) read() error {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &f.payment); err != nil {
		return fmt.Errorf("%s, where an interrupted payment is kept, cannot be read: %w", f.path, err)
	}
	f.found = true
	return nil
}

// keep writes how far it has come, before the next step is taken.
func (f *paymentFile) keep() error {
	text, err := json.Marshal(f.payment)
	if err != nil {
		return err
	}
	return writeWhole(f.path, text)
}

// forget begins anew: what there was has come to an end, or never began.
func (f *paymentFile) forget() error {
	key := rand.Text()
	if f.named {
		key = f.Key
	}
	f.payment, f.found = payment{Key: key}, false
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// finish ends it. A payment that has a name is remembered by it, however it
// ended, so that its name pays nothing again.
func (f *paymentFile) finish(status string) error {
	if !f.named {
		return f.forget()
	}
	f.Ended, f.Payload = status, ""
	return f.keep()
}

func (f *paymentFile) close() { f.unlock() }

// writeWhole replaces a file as a whole, so that no reader and no crash sees
// half of it. Its mode is 0600.
func writeWhole(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }() // gone already when it was renamed
	if _, err := draft.Write(text); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
