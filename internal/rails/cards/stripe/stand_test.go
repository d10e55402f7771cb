package stripe_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stand plays Stripe Issuing in a process of its own: it keeps cards, asks for
// swipes by signed webhooks, waits two seconds for the answer, tells what
// followed, and can be slow, broken and dishonest.
type stand struct {
	mu       sync.Mutex
	serial   int
	once     map[string][]byte // answers by idempotency key
	cards    map[string]object
	holders  map[string]object
	auths    map[string]object
	moves    []object // transactions, oldest first
	disputes map[string]object
	hook     string // where events go
	secret   string
	sent     map[string][]signed // by the name of what was done
	faults   []string            // of the next calls
	calls    []string
	client   http.Client
}

// object is one of Stripe's, as JSON has it.
type object = map[string]any

// signed is an event that was sent.
type signed struct {
	ID   string
	Body []byte
}

const standEnv = "PURSER_STRIPE_STAND"

// runStand serves until its parent closes standard input.
func runStand() {
	s := &stand{once: map[string][]byte{}, cards: map[string]object{}, holders: map[string]object{}, auths: map[string]object{},
		disputes: map[string]object{}, sent: map[string][]signed{}, client: http.Client{Timeout: 10 * time.Second}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent does
		os.Exit(0)
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("/_/do", s.do)
	mux.HandleFunc("/_/faults", s.setFaults)
	mux.HandleFunc("/_/send", s.send)
	mux.HandleFunc("/_/show", s.show)
	mux.HandleFunc("/_/card", s.change)
	mux.HandleFunc("/v1/", s.api)
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
	os.Exit(1)
}

func (s *stand) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s_stand%06d", prefix, s.serial)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // to a caller who may have gone
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, object{"error": object{"type": "invalid_request_error", "message": message}})
}

// api is what the SDK calls.
func (s *stand) api(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path+" "+string(body))
	fault := ""
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	switch fault {
	case "500":
		reply(w, 500, object{"error": object{"type": "api_error", "message": "something of " + key}})
		return
	case "429":
		reply(w, 429, object{"error": object{"type": "rate_limit", "message": "slow down"}})
		return
	case "reset":
		drop(w)
		return
	case "garbage":
		_, _ = w.Write([]byte("<html>"))
		return
	case "slow":
		s.mu.Unlock()
		time.Sleep(6 * time.Second)
		s.mu.Lock()
	}
	if strings.Contains(key, "revoked") {
		refuse(w, 401, "Invalid API Key provided: "+key)
		return
	}
	if strings.Contains(key, "noissuing") && strings.HasPrefix(r.URL.Path, "/v1/issuing") {
		refuse(w, 403, "The provided key '"+key+"' does not have the required permissions.")
		return
	}
	if name := r.Header.Get("Idempotency-Key"); name != "" && r.Method == http.MethodPost {
		if before, ok := s.once[name]; ok {
			_, _ = w.Write(before)
			return
		}
		var kept bytes.Buffer
		inner := &recorder{header: http.Header{}, body: &kept, status: 200}
		s.route(inner, r, form, key)
		if inner.status == 200 {
			s.once[name] = kept.Bytes()
		}
		if fault == "lost" { // done, and the answer is not heard
			drop(w)
			return
		}
		if fault == "lies" {
			kept = *bytes.NewBuffer(bytes.ReplaceAll(kept.Bytes(), []byte(`"currency":"eur"`), []byte(`"currency":"usd"`)))
		}
		w.WriteHeader(inner.status)
		_, _ = w.Write(kept.Bytes())
		return
	}
	s.route(w, r, form, key)
}

