package mcp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/client"
)

// maxBody bounds one message, in bytes, as the API bounds its bodies.
const maxBody = 1 << 20

// Handler serves MCP over streamable HTTP. Each message brings its own API key
// or session token, and is answered by calls of the API's handler with it: the
// server keeps no session. Base is the server's own address.
func Handler(api http.Handler, base, version string, log *slog.Logger) http.Handler {
	streamable := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		c, err := client.New(client.Config{Server: base, Token: credential(r), Mode: r.Header.Get("X-Mode"), Company: r.Header.Get("X-Company-Id"),
			Retries: -1, HTTP: &http.Client{Transport: inside{api, r, refusalOf(r)}}, UserAgent: "purser-mcp"})
		if err != nil {
			log.ErrorContext(r.Context(), "MCP cannot call the API", "error", err)
			return nil
		}
		return New(c, r.Header.Get("X-Agent-Id"), version)
	}, &sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxBody, PropagateRequestCancellation: true,
		CrossOriginProtection: http.NewCrossOriginProtection(),
		// The address that the caller used is checked where it can be known: by
		// the proxy in front. A key is needed in any case, which no page has.
		DisableLocalhostProtection: true})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if credential(r) == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="purser"`)
			http.Error(w, "Send an API key as Authorization: Bearer, or in X-API-Key.", http.StatusUnauthorized)
			return
		}
		d := &door{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), doorKey{}, d))
		if begins(r) {
			d.refused = inside{api, r, d}.dead(base)
		}
		streamable.ServeHTTP(d, r)
	})
}

// door turns the answer to a message into 401 when the API said that its key or
// token is not valid (RFC 6750): the specification wants that of the transport,
// not of a tool.
type door struct {
	http.ResponseWriter
	refused, wrote bool
}

type doorKey struct{}

func refusalOf(r *http.Request) *door {
	d, _ := r.Context().Value(doorKey{}).(*door)
	return d
}

// WriteHeader sends the status, or 401 in its place.
func (d *door) WriteHeader(status int) {
	if d.wrote {
		return
	}
	d.wrote = true
	if d.refused {
		d.Header().Set("WWW-Authenticate", `Bearer realm="purser", error="invalid_token"`)
		http.Error(d.ResponseWriter, "The key or token is not valid, or not any more.", http.StatusUnauthorized)
		return
	}
	d.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body, unless the message was refused.
func (d *door) Write(b []byte) (int, error) {
	if d.WriteHeader(http.StatusOK); d.refused {
		return len(b), nil
	}
	return d.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (d *door) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// maxPeek bounds how much of a message is looked at, in bytes.
const maxPeek = 64 << 10

// begins says whether a message opens a session. Such a message asks the API
// nothing by itself, so its key has to be looked at.
func begins(r *http.Request) bool {
	if r.Body == nil || r.Method != http.MethodPost {
		return false
	}
	head, _ := io.ReadAll(io.LimitReader(r.Body, maxPeek)) // the reader that follows meets the same error
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return bytes.Contains(head, []byte(`"initialize"`))
}

// dead says whether the API does not know the message's key or token.
func (t inside) dead(base string) bool {
	r, err := http.NewRequestWithContext(t.from.Context(), http.MethodGet, base+"/v1/agents?limit=1", http.NoBody)
	if err != nil {
		return false
	}
	for _, name := range []string{"Authorization", "X-API-Key", "X-Mode", "X-Company-Id"} {
		if v := t.from.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	answer, err := t.RoundTrip(r)
	return err == nil && answer.StatusCode == http.StatusUnauthorized
}

func credential(r *http.Request) string {
	if key := r.Header.Get("X-API-Key"); key != "" {
		return key
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// inside carries calls to a handler of this process, as from the address that
// the message came from.
type inside struct {
	handler http.Handler
	from    *http.Request
	door    *door
}

// RoundTrip answers a call.
func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody // which a handler may rely on, and a client may leave out
	}
	r.RemoteAddr, r.RequestURI = t.from.RemoteAddr, r.URL.RequestURI()
	for _, name := range []string{"X-Forwarded-For", "X-Request-Id"} {
		if v := t.from.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	if w.status == http.StatusUnauthorized && t.door != nil {
		t.door.refused = true
	}
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Proto: r.Proto, ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

// Header is what will be sent.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the first status.
func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

// Write keeps the body.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// Flush does nothing: the answer is read when it is whole.
func (a *answer) Flush() {}
