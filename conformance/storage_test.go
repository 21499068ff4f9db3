// Package conformance asks other people's implementations for a second opinion
// on what the development stand-ins claim about Azure. It holds tests only.
package conformance

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/storage/storagetest"
)

// TestStorage asks Azurite, Microsoft's own stand-in, whether it agrees with
// what the suite says about Azure.
func TestStorage(t *testing.T) {
	blobs, tables := startAzurite(t)
	account, err := storage.New(storage.Options{}) // for the account's name and key only
	if err != nil {
		t.Fatal(err)
	}
	address := account.ConnectionString(blobs, tables)
	t.Run("tables", func(t *testing.T) {
		client, err := aztables.NewServiceClientFromConnectionString(address, nil)
		if err != nil {
			t.Fatal(err)
		}
		storagetest.Tables(t, client, storagetest.Azurite)
	})
	t.Run("blobs", func(t *testing.T) {
		client, err := azblob.NewClientFromConnectionString(address, nil)
		if err != nil {
			t.Fatal(err)
		}
		storagetest.Blobs(t, client, storagetest.Azurite)
	})
}

// startAzurite runs Azurite in memory on ports that the system picks, until
// the test ends.
func startAzurite(t *testing.T) (blobs, tables string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("node_modules", "azurite", "dist", "src", "azurite.js"))
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		storageMissing(t, "node is not installed")
	}
	if _, err := os.Stat(script); err != nil {
		storageMissing(t, "conformance/node_modules has no Azurite")
	}
	// Without --silent it tells the ports it got.
	cmd := exec.CommandContext(t.Context(), node, script, "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
		"--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry")
	cmd.Dir = t.TempDir()
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan [2]string, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		readAddresses(stdout, addresses)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case found, ok := <-addresses:
		if !ok {
			t.Fatal("Azurite ended before it listened")
		}
		return found[0], found[1]
	case <-time.After(time.Minute):
		t.Fatal("Azurite did not listen within a minute")
	}
	return "", ""
}

// readAddresses reads to the end, for a full pipe would stop the server.
func readAddresses(stdout io.Reader, addresses chan<- [2]string) {
	defer close(addresses)
	var found [2]string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, address, ok := strings.Cut(lines.Text(), "successfully listening at ")
		if !ok {
			continue
		}
		switch {
		case strings.Contains(lines.Text(), "Blob"):
			found[0] = strings.TrimSpace(address)
		case strings.Contains(lines.Text(), "Table"):
			found[1] = strings.TrimSpace(address)
		}
		if found[0] != "" && found[1] != "" {
			addresses <- found
			break
		}
	}
	_, _ = io.Copy(io.Discard, stdout)
}

// storageMissing skips on a laptop and fails where CI says that everything is
// installed.
func storageMissing(t *testing.T, what string) {
	t.Helper()
	message := "NO SECOND OPINION on storage: " + what + `; run "npm ci --prefix conformance"`
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}
