package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	g "maragu.dev/gomponents"
)

//go:embed style.css
var style string

// Headers are what every answer must carry: the page runs no script and loads
// nothing, and nobody keeps it or frames it.
func Headers() map[string]string {
	sum := sha256.Sum256([]byte(style))
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer", // the address may hold a function key
		"Cache-Control":                "no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
	}
}

// Page is the fleet's page. One that is live reloads every 30 seconds.
func Page(v View, live bool) ([]byte, error) {
	f := frame{Title: symbol(v.Answer.Level) + " " + v.Answer.Sentence, Environment: v.Environment, At: v.At}
	return f.reloading(live).draw("overview", drawOverview(v))
}

// ServicePage is the page of one service.
func ServicePage(v ServiceView, live bool) ([]byte, error) {
	f := frame{
		Title: v.Service.Name + ": " + healthMark(v.Service).Word, Environment: v.Environment, At: v.At,
		Above: []place{home},
	}
	return f.reloading(live, "service", v.Service.Name).draw("service", drawService(v))
}

// JobPage is the page of one job.
func JobPage(v JobView, live bool) ([]byte, error) {
	source := v.Job.Service
	if v.Job.Source != "" {
		source = v.Job.Source
	}
	f := frame{
		Title: v.Job.ID + ": " + v.Job.State, Environment: v.Environment, At: v.At,
		Above: []place{home, {source, serviceAddress(source)}},
	}
	return f.reloading(live, "service", v.Job.Service, "job", v.Job.ID).draw("job", drawJob(v))
}

// Trouble is what there is to say where there is nothing to show.
type Trouble struct {
	At       time.Time `json:"at"`
	Sentence string    `json:"error"`
	Advice   string    `json:"advice"`
}

// NewTrouble says what is wrong, and what to do.
func NewTrouble(sentence, advice string, now time.Time) Trouble {
	t := Trouble{At: now.UTC(), Sentence: sentence, Advice: advice}
	tidy(&t)
	return t
}

// TroublePage is t's page. It offers no reload: the address of what is missing
// is not known here.
func TroublePage(t Trouble) ([]byte, error) {
	f := frame{Title: t.Sentence, At: t.At, Above: []place{home}}
	return f.draw("trouble", drawTrouble(t))
}

// draw is the whole page with content in f.
func (f frame) draw(name string, content g.Node) ([]byte, error) {
	var page bytes.Buffer
	if err := f.around(content).Render(&page); err != nil {
		return nil, fmt.Errorf("draw the %s page: %w", name, err)
	}
	return page.Bytes(), nil
}

// address is this page with other parameters. It is relative, because nobody
// here knows the function app's own address. Only addressOf makes one, so a
// link leads nowhere else, whatever the names in it.
type address struct{ query string }

// addressOf leaves out empty parameters.
func addressOf(pairs ...string) address {
	var query []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query = append(query, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	return address{"?" + strings.Join(query, "&")}
}

func serviceAddress(name string) address    { return addressOf("service", name) }
func jobAddress(service, id string) address { return addressOf("service", service, "job", id) }

// place is a page with its name.
type place struct {
	Name    string
	Address address
}

var home = place{"All services", addressOf()}
