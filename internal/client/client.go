// Package client talks to the API over HTTP, as the CLI and the MCP door do. It
// knows nothing of the server but its public contract, and imports none of it.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config says which server is asked, and as whom.
type Config struct {
	// Server is the server's address, such as https://purser.example.
	Server string
	// Token is an API key or a session token; empty asks as nobody.
	Token string
	// Mode is live or test, for a session token; a key has it in itself.
	Mode string
	// Company is a company's id, for a session of somebody with several.
	Company string
	// Retries is how often a call is repeated that found the server away or
	// busy. Zero means 3; negative means never.
	Retries int
	// HTTP, if set, carries the calls.
	HTTP *http.Client
	// UserAgent names the program.
	UserAgent string
}

// Client is safe for use by several goroutines.
type Client struct {
	config Config
	base   *url.URL
	http   *retryablehttp.Client
}

// New makes a client. The error is about the server's address.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(c.Server, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a server, such as https://purser.example", c.Server)
	}
	h := retryablehttp.NewClient()
	h.Logger = slog.New(slog.DiscardHandler)
	h.RetryMax = retries(c.Retries)
	h.RetryWaitMin, h.RetryWaitMax = 250*time.Millisecond, 10*time.Second
	h.ErrorHandler = retryablehttp.PassthroughErrorHandler
	if c.HTTP != nil {
		carrier := *c.HTTP
		h.HTTPClient = &carrier
	}
	// A redirect would carry the credential to wherever it leads.
	h.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{config: c, base: base, http: h}, nil
}

func retries(n int) int {
	switch {
	case n == 0:
		return 3
	case n < 0:
		return 0
	}
	return n
}

// Call is one request.
type Call struct {
	Method, Path string
	Query        url.Values
	// Body is sent as JSON unless it is nil.
	Body any
	// IdempotencyKey makes a repeat have one effect. Every POST gets one of its
	// own unless it is set, since it may be repeated when the server is away.
	IdempotencyKey string
	// Agent is sent as X-Agent-Id, IfMatch as If-Match.
	Agent, IfMatch string
	// LastEventID is where a stream of events goes on.
	LastEventID string
}

// Answer is what the server said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body into v. Numbers read into any stay as they were written.
func (a Answer) Decode(v any) error {
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// maxAnswer bounds an answer that is held in memory, in bytes.
const maxAnswer = 64 << 20

// Do sends a call. The error is a *Problem when the server refused it, and
// matches ErrAway when there was no answer.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	response, err := c.send(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrAway, err)
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Body: body}
	if answer.Status >= http.StatusMultipleChoices {
		return answer, readProblem(answer)
	}
	return answer, nil
}

// Stream sends a call and copies the answer as it comes.
func (c *Client) Stream(ctx context.Context, call Call, out io.Writer) error {
	response, err := c.send(ctx, call)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
		return readProblem(Answer{Status: response.StatusCode, Header: response.Header, Body: body})
	}
	if _, err := io.Copy(out, response.Body); err != nil {
		return fmt.Errorf("%w in the middle of its answer: %w", ErrAway, err)
	}
	return nil
}

// ErrAway says that the server did not answer.
var ErrAway = errors.New("the server does not answer")

func (c *Client) send(ctx context.Context, call Call) (*http.Response, error) {
	r, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		var of *url.Error // says the address again, with what may be secret in it
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return response, nil
}

func (c *Client) request(ctx context.Context, call Call) (*retryablehttp.Request, error) {
	var body any
	if call.Body != nil {
		encoded, err := json.Marshal(call.Body)
		if err != nil {
			return nil, fmt.Errorf("the request cannot be written as JSON: %w", err)
		}
		body = encoded
	}
	address := *c.base
	address.Path += call.Path
	address.RawQuery = call.Query.Encode()
	r, err := retryablehttp.NewRequestWithContext(ctx, call.Method, address.String(), body)
	if err != nil {
		return nil, err
	}
	c.headers(r.Header, call)
	if call.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func (c *Client) headers(h http.Header, call Call) {
	if call.Method == http.MethodPost && call.IdempotencyKey == "" {
		call.IdempotencyKey = rand.Text()
	}
	agent := c.config.UserAgent
	if agent == "" {
		agent = "purser-client"
	}
	for name, value := range map[string]string{
		"Authorization": bearer(c.config.Token), "X-Mode": c.config.Mode, "X-Company-Id": c.config.Company,
		"X-Agent-Id": call.Agent, "If-Match": call.IfMatch, "Last-Event-ID": call.LastEventID, "Idempotency-Key": call.IdempotencyKey,
		"Accept": "application/json, application/problem+json, */*;q=0.5", "User-Agent": agent,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
}

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

// Token is the credential that calls are made with.
func (c *Client) Token() string { return c.config.Token }
