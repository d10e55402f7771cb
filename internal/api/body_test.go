package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// TestAnnouncedIsNotGiven: who announces the largest body and sends nothing gets
// no room for it, and a small one is read in one piece, or not at all.
func TestAnnouncedIsNotGiven(t *testing.T) {
	// Not in parallel: it counts what the whole process allocates.
	announced := func(length int64, sent string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/v1/authorize", strings.NewReader(sent))
		r.ContentLength = length
		return r
	}
	large := announced(maxBody, "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readAll(large)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > 64<<10 {
		t.Errorf("%d bytes of room for a body that did not come, %v", took, err)
	}
	const text = `{"amount":1}`
	if got, err := readAll(announced(int64(len(text)), text)); err != nil || string(got) != text || cap(got) > 2*len(text) {
		t.Errorf("%q with room for %d, %v", got, cap(got), err)
	}
	if _, err := readAll(announced(int64(len(text))+1, text)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that was cut off: %v", err)
	}
	long := strings.Repeat("x", small+1)
	if got, err := readAll(announced(-1, long)); err != nil || string(got) != long {
		t.Errorf("%d bytes of %d, %v", len(got), len(long), err)
	}
	if got, err := readAll(announced(-1, strings.Repeat("x", 2*maxBody))); err != nil || len(got) != maxBody+1 {
		t.Errorf("%d bytes of what is too large, %v", len(got), err)
	}
}
