package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestNoSecretIsLoggedOrMeasured sends secrets wherever a request can carry
// them, most of them wrong, and looks for them in what the server writes.
func TestNoSecretIsLoggedOrMeasured(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var logs lockedBuffer
	out, in := io.Pipe()
	metrics := freePort(t)
	done := make(chan error, 1)
	go func() {
		done <- realMain(ctx, []string{"PORT=" + freePort(t), "METRICS_ADDR=127.0.0.1:" + metrics, "DATA_DIR=" + t.TempDir(),
			"LOG_LEVEL=debug", "SIGNING_ALG=ES256"}, in, &logs)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, logs.String())
	}
	base := strings.TrimSpace(line[strings.LastIndex(line, " ")+1:])
	session := signUp(t, base)
	key := session.key(`"admin","spend"`)
	const secret = "c4n4ryc4n4ryc4n4ry"
	for _, c := range []caller{
		{t: t, base: base, client: key.client, header: [2]string{"X-API-Key", "ag_live_" + secret}},
		{t: t, base: base, client: key.client, header: [2]string{"Authorization", "Bearer eyJ" + secret}},
		key, session,
	} {
		for _, path := range []string{"/v1/agents/" + secret, "/v1/agents?token=" + secret, "/v1/authorize", "/" + secret, "/v1/auth/verify"} {
			for _, body := range []string{`{"token":"` + secret + `"}`, `{"` + secret, `{"amount":"` + secret + `"}`} {
				if _, err := c.try("POST", path, body, "Cookie", "session="+secret); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	time.Sleep(50 * time.Millisecond) // the last line is written after the answer
	page, err := http.Get("http://127.0.0.1:" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	measured, err := io.ReadAll(page.Body)
	page.Body.Close()
	if err != nil || !bytes.Contains(measured, []byte("purser_http_requests_total")) {
		t.Fatalf("no metrics: %v %s", err, measured)
	}
	written := logs.String() + string(measured)
	if !strings.Contains(written, "/v1/authorize") {
		t.Fatal("nothing was logged")
	}
	for _, s := range []string{secret, key.header[1], strings.TrimPrefix(session.header[1], "Bearer ")} {
		if at := strings.Index(written, s); at >= 0 {
			t.Errorf("a secret is in %s", written[max(0, at-200):min(len(written), at+40)])
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
