package conformance

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lifeboat/internal/emulator/servicebus"
)

// TestServiceBus asks Microsoft's JavaScript client, which shares no code with
// the Go one, whether it agrees with the broker.
func TestServiceBus(t *testing.T) {
	node := needServiceBusClient(t)
	broker := servicebus.New(servicebus.Options{KeyName: "conformance", Key: "s3cret"})
	broker.AddQueue("conformance", servicebus.QueueOptions{LockDuration: 5 * time.Second, MaxDeliveryCount: 3})
	broker.AddQueue("conformance-dup", servicebus.QueueOptions{DuplicateDetection: 10 * time.Minute})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- broker.Serve(listener) }()

	suite := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", filepath.Join("servicebus", "suite.test.mjs"))
	suite.Env = append(os.Environ(), "SERVICEBUS_CONNECTION="+broker.ConnectionString(listener.Addr().String()))
	out, err := suite.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the JavaScript suite: %v", err)
	}
	broker.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// needServiceBusClient returns the path of node. Without it, or without the
// client, the test is skipped; in CI it fails.
func needServiceBusClient(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("node_modules", "@azure", "service-bus", "package.json"))
	}
	switch {
	case err == nil:
		return node
	case os.Getenv("CI") != "":
		t.Fatalf("no second opinion on Service Bus: %v", err)
	}
	t.Skipf("NO SECOND OPINION on Service Bus: %v. Install node 20 or later, then: npm ci --prefix conformance", err)
	return ""
}
