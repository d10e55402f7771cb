package mcp

import (
	"bytes"
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
			Retries: -1, HTTP: &http.Client{Transport: inside{api, r}}, UserAgent: "purser-mcp"})
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
		streamable.ServeHTTP(w, r)
	})
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
