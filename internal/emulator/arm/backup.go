package arm

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// parameters is the body of a backup and of a restore.
type parameters struct {
	StorageAccount string `json:"storageAccount"`
	ContainerName  string `json:"containerName"`
	BackupName     string `json:"backupName"`
	AccessType     string `json:"accessType"`
	AccessKey      string `json:"accessKey"`
	ClientID       string `json:"clientId"`
}

// accountName keeps out a URL or a resource id: APIM takes the name alone.
var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

func (p parameters) check(v *instance) []errorTarget {
	var wrong []errorTarget
	want := func(ok bool, target, message string) {
		if !ok {
			wrong = append(wrong, errorTarget{Code: "ValidationError", Target: target, Message: message})
		}
	}
	want(accountName.MatchString(p.StorageAccount), "storageAccount", "The name of a storage account is required.")
	want(p.ContainerName != "", "containerName", "The name of a blob container is required.")
	want(p.BackupName != "", "backupName", "The name of the backup is required.")
	switch p.AccessType {
	case "", "AccessKey":
		want(p.AccessKey != "", "accessKey", "The access key of the storage account is required.")
	case "SystemAssignedManagedIdentity":
		want(v.Identity.SystemAssigned, "accessType", "The service has no system-assigned managed identity.")
	case "UserAssignedManagedIdentity":
		has := slices.ContainsFunc(v.Identity.UserAssigned, func(u UserIdentity) bool { return strings.EqualFold(u.ClientID, p.ClientID) })
		want(p.ClientID != "" && has, "clientId", "The client id of a user-assigned managed identity of the service is required.")
	default:
		want(false, "accessType", fmt.Sprintf("The access type '%s' is unknown.", p.AccessType))
	}
	return wrong
}

func (s *Simulator) postBackup(c call) reply  { return s.post(c, Backup) }
func (s *Simulator) postRestore(c call) reply { return s.post(c, Restore) }

func (s *Simulator) post(c call, kind Kind) reply {
	v := c.service
	// Backup and restore are not available in Consumption and the v2 tiers.
	// How APIM says so is chosen here.
	if v.SKU == "Consumption" || strings.HasSuffix(v.SKU, "V2") {
		return failure(http.StatusBadRequest, "MethodNotAllowedInPricingTier", "Method not allowed in this pricing tier")
	}
	var target parameters
	if err := json.Unmarshal(c.body, &target); err != nil {
		return failure(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '"+err.Error()+"'.")
	}
	if wrong := target.check(v); len(wrong) > 0 {
		return failure(http.StatusBadRequest, "ValidationError", "One or more fields contain incorrect values:", wrong...)
	}
	if v.locked(c.now) {
		s.limiter.stats.Conflicts++
		return failure(http.StatusConflict, "ServiceLocked", fmt.Sprintf("The API Service %s is transitioning at this time. Please try the request again later.", v.Name))
	}
	return s.start(c, kind, target)
}

// manifest and content.json make up a backup's file, a zip archive. Azure's
// format is not documented.
type manifest struct {
	Service string    `json:"service"`
	SKU     string    `json:"sku"`
	Taken   time.Time `json:"taken"`
}

func (s *Simulator) writeBackup(op *operation) *Failure {
	body, err := pack(manifest{op.Service, op.SKU, op.Started.UTC()}, op.Content)
	if err != nil {
		return &Failure{Code: "BackupFailed", Message: err.Error()}
	}
	switch op.Fault.Blob {
	case BlobMissing:
		return nil
	case BlobEmpty:
		body = []byte{}
	case BlobTruncated:
		body = body[:len(body)/20]
	}
	if s.options.Blobs == nil {
		return &Failure{Code: "BackupFailed", Message: "the emulator has no blob store"}
	}
	if err := s.options.Blobs.PutBlob(op.Account, op.Container, op.Blob, body); err != nil {
		return &Failure{Code: "BackupFailed", Message: "Cannot backup: " + err.Error()}
	}
	return nil
}

// readBackup replaces the service's content. The texts about tier and age are
// APIM's own; the others are chosen.
func (s *Simulator) readBackup(op *operation, v *instance) *Failure {
	refuse := func(format string, a ...any) *Failure {
		return &Failure{Code: "RestoreFailed", Message: "Cannot restore: " + fmt.Sprintf(format, a...)}
	}
	if s.options.Blobs == nil {
		return refuse("the emulator has no blob store")
	}
	body, err := s.options.Blobs.GetBlob(op.Account, op.Container, op.Blob)
	if err != nil {
		return refuse("backup '%s' cannot be read from container '%s': %v", op.Blob, op.Container, err)
	}
	m, content, err := unpack(body)
	switch {
	case err != nil:
		return refuse("backup is corrupt: %v", err)
	case m.SKU != v.SKU:
		return refuse("current SKU is '%s', backup SKU is '%s'", v.SKU, m.SKU)
	case op.Started.Sub(m.Taken) > s.options.Validity:
		return refuse("backup expired")
	}
	v.Content = content
	return nil
}

// ballast gives a backup the size of a small real one, so that a truncated
// file stands out.
const ballast = 48 << 10

func pack(m manifest, c Content) ([]byte, error) {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for _, part := range []struct {
		name  string
		value any
	}{{"manifest.json", m}, {"content.json", c}} {
		w, err := archive.Create(part.name)
		if err != nil {
			return nil, err
		}
		if err := json.NewEncoder(w).Encode(part.value); err != nil {
			return nil, err
		}
	}
	w, err := archive.CreateHeader(&zip.FileHeader{Name: "ballast.bin", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(noise(m.Service)); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

func noise(service string) []byte {
	h := fnv.New64a()
	h.Write([]byte(service))
	var seed [32]byte
	h.Sum(seed[:0])
	b := make([]byte, ballast)
	_, _ = rand.NewChaCha8(seed).Read(b)
	return b
}

func unpack(file []byte) (m manifest, c Content, err error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return m, c, err
	}
	return m, c, errors.Join(readPart(archive, "manifest.json", &m), readPart(archive, "content.json", &c))
}

func readPart(archive *zip.Reader, name string, v any) error {
	f, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return json.NewDecoder(f).Decode(v)
}
