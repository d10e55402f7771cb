package api

import (
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/fault"
)

// etag is the strong entity tag of a version: "v3".
func etag(version int) string { return `"v` + strconv.Itoa(version) + `"` }

// ifMatch reads an If-Match header: nil when every version will do, else the
// versions that will. A tag that is well formed and none of ours matches
// nothing, as does a weak one.
func ifMatch(header string) ([]int, error) {
	header = strings.TrimSpace(header)
	if header == "" || header == "*" {
		return nil, nil
	}
	versions := []int{}
	for _, tag := range strings.Split(header, ",") {
		tag, weak := strings.CutPrefix(strings.TrimSpace(tag), "W/")
		opaque, ok := quoted(tag)
		if !ok {
			return nil, fault.New(fault.Malformed, "invalid_if_match", `If-Match takes an ETag such as "v3", or *.`)
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(opaque, "v")); err == nil && !weak && opaque == "v"+strconv.Itoa(n) {
			versions = append(versions, n)
		}
	}
	return versions, nil
}

// quoted strips the quotes of an entity tag, which may hold any visible
// character but a quote.
func quoted(tag string) (string, bool) {
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return "", false
	}
	inner := tag[1 : len(tag)-1]
	for i := range len(inner) {
		if inner[i] < 0x21 || inner[i] == '"' || inner[i] == 0x7f {
			return "", false
		}
	}
	return inner, true
}

// matches says whether an If-None-Match header names a tag.
func matches(header, tag string) bool {
	for _, t := range strings.Split(header, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}
