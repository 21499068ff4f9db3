package config

import "testing"

// Only App Service's own word for it means that callers have signed in.
func TestSignIn(t *testing.T) {
	for value, want := range map[string]bool{"": false, "True": true, "true": true, "False": false, "1": false, "yes": false} {
		if c, err := load(azure(SignIn, value)); c.SignIn != want || err != nil {
			t.Errorf("%s=%q: %t, %v, want %t", SignIn, value, c.SignIn, err, want)
		}
	}
	if c, err := load(azure()); c.Development() || err != nil {
		t.Errorf("in Azure: development %t, %v", c.Development(), err)
	}
	if c, err := load(map[string]string{Port: "7071", ServiceBus: busText, State: tables}); !c.Development() || err != nil {
		t.Errorf("with a connection string: development %t, %v", c.Development(), err)
	}
}
