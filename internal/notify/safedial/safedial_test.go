package safedial_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/notify/safedial"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1", "100.128.0.1"} {
		if !safedial.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is public", a)
		}
	}
	for _, a := range []string{"127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
		"2606:4700::1%eth0", "fd00:ec2::254", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe",
		"64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1", "3fff::1", "fec0::1", "100::1", "4000::1"} {
		if safedial.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is not public", a)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://93.184.216.34/hook":           "",
		"https://hooks.example.invalid/T0/B1":  "", // unknown names are looked at when dialled
		"https://[2606:4700:4700::1111]:8443/": "",
		"":                                     "url_malformed",
		"hooks.example.com":                    "url_malformed",
		"https://":                             "url_malformed",
		"https://:443/":                        "url_malformed",
		"https://hooks.example.com:0/":         "url_malformed",
		"https://hooks.example.com:/":          "url_malformed",
		"https://hooks.example.com:70000/":     "url_malformed",
		"https://user:word@hooks.example.com/": "url_malformed",
		"https://hooks.example.com/#a":         "url_malformed",
		"https://hooks.example.com/ a":         "url_malformed",
		"https://hooks.example.com/\nX: y":     "url_malformed",
		"https://hooks.exаmple.com/":           "url_malformed", // a Cyrillic letter
		"https://hooks.example.com/" + strings.Repeat("a", safedial.MaxURL): "too_long",
		"http://hooks.example.com/":                                         "https_required",
		"ftp://hooks.example.com/":                                          "https_required",
		"http://127.0.0.1/":                                                 "https_required",
		"https://127.0.0.1/":                                                "address_not_public",
		"https://127.1/":                                                    "address_not_public",
		"https://2130706433/":                                               "address_not_public",
		"https://0x7f.0x0.0x0.0x1/":                                         "address_not_public",
		"https://0177.0.0.01/":                                              "address_not_public",
		"https://10.0.0.8/":                                                 "address_not_public",
		"https://169.254.169.254/latest":                                    "address_not_public",
		"https://[::1]/":                                                    "address_not_public",
		"https://[::ffff:127.0.0.1]/":                                       "address_not_public",
		"https://[64:ff9b::a00:1]/":                                         "address_not_public",
		"https://localhost/":                                                "address_not_public",
		"https://LOCALHOST./":                                               "address_not_public",
		"https://a.localhost/":                                              "address_not_public",
		"https://metadata.google.internal/":                                 "address_not_public",
		"https://printer.local/":                                            "address_not_public",
		"https://metadata/computeMetadata":                                  "address_not_public",
	} {
		_, err := safedial.Check(t.Context(), "body.url", address, false)
		if want == "" && err != nil || want != "" && (err == nil || fault.From(err).Fields[0].Code != want || fault.From(err).Kind != fault.Invalid) {
			t.Errorf("%.60q: %v, want %q", address, err, want)
		}
	}
}

func TestLoopbackWhereAllowed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://127.0.0.1:8123/x", "http://localhost:1/", "https://[::1]/"} {
		if _, err := safedial.Check(t.Context(), "url", address, true); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"http://10.0.0.1/", "https://192.168.0.1/", "http://hooks.example.com/"} {
		if _, err := safedial.Check(t.Context(), "url", address, true); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
}

// TestClient: the address is refused when it is dialled, whatever name led to
// it, redirects are answers, and a body ends at the limit.
func TestClient(t *testing.T) {
	t.Parallel()
	called := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called++
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}))
	defer s.Close()
	byName := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{s.URL, byName} {
		answer, err := safedial.Client(false, time.Second, 100).Get(address)
		if !errors.Is(err, safedial.ErrRefused) || called != 0 {
			t.Errorf("%s: %v, %v, %d calls", address, answer, err, called)
		}
	}
	answer, err := safedial.Client(true, 5*time.Second, 100).Get(s.URL + "/away")
	if err != nil || answer.StatusCode != http.StatusFound || called != 1 {
		t.Fatalf("%v, %v, %d calls", answer, err, called)
	}
	_ = answer.Body.Close()
	if answer, err = safedial.Client(true, 5*time.Second, 100).Get(s.URL); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); err != nil || len(body) != 100 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

// TestProxyIsNotAsked would send everything to a proxy that refuses.
func TestProxyIsNotAsked(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	if _, err := safedial.Client(false, time.Second, 100).Get("http://10.255.255.1/"); !errors.Is(err, safedial.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
