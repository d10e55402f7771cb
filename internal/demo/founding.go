package demo

import (
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// found plans the company's beginning: its members, whom the live log tells of.
func (s *story) found() {
	owner := s.members[0]
	for i, m := range s.members {
		s.past.Member(m.id, m.role)
		about := func(kind string) audit.Event {
			return audit.Event{Type: kind, Subject: ident.Format(ident.Member, m.id), Data: map[string]any{"email": m.email, "role": m.role}}
		}
		if i == 0 {
			s.after(0, func() error {
				s.past.Tell(audit.Person(m.personID, s.request()),
					audit.Event{Type: "company.created", Subject: ident.Format(ident.Company, s.tenant.Company),
						Data: map[string]any{"name": companyName, "currency": companyCurrency, "time_zone": companyZone}},
					about("member.joined"))
				return nil
			})
			continue
		}
		s.after(time.Duration(i)*4*time.Minute, func() error { s.past.Tell(owner.actor(s), about("member.invited")); return nil })
		s.when(m.joined, func() error {
			s.past.Tell(audit.Person(m.personID, s.request()), about("member.joined"))
			return nil
		})
	}
}

// hired is when the first agent is made, after the founding.
const hired = 30 * time.Minute

func (s *story) newAgent(r role, after time.Duration) *agent {
	created := s.founded.Add(after)
	return &agent{role: r, id: ident.At(created), key: ident.At(created.Add(time.Minute)), status: "active",
		created: created, changed: created}
}

// hire plans the making of an agent and of its key.
func (s *story) hire(a *agent) {
	by := s.members[0]
	s.when(a.created, func() error {
		s.past.Agent(a.id, a.handle, a.status)
		s.past.Tell(by.actor(s), a.event("agent.created", map[string]any{"handle": a.handle, "name": a.name}))
		return nil
	})
	s.when(a.created.Add(time.Minute), func() error {
		s.past.Tell(by.actor(s), audit.Event{Type: "key.created", Agent: &a.id, Subject: ident.Format(ident.Key, a.key),
			Data: map[string]any{"name": a.keyName(), "prefix": a.keyPrefix(s.tenant), "scopes": []string{"spend", "read"}}})
		return nil
	})
}

func (a *agent) event(kind string, data map[string]any) audit.Event {
	return audit.Event{Type: kind, Agent: &a.id, Subject: ident.Format(ident.Agent, a.id), Data: data}
}

func (a *agent) keyName() string { return a.name + " in production" }

// keyPrefix is what the key would show of itself, told by its id.
func (a *agent) keyPrefix(t ident.Tenant) string {
	id := ident.Format(ident.Key, a.key)
	return "ag_" + t.Mode() + "_" + id[len(id)-8:]
}

// put changes an agent's status.
func (s *story) put(handle, status string, by *member) {
	a := s.agents[handle]
	a.status, a.changed = status, s.clock
	s.past.Agent(a.id, a.handle, a.status)
	s.past.Tell(by.actor(s), a.event("agent."+status, map[string]any{"status": status}))
}

// legislate plans the versions of a policy.
func (s *story) legislate(w *written) {
	b := w.book
	for n, p := range b.pages {
		s.after(p.written, func() error {
			content, err := s.content(b, p)
			if err != nil {
				return err
			}
			w.versions = append(w.versions, policy.Policy{ID: w.id, Version: n + 1, Content: content, CreatedAt: s.founded.Add(b.pages[0].written), UpdatedAt: s.clock})
			kind := "policy.created"
			if n > 0 {
				kind = "policy.updated"
			}
			s.past.Tell(s.members[0].actor(s), audit.Event{Type: kind, Subject: ident.Format(ident.Policy, w.id),
				Data: map[string]any{"name": b.name, "version": n + 1, "status": p.status}})
			return s.govern()
		})
	}
}

func (s *story) content(b book, p page) (policy.Content, error) {
	c := policy.Content{Name: b.name, Status: policy.Status(p.status)}
	for _, handle := range b.agents {
		if a := s.agents[handle]; a != nil {
			c.Agents = append(c.Agents, a.id)
		}
	}
	var err error
	if c.Rules, err = policy.DecodeRules([]byte(p.rules)); err != nil {
		return c, err
	}
	_, err = c.Check()
	return c, err
}

// govern puts the newest versions in force.
func (s *story) govern() error {
	var all []policy.Policy
	for _, w := range s.books {
		if len(w.versions) > 0 {
			all = append(all, w.versions[len(w.versions)-1])
		}
	}
	set, err := policy.Compile(s.tenant.Company, companyZone, all)
	if err == nil {
		s.past.Govern(set)
	}
	return err
}

// meters are what any version of any policy needs to have counted.
func (s *story) meters() ([]meter.Scope, error) {
	var all []policy.Policy
	for _, w := range s.books {
		for _, p := range w.pages {
			content, err := s.content(w.book, p)
			if err != nil {
				return nil, err
			}
			all = append(all, policy.Policy{ID: w.id, Version: 1, Content: content})
		}
	}
	set, err := policy.Compile(s.tenant.Company, companyZone, all)
	if err != nil {
		return nil, err
	}
	return set.Scopes(), nil
}