func drop(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

type recorder struct {
	header http.Header
	body   *bytes.Buffer
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(status int)      { r.status = status }

func (s *stand) route(w http.ResponseWriter, r *http.Request, form url.Values, key string) {
	path, post := r.URL.Path, r.Method == http.MethodPost
	id := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case path == "/v1/account":
		reply(w, 200, object{"id": "acct_stand", "object": "account", "email": "money@acme.example", "business_profile": object{"name": "Acme GmbH & Co. 2"},
			"company": object{"name": "Acme GmbH", "phone": "+493012345", "address": object{"line1": "Unter den Linden 1", "city": "Berlin", "postal_code": "10117", "country": "DE"}}})
	case path == "/v1/webhook_endpoints" && post:
		if strings.Contains(key, "nohooks") {
			refuse(w, 403, "The provided key does not have the required permissions for webhook_endpoints.")
			return
		}
		s.hook, s.secret = form.Get("url"), "whsec_stand"+strings.Repeat("x", 20)
		reply(w, 200, object{"id": s.id("we"), "object": "webhook_endpoint", "secret": s.secret})
	case path == "/v1/issuing/cardholders" && post:
		h := object{"id": s.id("ich"), "object": "issuing.cardholder", "name": form.Get("name"), "status": "active", "type": "company"}
		s.holders[h["id"].(string)] = h
		reply(w, 200, h)
	case strings.HasPrefix(path, "/v1/issuing/cardholders/"):
		found(w, s.holders, id)
	case path == "/v1/issuing/cards" && post:
		s.newCard(w, form)
	case path == "/v1/issuing/cards":
		reply(w, 200, object{"object": "list", "data": []any{}, "has_more": false})
	case strings.HasPrefix(path, "/v1/issuing/cards/"):
		s.card(w, r, form, id)
	case path == "/v1/issuing/transactions":
		s.list(w, r.URL.Query())
	case strings.HasPrefix(path, "/v1/issuing/transactions/"):
		for _, x := range s.moves {
			if x["id"] == id {
				reply(w, 200, x)
				return
			}
		}
		refuse(w, 404, "No such transaction")
	default:
		refuse(w, 404, "Unrecognized request URL")
	}
}

func found(w http.ResponseWriter, all map[string]object, id string) {
	if have, ok := all[id]; ok {
		reply(w, 200, have)
		return
	}
	refuse(w, 404, "No such object: '"+id+"'")
}

func (s *stand) newCard(w http.ResponseWriter, form url.Values) {
	if s.holders[form.Get("cardholder")] == nil {
		refuse(w, 400, "No such cardholder")
		return
	}
	n := strconv.Itoa(1000 + len(s.cards))
	c := object{"id": s.id("ic"), "object": "issuing.card", "brand": "Visa", "currency": form.Get("currency"), "last4": n, "exp_month": 12,
		"exp_year": time.Now().Year() + 3, "status": form.Get("status"), "type": form.Get("type"), "livemode": false, "number": "400000999000" + n, "cvc": "123",
		"cardholder": s.holders[form.Get("cardholder")], "metadata": object{"purser_card": form.Get("metadata[purser_card]")}, "controls": controls(form)}
	s.cards[c["id"].(string)] = c
	reply(w, 200, plain(c))
}

// controls are the parameters that are spending controls, as they came.
func controls(form url.Values) object {
	out := object{}
	for name, values := range form {
		if rest, ok := strings.CutPrefix(name, "spending_controls["); ok {
			out[rest] = values
		}
	}
	return out
}

// plain is a card without what has to be asked for.
func plain(c object) object {
	out := object{}
	for k, v := range c {
		if k != "number" && k != "cvc" && k != "controls" {
			out[k] = v
		}
	}
	return out
}

func (s *stand) card(w http.ResponseWriter, r *http.Request, form url.Values, id string) {
	c, ok := s.cards[id]
	switch {
	case !ok:
		refuse(w, 404, "No such issuing card: '"+id+"'")
	case r.Method == http.MethodGet && r.URL.Query().Has("expand[0]"):
		reply(w, 200, c)
	case r.Method == http.MethodGet:
		reply(w, 200, plain(c))
	case c["status"] == "canceled":
		refuse(w, 400, "A canceled card cannot be changed.")
	default:
		if v := form.Get("status"); v != "" {
			c["status"] = v
		}
		if more := controls(form); len(more) > 0 {
			c["controls"] = more
		}
		reply(w, 200, plain(c))
	}
}

// list gives transactions newest first, a hundred a page, as Stripe does.
func (s *stand) list(w http.ResponseWriter, q url.Values) {
	limit, _ := strconv.Atoi(q.Get("limit"))
	data, after := []object{}, q.Get("starting_after")
	skipping := after != ""
	for i := len(s.moves) - 1; i >= 0; i-- {
		if s.moves[i]["id"] == nil {
			continue // what a dispute brought back is in no list
		}
		if skipping {
			skipping = s.moves[i]["id"] != after
			continue
		}
		if len(data) == limit {
			reply(w, 200, object{"object": "list", "data": data, "has_more": true})
			return
		}
		data = append(data, s.moves[i])
	}
	reply(w, 200, object{"object": "list", "data": data, "has_more": false})
}

// signature is Stripe's signature of a body at a time.
func signature(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func (s *stand) setFaults(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in []string
	_ = json.NewDecoder(r.Body).Decode(&in)
	s.faults = in
	reply(w, 200, object{})
}

func (s *stand) show(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, 200, object{"cards": s.cards, "calls": s.calls, "hook": s.hook, "moves": s.moves, "auths": s.auths})
}

// change is somebody at Stripe's dashboard.
func (s *stand) change(w http.ResponseWriter, r *http.Request) {
	var in struct{ ID, Status string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards[in.ID]["status"] = in.Status
	reply(w, 200, object{})
}
