package web

import (
	"encoding/json"
	"strings"

	"github.com/labstack/echo/v4"
)

// keyPlace stands in examples where a key belongs.
const keyPlace = "ag_test_…"

// example is a request to spend a little that fits every company.
type example struct {
	Agent    string          `json:"agent"`
	Amount   int             `json:"amount"`
	Currency string          `json:"currency"`
	Merchant exampleMerchant `json:"merchant"`
	Purpose  string          `json:"purpose"`
}

type exampleMerchant struct {
	Name   string `json:"name"`
	Domain string `json:"domain"`
}

// exampleBody is the request as JSON. Handles and codes hold nothing that a
// shell or a string of a program would have to escape.
func (v *visit) exampleBody(agent string) string {
	body, err := json.Marshal(example{agent, 5, string(v.frame.Company.Currency),
		exampleMerchant{"AWS", "aws.amazon.com"}, "First request"})
	if err != nil {
		return "" // strings and a number: it cannot fail
	}
	return string(body)
}

// exampleCurl is a line for a terminal that asks for the example with a key.
func (v *visit) exampleCurl(agent, key string) string {
	return strings.Join([]string{"curl " + v.address("/v1/authorize"), "-H 'X-API-Key: " + orPlace(key) + "'",
		"-H 'Content-Type: application/json'", "-d '" + v.exampleBody(agent) + "'"}, " \\\n  ")
}

func orPlace(key string) string {
	if key == "" {
		return keyPlace
	}
	return key
}

// address is one of ours as others write it.
func (v *visit) address(path string) string {
	return strings.TrimRight(v.web.base.String(), "/") + path
}

// requestID is the request's, as the audit log names it.
func (v *visit) requestID() string { return v.Response().Header().Get(echo.HeaderXRequestID) }
