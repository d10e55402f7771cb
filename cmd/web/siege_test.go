package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// siege is a server whose database can be troubled: the way to it, the
// processes of it, and what others do in it.
type siege struct {
	t      *testing.T
	server *process
	node   *pgtest.Node
	proxy  *toxiproxy.Proxy
	load   *load
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{t: t, node: pgtest.NewNode(t, pgtest.NodeDir(t), "a", "fsync=off", "max_connections=60", "superuser_reserved_connections=5")}
	s.node.Start()
	s.node.CreateDatabase()
	s.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "way", "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", s.node.Port()))
	if err := s.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.proxy.Stop)
	// Not as the superuser, for whom connections are reserved.
	s.node.Exec("CREATE ROLE purser_app NOLOGIN", "CREATE ROLE door LOGIN IN ROLE purser_app", "CREATE ROLE crowd LOGIN")
	way := url.URL{Scheme: "postgres", User: url.User("door"), Host: s.proxy.Listen, Path: "/" + embedded.Database, RawQuery: "sslmode=disable"}
	s.server = newProcess(t, "DATABASE_URL="+way.String(), "DATABASE_OWNER_URL="+s.node.URL(embedded.Database))
	s.server.start()
	s.load = newLoad(t, s.server.url(), 2)
	s.load.must("POST", "/v1/agents", `{"handle":"held","name":"Held"}`)
	s.load.must("POST", "/v1/policies", `{"name":"held","status":"active","rules":[{"type":"approval_threshold","amount":100,"currency":"usd"}]}`)
	return s
}

// trouble is something that happens to a database, and how it ends.
type trouble struct {
	name       string
	begin, end func(*siege)
}

// toxic is a trouble of the network, in both directions. Type and attributes
// are toxiproxy's.
func toxic(name, kind, attributes string) trouble {
	both := []string{"upstream", "downstream"}
	return trouble{name: name,
		begin: func(s *siege) {
			for _, way := range both {
				if _, err := s.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
					`{"name":%q,"type":%q,"stream":%q,"attributes":%s}`, way, kind, way, attributes))); err != nil {
					s.t.Error(err)
				}
			}
		},
		end: func(s *siege) {
			for _, way := range both {
				if err := s.proxy.Toxics.RemoveToxic(context.Background(), way); err != nil {
					s.t.Error(err)
				}
			}
		}}
}

// crowded is a server that gives nobody a connection any more.
func crowded() trouble {
	var crowd []*pgx.Conn
	return trouble{name: "every connection taken by others, ours ended",
		begin: func(s *siege) {
			for range 200 {
				conn, err := pgx.Connect(context.Background(), strings.Replace(s.node.URL("postgres"), embedded.Owner+"@", "crowd@", 1))
				if err == nil {
					crowd = append(crowd, conn)
					continue
				}
				s.node.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'door'")
				// The connection that said so gives its own place back a moment later.
				time.Sleep(50 * time.Millisecond)
			}
		},
		end: func(*siege) {
			for _, conn := range crowd {
				_ = conn.Close(context.Background())
			}
		}}
}

// occupied is a table that somebody holds, for which every connection of ours
// comes to wait.
func occupied() trouble {
	var conn *pgx.Conn
	return trouble{name: "a table held by somebody, and our pool used up",
		begin: func(s *siege) {
			var err error
			if conn, err = pgx.Connect(context.Background(), s.node.URL(embedded.Database)); err == nil {
				_, err = conn.Exec(context.Background(), "BEGIN; LOCK TABLE companies IN ACCESS EXCLUSIVE MODE")
			}
			if err != nil {
				s.t.Error(err)
			}
			for range 40 { // and nobody waits for these
				go func() { _, _ = s.load.try("GET", "/v1/company", "") }()
			}
		},
		end: func(*siege) { _ = conn.Close(context.Background()) }}
}
