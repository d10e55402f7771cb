package api

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

func TestIdempotencyKeyHasOneEffect(t *testing.T) {
	t.Parallel()
	tr := newTester(t, pgtest.New(t))
	p := "/v1/tests/1"
	first, body := tr.want(testCase{"POST", p, good, admin("Idempotency-Key", "k1"), 201, "", ""})
	if first.Get("ETag") != `"v1"` || first.Get("Idempotent-Replayed") != "" || !bytes.Contains(body, []byte(`"secret":"once"`)) {
		t.Errorf("first: %v %s", first, body)
	}
	for _, same := range []string{good, ` { "name":"\u0078", "amount":2.4999e2 } `} {
		again, replay := tr.want(testCase{"POST", p, same, admin("Idempotency-Key", "k1"), 201, "", ""})
		if again.Get("Idempotent-Replayed") != "true" || again.Get("ETag") != `"v1"` {
			t.Errorf("again: %v", again)
		}
		if want := strings.Replace(string(body), `,"secret":"once"`, "", 1); string(replay) != want {
			t.Errorf("replayed %s, wanted %s", replay, want)
		}
	}
	tr.want(testCase{"POST", p, `{"amount":249.991,"name":"x"}`, admin("Idempotency-Key", "k1"), 422, "idempotency_conflict", ""})
	tr.want(testCase{"POST", p, `{"amount":"249.990","name":"x"}`, admin("Idempotency-Key", "k1"), 422, "idempotency_conflict", ""})
	tr.want(testCase{"POST", "/v1/tests/2", good, admin("Idempotency-Key", "k1"), 422, "idempotency_conflict", ""})
	tr.want(testCase{"POST", p, good, admin("Idempotency-Key", "k2"), 201, "", ""})
	tr.want(testCase{"POST", p, good, admin(), 201, "", ""})
	if tr.runs != 3 {
		t.Errorf("%d effects, wanted 3", tr.runs)
	}
}

func TestIdempotencyKeyAtOnce(t *testing.T) {
	t.Parallel()
	tr := newTester(t, pgtest.New(t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { tr.want(testCase{"POST", "/v1/tests/1", good, admin("Idempotency-Key", "same"), 201, "", ""}) })
	}
	wg.Wait()
	if tr.runs != 1 {
		t.Errorf("%d effects", tr.runs)
	}
}

func TestCanonicalNumbers(t *testing.T) {
	t.Parallel()
	equal := [][]string{{"1", "1.0", "1e0", "10e-1", "0.1E+1", "100e-02"}, {"0", "-0", "0.000", "0e99"}, {"-12.5", "-125e-1"}, {"1e400", "10e399"}}
	seen := map[[32]byte]int{}
	for i, group := range equal {
		for _, literal := range group {
			doc, err := parse([]byte(literal))
			if j, ok := seen[doc.hash]; err != nil || ok && j != i {
				t.Errorf("%s: %v, taken for group %d", literal, err, j)
			}
			seen[doc.hash] = i
		}
	}
	if len(seen) != len(equal) {
		t.Errorf("%d hashes for %d values", len(seen), len(equal))
	}
}

func TestHashSeesEveryDifference(t *testing.T) {
	t.Parallel()
	texts := []string{`{}`, `[]`, `null`, `""`, `"null"`, `true`, `"true"`, `1`, `"1"`, `{"a":1}`, `{"a":"1"}`, `{"b":1}`, `[1,2]`, `[2,1]`,
		`[[1],2]`, `[1,[2]]`, `["1,2"]`, `{"a":{"b":1}}`, `{"a":{},"b":1}`, `{"a,b":1}`, `9007199254740993`, `9007199254740992`, `1e-400`, `0`}
	seen := map[[32]byte]string{}
	for _, text := range texts {
		doc, err := parse([]byte(text))
		if other, ok := seen[doc.hash]; err != nil || ok {
			t.Errorf("%s: %v, same as %s", text, err, other)
		}
		seen[doc.hash] = text
	}
}

func TestCursorIsForItsList(t *testing.T) {
	t.Parallel()
	s := newSeal([]byte("k"))
	one := &call{operation: "list", path: "/v1/x", query: "status=a"}
	cursor := s.close(one, []byte("position"))
	if got, err := s.open(one, cursor); err != nil || string(got) != "position" {
		t.Fatalf("%s %v", got, err)
	}
	for _, other := range []*call{{operation: "list", path: "/v1/x", query: "status=b"}, {operation: "list", path: "/v1/y", query: "status=a"},
		{operation: "other", path: "/v1/x", query: "status=a"}} {
		if _, err := s.open(other, cursor); err == nil {
			t.Errorf("taken for %+v", other)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(cursor)
		i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		c := rapid.Byte().Draw(t, "byte")
		if c == b[i] {
			return
		}
		b[i] = c
		if _, err := s.open(one, string(b)); err == nil {
			t.Fatalf("%s is taken for %s", b, cursor)
		}
	})
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]int{"": nil, "*": nil, `"v3"`: {3}, `"v3", "v4"`: {3, 4}, `W/"v3"`: {}, `"x"`: {}, `"v03"`: {}} {
		got, err := ifMatch(header)
		if err != nil || len(got) != len(want) || (got == nil) != (want == nil) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s: %v %v", header, got, err)
		}
	}
	for _, bad := range []string{"v3", `"v3`, `"v3",`, `"a"b"`, "3", `""v3""`} {
		if got, err := ifMatch(bad); err == nil {
			t.Errorf("%s was taken: %v", bad, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, `{"a":[1,2,{"b":null}]}`, `1e999999999999999999`, "\xff", `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := parse(text)
		if err != nil {
			return
		}
		spaced := append(append([]byte(" \n"), text...), '\t')
		if again, err := parse(spaced); err != nil || again.hash != doc.hash {
			t.Fatalf("space changed %q: %v", text, err)
		}
	})
}
