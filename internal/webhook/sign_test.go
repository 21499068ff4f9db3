package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// verify is a receiver's own check, written from the specification.
func verify(key []byte, h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if ok && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

// The vector is that of the specification's own Go library (TestWebhookSign).
func TestStandardWebhooksVector(t *testing.T) {
	s, got := receiver(t, http.StatusOK)
	c := client(map[string]string{"OPS_URL": s.URL, "OPS_KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, nil)
	if err := c.Post(t.Context(), signed, "msg_p5jXN8AQM9LWM0D4loKWxJek", "application/json", []byte(`{"test": 2432232314}`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330", "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := (*got)[0].header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestSignature(t *testing.T) {
	text := "correct horse battery staple"
	tests := []struct {
		name, setting string
		key           []byte
	}{
		{"base64", "whsec_" + base64.StdEncoding.EncodeToString([]byte(text)), []byte(text)},
		{"text", text, []byte(text)},
		{"text of 24 bytes", text[:24], []byte(text[:24])},
		{"base64 without the prefix is text", base64.StdEncoding.EncodeToString([]byte(text)), []byte(base64.StdEncoding.EncodeToString([]byte(text)))},
		{"a line's end after it", text + "\n", []byte(text)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, got := receiver(t, http.StatusOK)
			c := client(map[string]string{"OPS_URL": s.URL, "OPS_KEY": test.setting}, nil)
			if err := c.Post(t.Context(), signed, "apim-weu:20260301T010000.000Z:Late", "application/json", []byte(`{"ä":1}`)); err != nil {
				t.Fatal(err)
			}
			r := (*got)[0]
			if !verify(test.key, r.header, r.body) {
				t.Errorf("signature does not verify: %v", r.header)
			}
			if verify(test.key, r.header, append(r.body, ' ')) || verify(append(test.key, 'x'), r.header, r.body) {
				t.Error("another body or key verifies too")
			}
			if strings.Contains(r.header.Get("webhook-id"), ".") {
				t.Errorf("id %q has a full stop", r.header.Get("webhook-id"))
			}
		})
	}
}
