package api

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// swaggerPage loads Swagger UI from this binary: no inline script, no other
// host.
const swaggerPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Purser API</title>
<link rel="stylesheet" href="/swagger-ui/swagger-ui.css">
<link rel="icon" type="image/png" href="/swagger-ui/favicon-32x32.png">
</head>
<body>
<main id="swagger-ui"></main>
<script src="/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/swagger-ui/start.js"></script>
</body>
</html>
`

const swaggerStart = `window.ui = SwaggerUIBundle({
  url: "/v3/api-docs",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`

// swaggerPolicy admits the styles that Swagger UI puts on elements, and
// nothing from elsewhere.
const swaggerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// swaggerFiles are what the page loads. Swagger UI has more, and its own answer
// to what it has not.
var swaggerFiles = [...]string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"}

// serveSwaggerUI puts the interactive documentation on echo.
func serveSwaggerUI(e *echo.Echo) {
	files := v5emb.New("Purser API", "/v3/api-docs", "/swagger-ui/")
	get := []string{http.MethodGet, http.MethodHead}
	e.Match(get, "/swagger-ui.html", func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", swaggerPolicy)
		return c.HTML(http.StatusOK, swaggerPage)
	})
	e.Match(get, "/swagger-ui/start.js", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", []byte(swaggerStart))
	})
	e.Match(get, "/swagger-ui/:file", func(c echo.Context) error {
		if c.Param("file") == "" {
			return c.Redirect(http.StatusFound, "/swagger-ui.html")
		}
		if !slices.Contains(swaggerFiles[:], c.Param("file")) {
			return echo.ErrNotFound
		}
		files.ServeHTTP(c.Response(), c.Request())
		return nil
	})
}
