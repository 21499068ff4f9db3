package webhook

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"

	"lifeboat/internal/job"
)

// value reads the app setting of d, without the white space around it that
// secret stores add. No value is repeated.
func (c *Client) value(d destination, want string) (string, error) {
	value := strings.TrimSpace(c.getenv(d.setting))
	switch {
	case value == "":
		return "", fmt.Errorf("%s: app setting %s %w: set it to %s, or take it out of the plan", d.name, d.setting, ErrNotSet, want)
	case job.Unresolved(value):
		return "", d.errorf("its Key Vault reference was not resolved: give the app's identity access to that secret")
	}
	return value, nil
}

// minKey is the least that the specification allows, in bytes.
const minKey = 24

// key reads a signing key: whsec_ and base64, or text that is taken as it is.
func (c *Client) key(d destination) ([]byte, error) {
	const want = "whsec_ followed by the base64 of at least 24 random bytes, or text of at least 24 bytes"
	value, err := c.value(d, want)
	if err != nil {
		return nil, err
	}
	key := []byte(value)
	if encoded, ok := strings.CutPrefix(value, "whsec_"); ok {
		key, err = base64.StdEncoding.DecodeString(encoded)
	}
	// whsk_ and whpk_ are keys of another scheme.
	if err != nil || len(key) < minKey || strings.HasPrefix(value, "whsk_") || strings.HasPrefix(value, "whpk_") {
		return nil, d.errorf("its value is not a usable key: want %s", want)
	}
	return key, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
