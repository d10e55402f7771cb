package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// sealingKey gives the key that encrypts the signing keys in the database: the
// setting's, else the one in the data directory, which the first start makes.
func sealingKey(c config) ([]byte, error) {
	if c.Sealing != nil {
		return c.Sealing, nil
	}
	path := sealingFile(c)
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := makeKey(path); err != nil {
		return nil, fmt.Errorf("make the key-encryption key: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key-encryption key: %w", err)
	}
	key, err := decodeKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged; restore it from a backup, or set KEY_ENCRYPTION_KEY", path)
	}
	return key, nil
}

// sealingFile is where the key is kept that no setting gives.
func sealingFile(c config) string { return filepath.Join(c.DataDir, "key-encryption-key") }

// makeKey makes the file unless it exists. Two servers that start together end
// up with one file: only a link to a complete one gives it its name.
func makeKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	var key [32]byte
	rand.Read(key[:])                                        // never fails (crypto/rand)
	fresh, err := os.CreateTemp(filepath.Dir(path), "key-*") // readable by us alone
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(fresh.Name()) }() // the name only; the file has another by then
	_, err = fresh.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	if err := os.Link(fresh.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
