package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// syncing is the time that the disk takes to keep 8 kB, one after the other.
func syncing(dir string, length time.Duration) (load, error) {
	file, err := os.CreateTemp(dir, "fdatasync-")
	if err != nil {
		return load{}, err
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }() // it goes with the directory
	const pages = 256
	page := make([]byte, 8<<10)
	for i := range pages { // as PostgreSQL's log is: there before it is written
		if _, err := file.WriteAt(page, int64(i*len(page))); err != nil {
			return load{}, err
		}
	}
	if err := file.Sync(); err != nil {
		return load{}, err
	}
	l, began := load{latency: newHistogram()}, time.Now()
	for i := 0; time.Since(began) < length; i++ {
		at := time.Now()
		if _, err := file.WriteAt(page, int64(i%pages*len(page))); err != nil {
			return load{}, err
		}
		if err := errors.Join(datasync(file), record(l.latency, time.Since(at))); err != nil {
			return load{}, err
		}
	}
	l.length, l.done = time.Since(began), l.latency.TotalCount()
	return l, nil
}

// signing is how many signatures all cores make in a second, and for how many
// milliseconds one keeps a core.
func signing(algorithm string, length time.Duration) (rate, each float64, err error) {
	sign, err := signer(algorithm)
	if err != nil {
		return 0, 0, err
	}
	var count atomic.Int64
	var wait sync.WaitGroup
	failures := make([]error, runtime.GOMAXPROCS(0))
	began := time.Now()
	for i := range failures {
		wait.Go(func() {
			for time.Since(began) < length && failures[i] == nil {
				failures[i] = sign()
				count.Add(1)
			}
		})
	}
	wait.Wait()
	took := time.Since(began)
	return float64(count.Load()) / took.Seconds(), took.Seconds() * 1000 * float64(len(failures)) / float64(max(1, count.Load())), errors.Join(failures...)
}

func signer(algorithm string) (func() error, error) {
	message := []byte(strings.Repeat("a claim ", 80)) // as long as a token's
	digest := sha256.Sum256(message)
	switch algorithm {
	case es:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return func() error { _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); return err }, err
	case ed:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return func() error { ed25519.Sign(key, message); return nil }, err
	default:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		return func() error {
			_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
			return err
		}, err
	}
}
