package meter

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io"
	"sync"
	"time"
)

// zoneinfo is the IANA database, release 2025c, as Go ships it in lib/time.
// time.LoadLocation would prefer the machine's own, and two replicas with
// different ones would disagree on when a day ends.
//
//go:embed zoneinfo.zip
var zoneinfo []byte

// database is the embedded archive's directory.
var database = sync.OnceValues(func() (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(zoneinfo), int64(len(zoneinfo)))
})

// loadEmbedded reads a zone from the embedded database.
func loadEmbedded(name string) (*time.Location, error) {
	archive, err := database()
	if err != nil {
		return nil, err
	}
	file, err := archive.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, data)
}
