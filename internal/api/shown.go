package api

import "github.com/getpurser/purser/internal/spend"

// ShownAuthorization is an authorization as the API answers it, for exports of
// the pages. It carries no token.
func ShownAuthorization(a *spend.Authorization) Authorization {
	return authorizationView(spend.Result{Authorization: a})
}
