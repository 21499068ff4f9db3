package apim_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// probe looks at a gateway with a client whose requests h answers.
func (w *world) probe(ctx context.Context, url string, h http.Handler) job.GatewayState {
	w.Helper()
	o := w.options(wire.Transport{Handler: w.network()})
	o.Gateways = wire.Transport{Handler: h}
	c, err := apim.New(o)
	if err != nil {
		w.Fatal(err)
	}
	return c.Gateway(ctx, job.Observed{GatewayURL: url})
}

// What ARM says of the service does not matter, and no token is sent.
func TestGateway(t *testing.T) {
	tests := []struct {
		state arm.GatewayState
		want  job.GatewayState
	}{
		{arm.GatewayHealthy, job.GatewayHealthy},
		{arm.GatewayUnhealthy, job.GatewayUnhealthy},
		{arm.GatewayDown, job.GatewayUnreachable},
	}
	for _, tt := range tests {
		t.Run(string(tt.want), func(t *testing.T) {
			w := newWorld(t)
			w.sim.SetGateway("apim-weu", tt.state)
			w.sim.SetState("apim-weu", "Failed")
			service, err := w.client.Observe(t.Context(), weu())
			if err != nil {
				t.Fatal(err)
			}
			w.tokens = 0
			got := w.probe(t.Context(), service.GatewayURL, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || r.URL.String() != "https://apim-weu.azure-api.net/status-0123456789abcdef" {
					t.Errorf("%s %s with %q", r.Method, r.URL, r.Header)
				}
				w.sim.GatewayHandler().ServeHTTP(rw, r)
			}))
			if got != tt.want || w.tokens != 0 {
				t.Errorf("Gateway = %s with %d tokens, want %s and none", got, w.tokens, tt.want)
			}
		})
	}
}

// Only a 200 is healthy, whoever sends something else, and nothing is followed.
func TestGatewayAnswers(t *testing.T) {
	for _, status := range []int{204, 302, 307, 401, 403, 404, 429, 500, 503} {
		requests := 0
		got := newWorld(t).probe(t.Context(), "https://apim-weu.azure-api.net", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			requests++
			rw.Header().Set("Location", "https://elsewhere.test/")
			rw.WriteHeader(status)
		}))
		if got != job.GatewayUnhealthy || requests != 1 {
			t.Errorf("%d = %s after %d requests, want %s after 1", status, got, requests, job.GatewayUnhealthy)
		}
	}
}

// A gateway's address comes from an answer of ARM. It decides where a request
// goes and what it says.
func TestGatewayAddresses(t *testing.T) {
	for url, want := range map[string]string{
		"https://apim-weu.azure-api.net/":                   "https://apim-weu.azure-api.net/status-0123456789abcdef",
		"https://apim-weu.azure-api.us:8443":                "https://apim-weu.azure-api.us:8443/status-0123456789abcdef",
		"https://user:secret@apim-weu.azure-api.net/?a=b#c": "https://apim-weu.azure-api.net/status-0123456789abcdef",
		"http://127.0.0.1:8801/gateways/apim-weu":           "http://127.0.0.1:8801/gateways/apim-weu/status-0123456789abcdef",
		"http://[::1]:8801/gateways/apim-weu/":              "http://[::1]:8801/gateways/apim-weu/status-0123456789abcdef",
		"http://localhost/g":                                "http://localhost/g/status-0123456789abcdef",
		"http://apim-weu.azure-api.net":                     "",
		"http://169.254.169.254/metadata":                   "",
		"http://localhost.elsewhere.test":                   "",
		"http://127.0.0.1@elsewhere.test":                   "",
		"file:///etc/passwd":                                "",
		"https://":                                          "",
		"//apim-weu.azure-api.net":                          "",
		"apim-weu.azure-api.net":                            "",
		"":                                                  "",
		"https://apim-weu.azure-api.net:port":               "",
	} {
		asked := ""
		got := newWorld(t).probe(t.Context(), url, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked = r.URL.String()
			if r.Header.Get("Authorization") != "" {
				t.Errorf("%s sends %q", url, r.Header.Get("Authorization"))
			}
		}))
		if asked != want || (got == job.GatewayHealthy) != (want != "") || (got == job.GatewayUnreachable) != (want == "") {
			t.Errorf("%q = %s, asked %q, want %q", url, got, asked, want)
		}
	}
}

// One that accepts and says nothing must not hold a decision up.
func TestGatewayThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got := newWorld(t).probe(t.Context(), "https://apim-weu.azure-api.net", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		if took := time.Since(began); got != job.GatewayUnreachable || took != 5*time.Second {
			t.Errorf("Gateway = %s after %s, want %s after 5s", got, took, job.GatewayUnreachable)
		}
	})
}

// Over real net/http: a status whose body never ends has been told all the same.
func TestGatewayWithAnEndlessBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe := wire.NewPipe()
		ended := make(chan struct{})
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			defer close(ended)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(rw, "still here\n"); err != nil {
					return
				}
				rw.(http.Flusher).Flush()
				time.Sleep(time.Second)
			}
		})}
		done := make(chan error, 1)
		go func() { done <- server.Serve(pipe) }()
		w := newWorld(t)
		o := w.options(wire.Transport{Handler: w.network()})
		o.Gateways = &http.Transport{DialContext: pipe.DialContext, DialTLSContext: pipe.DialContext}
		c, err := apim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got := c.Gateway(t.Context(), job.Observed{GatewayURL: "https://apim-weu.azure-api.net"})
		if took := time.Since(began); got != job.GatewayHealthy || took > time.Second {
			t.Errorf("Gateway = %s after %s, want %s at once", got, took, job.GatewayHealthy)
		}
		<-ended
		_ = server.Close()
		<-done
	})
}
