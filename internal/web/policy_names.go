package web

import (
	"cmp"

	"github.com/getpurser/purser/views"
)

// names says who actors are, each looked up once.
type names struct {
	v     *visit
	known map[string]string
}

// names knows the company's people already.
func (v *visit) names(w views.Words) names {
	known := map[string]string{"system": "Purser"}
	for id, address := range w.People {
		known[id] = address
	}
	return names{v, known}
}

// of is an actor as people call it; who is unknown, by the id.
func (n names) of(actor string) (string, error) {
	if name, ok := n.known[actor]; ok {
		return name, nil
	}
	found, err := n.v.web.access.ActorNames(n.v.ctx(), n.v.tenant(), []string{actor})
	n.known[actor] = cmp.Or(found[actor], actor)
	return n.known[actor], err
}
