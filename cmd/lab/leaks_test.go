package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	esb "lifeboat/internal/emulator/servicebus"
)

// bareStage is a stage on which nothing has happened.
func bareStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{staging: staging{dir: t.TempDir(), out: io.Discard, services: emulator.SampleServices()}, storageKey: "storage-key-of-the-plan"}
	if err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	blobs, err := s.azure.BlobClient(nil)
	if err == nil {
		_, err = blobs.CreateContainer(t.Context(), backupContainer, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.receiver = newReceiver(func(cloudEvent) {})
	t.Cleanup(func() {
		s.azure.Close()
		_ = s.log.Close()
	})
	return s
}

// places are all that a leak may be in; each writes a text there.
var places = map[string]func(t *testing.T, s *stage, text string){
	"the log": func(t *testing.T, s *stage, text string) {
		if err := os.WriteFile(s.logFile(), []byte("{\"msg\":\"a\"}\n"+text+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	},
	"a row": func(t *testing.T, s *stage, text string) {
		if err := s.insert(t.Context(), map[string]any{"PartitionKey": "p", "RowKey": "r", "Text": "a " + text}); err != nil {
			t.Error(err)
		}
	},
	"a blob": func(t *testing.T, s *stage, text string) {
		if err := s.azure.Storage.PutBlob(backupContainer, "b", []byte("a "+text), nil); err != nil {
			t.Error(err)
		}
	},
	"a queue": func(t *testing.T, s *stage, text string) {
		if err := s.put(emulator.StepQueue, []byte(text), nil); err != nil {
			t.Error(err)
		}
	},
	"a message's property": func(t *testing.T, s *stage, text string) {
		if err := s.azure.Broker.Send(emulator.NoticeQueue, esb.Message{Body: []byte("a"), ApplicationProperties: map[string]any{"why": text}}); err != nil {
			t.Error(err)
		}
	},
	"a message that was taken": func(_ *testing.T, s *stage, text string) { s.kept = func() []string { return []string{"a", text} } },
	"a notice":                 func(_ *testing.T, s *stage, text string) { s.receiver.posted(nil, []byte(text)) },
	"an answer": func(_ *testing.T, s *stage, text string) {
		s.invocations.add(host.Invocation{Function: "f", Reason: text})
	},
	"the host's log": func(_ *testing.T, s *stage, text string) {
		s.invocations.add(host.Invocation{Logs: []string{"a", text}})
	},
	"the metrics": func(_ *testing.T, s *stage, text string) { s.pages = map[string]string{"the metrics": "a 1\n" + text} },
	"a page of a story that goes on": func(t *testing.T, s *stage, text string) {
		s.host = shower(t, s, text, "nothing")
		s.peek(t.Context())
	},
	"a page that another leads to": func(t *testing.T, s *stage, text string) {
		s.host = shower(t, s, text, "nothing")
		if err := s.lookAround(t.Context()); err != nil {
			t.Error(err)
		}
	},
	"the API's JSON": func(t *testing.T, s *stage, text string) {
		s.host = shower(t, s, "nothing", text)
		if err := s.lookAround(t.Context()); err != nil {
			t.Error(err)
		}
	},
}

// Every secret is found in every place, however it is spelled.
func TestEveryLeakIsFound(t *testing.T) {
	for place, write := range places {
		t.Run(place, func(t *testing.T) {
			if s := bareStage(t); len(s.leaks()) > 0 {
				t.Fatalf("leaks %v where nothing is", s.leaks())
			}
			forms := bareStage(t).planted()
			for what := range forms {
				for i := range spelled("x") {
					s := bareStage(t)
					text := spelled(s.planted()[what])[i]
					if what == "the bare key that signs" && i < 3 && place != "the log" {
						continue // bytes that are no text
					}
					write(t, s, "before "+text+" after")
					if got := strings.Join(s.leaks(), "\n"); !strings.Contains(got, what) {
						t.Errorf("%s as %.30q: leaks %q", what, text, got)
					}
				}
			}
			for what, text := range map[string]string{
				"a signature":     "https://st.blob.core.windows.net/c?sv=1&sig=abc%3D",
				"a token for ARM": token(t, bareStage(t)),
			} {
				s := bareStage(t)
				write(t, s, "Bearer "+text)
				if got := strings.Join(s.leaks(), "\n"); !strings.Contains(got, what) {
					t.Errorf("%s: leaks %q", what, got)
				}
			}
		})
	}
}

// token is what the app's identity would get for ARM. Every endpoint with the
// same secret issues the same.
func token(t *testing.T, s *stage) string {
	t.Helper()
	at, err := s.azure.Credential().GetToken(t.Context(), tokenOptions)
	if err != nil {
		t.Fatal(fmt.Errorf("token: %w", err))
	}
	return at.Token
}

var tokenOptions = policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
